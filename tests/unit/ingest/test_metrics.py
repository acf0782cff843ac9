"""What ingest counts."""

from prometheus_client import CollectorRegistry

from tradewire.messages.refusals import Code
from tradewire_ingest.metrics import Metrics


def test_refusals_are_counted_from_nothing_by_every_code() -> None:
    """An alert sees no rise in a series that begins with its first refusal."""
    registry = CollectorRegistry()
    Metrics(registry)
    told = {code: registry.get_sample_value("tradewire_ingest_signals_refused_total", {"code": code}) for code in Code}
    assert set(told.values()) == {0}
