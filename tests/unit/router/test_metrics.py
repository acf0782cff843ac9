"""The router's metrics: each says of which account it is."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from tradewire.messages.vocabulary import Discrepancy
from tradewire_router.brokers.errors import BrokerConnectionError, OrderRejectedError
from tradewire_router.brokers.results import SubmitAccepted, SubmitRejected, SubmitResult, SubmitUnknown
from tradewire_router.metrics import Metrics

NOW = 1_700_000_000_000_000


class Told:
    """The metrics of one account's router."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.metrics = Metrics(self.registry, "main", "alpaca")

    def page(self) -> dict[str, float]:
        lines = generate_latest(self.registry).decode().splitlines()
        told = (line.rpartition(" ") for line in lines if line[:1] != "#")
        return {name.removeprefix("tradewire_router_"): float(value) for name, _, value in told}


def test_every_series_names_the_account() -> None:
    told = Told()
    told.metrics.compared([])
    told.metrics.rejected("NO")
    assert [name for name in told.page() if 'account="main"' not in name] == []
    assert told.page()['broker_info{account="main",broker="alpaca"}'] == 1


def test_rejections_are_counted_from_nothing_by_few_codes() -> None:
    told = Told()
    series = {name for name in told.page() if name.startswith("rejections_total")}
    assert all(told.page()[name] == 0 for name in series), (
        "an alert sees no rise in a series that begins with its first"
    )
    for code in ("INSUFFICIENT_FUNDS", "42310000: a broker's own words", "and others"):
        told.metrics.rejected(code)
    page = told.page()
    assert {name for name in page if name.startswith("rejections_total")} == series
    assert page['rejections_total{account="main",code="INSUFFICIENT_FUNDS"}'] == 1
    assert page['rejections_total{account="main",code="(other)"}'] == 2


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (SubmitAccepted("c", "b", 1), "accepted"),
        (SubmitRejected("c", OrderRejectedError("no")), "rejected"),
        (SubmitUnknown("c", BrokerConnectionError("gone")), "unknown"),
        (None, "unknown"),
    ],
)
def test_how_long_a_broker_takes_is_told_by_what_it_said(answer: SubmitResult | None, outcome: str) -> None:
    told = Told()
    told.metrics.answered(answer, 0.25)
    page = told.page()
    for each in ("accepted", "rejected", "unknown"):
        assert page[f'submit_seconds_count{{account="main",outcome="{each}"}}'] == (each == outcome)
    assert page[f'submit_seconds_sum{{account="main",outcome="{outcome}"}}'] == 0.25


def test_the_age_of_unknown_outcomes_is_that_of_the_oldest() -> None:
    told = Told()
    told.metrics.unanswered([NOW - 2_000_000, NOW - 7_500_000], NOW)
    assert told.page()['unknown_orders{account="main"}'] == 2
    assert told.page()['unknown_oldest_age_seconds{account="main"}'] == 7.5
    told.metrics.unanswered([], NOW)
    assert told.page()['unknown_oldest_age_seconds{account="main"}'] == 0


def test_breaks_that_a_comparison_no_longer_shows_are_gone() -> None:
    told = Told()
    told.metrics.compared([Discrepancy("position", "AAPL", "1", "2")])
    assert told.page()['open_breaks{account="main",kind="position"}'] == 1
    told.metrics.compared([])
    assert told.page()['open_breaks{account="main",kind="position"}'] == 0
    assert told.page()['last_comparison_timestamp_seconds{account="main"}'] > NOW / 1_000_000
