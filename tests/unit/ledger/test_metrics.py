"""The sequencer's metrics."""

from prometheus_client import CollectorRegistry, generate_latest

from tradewire_ledger.domain.leases import Held
from tradewire_ledger.sequencer.metrics import Metrics
from tradewire_ledger.sequencer.sequence import Observed


def page(registry: CollectorRegistry) -> dict[str, float]:
    lines = (line.rpartition(" ") for line in generate_latest(registry).decode().splitlines() if line[:1] != "#")
    return {name: float(value) for name, _, value in lines}


def test_a_lease_has_one_holder_and_one_that_is_free_none() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry)

    def holders() -> set[str]:
        return {name for name in page(registry) if name.startswith("tradewire_lease_holder")}

    first, second = Held(1, "risk-a", "risk", 0.0, 1), Held(2, "risk-b", "risk", 0.0, 9)
    metrics.leases({"risk-main": first, "ingest-main": Held(3, "", "ingest", 0.0, 2)})
    assert holders() == {'tradewire_lease_holder{holder="risk-a",lease="risk-main"}'}
    metrics.leases({"risk-main": second})
    assert holders() == {'tradewire_lease_holder{holder="risk-b",lease="risk-main"}'}
    assert page(registry)['tradewire_lease_epoch{lease="risk-main"}'] == 2
    metrics.leases({"risk-main": Held(2, "", "risk", 0.0, 10)})
    assert holders() == set()
    metrics.leases({"risk-main": second})
    assert len(holders()) == 1


def test_a_commit_is_counted_with_what_waited_for_it() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    metrics.observe(Observed(events=5, requests=2, seconds=0.002, waited=0.7))
    found = page(registry)
    assert found["tradewire_ledger_events_total"] == 5
    assert found["tradewire_ledger_append_requests_total"] == 2
    assert found["tradewire_ledger_commits_total"] == 1
    assert found["tradewire_ledger_commit_seconds_sum"] == 0.002
    assert found["tradewire_ledger_append_seconds_sum"] == 0.7
