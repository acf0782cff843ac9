"""The router's metrics. Every one says of which account it is, so that routers can be told apart and added up."""

from collections import Counter as Count
from collections.abc import Sequence
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.metrics import MetricWrapperBase

from tradewire.domain.times import SECOND
from tradewire.messages.vocabulary import Discrepancy
from tradewire.runtime.metrics import OTHER, Timings
from tradewire_router.brokers.errors import CODES
from tradewire_router.brokers.results import SubmitAccepted, SubmitRejected, SubmitResult

_KINDS = ("order", "fill", "position", "cash")
_OUTCOMES = ("accepted", "rejected", "unknown")
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class _Labelled:
    """A metric whose account is given; the other labels are given at each use."""

    def __init__(self, metric: MetricWrapperBase, account: str) -> None:
        self._metric, self._account = metric, account

    def labels(self, *values: str) -> Any:
        """The series with these values of the other labels."""
        return self._metric.labels(self._account, *values)


class Metrics:
    """Counters and gauges with bounded labels."""

    def __init__(self, registry: CollectorRegistry, account: str, broker: str) -> None:
        def one(kind: Any, name: str, says: str, **options: Any) -> Any:
            return kind(f"tradewire_router_{name}", says, ["account"], registry=registry, **options).labels(account)

        def by(kind: Any, name: str, says: str, label: str, **options: Any) -> _Labelled:
            labels = ["account", label]
            return _Labelled(kind(f"tradewire_router_{name}", says, labels, registry=registry, **options), account)

        by(Gauge, "broker_info", "Who holds the account; always 1", "broker").labels(broker).set(1)
        self._orders(one, by, registry, account)
        self._comparisons(one, by)
        self._session(one, by)

    def _orders(self, one: Any, by: Any, registry: CollectorRegistry, account: str) -> None:
        self.submits = one(Counter, "submits", "Calls to the broker's submit")
        answers = Timings(
            registry,
            "tradewire_router_submit_seconds",
            "How long the broker took to answer a submit: accepted, rejected, or unknown when it did not say",
            _SECONDS,
            ("account", "outcome"),
        )
        self._answers = {outcome: answers.labels(account, outcome) for outcome in _OUTCOMES}
        self.unknowns = one(Counter, "unknowns", "Submits without a known outcome")
        self.unknown = one(Gauge, "unknown_orders", "Orders that were sent and whose outcome is not on record")
        self.unknown_age = one(
            Gauge, "unknown_oldest_age_seconds", "For how long the oldest of them has had none; 0 where there is none"
        )
        rejections = by(Counter, "rejections", "Rejections by the broker; codes of its own are one", "code")
        # From the start, because the first of a series is no rise to Prometheus.
        self._rejections = {code: rejections.labels(code) for code in (*CODES, OTHER)}
        self.fills = one(Counter, "fills", "Executions told by the broker")
        self.facts = one(Gauge, "facts_waiting", "Facts not yet in the log")

    def _comparisons(self, one: Any, by: Any) -> None:
        self.breaks = by(Counter, "reconciliation_breaks", "Differences found", "kind")
        self.open_breaks = by(Gauge, "open_breaks", "Differences that the last comparison showed", "kind")
        self.reconciled = one(
            Gauge,
            "last_comparison_timestamp_seconds",
            "When the account was last compared with its broker; 0 before the first time",
        )
        self.took = one(Gauge, "comparison_seconds", "How long the last comparison took")

    def _session(self, one: Any, by: Any) -> None:
        self.connected = one(Gauge, "broker_connected", "1 while the broker is connected")
        self.degraded = by(Gauge, "broker_degraded", "1 while a part of the broker's session does not work", "part")
        self.quotes = one(Counter, "quotes", "Quotes of the broker passed on")
        self.quotes_refused = one(Counter, "quotes_refused", "What the broker told for quotes and are none")
        self.quoted = one(Gauge, "symbols_quoted", "Symbols whose quotes are passed on")
        self.quoted_at = one(
            Gauge, "last_quote_timestamp_seconds", "When the broker last told a quote; 0 before the first"
        )
        self.requests_left = one(
            Gauge, "broker_requests_left", "Requests that the broker still takes this minute; -1 where nobody counts"
        )
        self.requests_per_minute = one(
            Gauge, "broker_requests_per_minute", "Requests that the broker takes a minute; -1 where nobody counts"
        )
        self.budget(None, None)
        self.lease = one(Gauge, "lease_held", "1 while this process is the account's router")

    def answered(self, answer: SubmitResult | None, seconds: float) -> None:
        """Notes how long the broker took for an answer to a submit, and which it was."""
        accepted, rejected = isinstance(answer, SubmitAccepted), isinstance(answer, SubmitRejected)
        self._answers["accepted" if accepted else "rejected" if rejected else "unknown"].observe(seconds)

    def rejected(self, code: str) -> None:
        """Notes a rejection. A broker's own codes may be any text, so they are counted together."""
        self._rejections.get(code, self._rejections[OTHER]).inc()

    def budget(self, left: int | None, of: int | None) -> None:
        """Notes how many requests of a minute's are left."""
        self.requests_left.set(-1 if left is None else left)
        self.requests_per_minute.set(-1 if of is None else of)

    def unanswered(self, since: Sequence[int], now: int) -> None:
        """Notes the orders whose outcome is unknown, each by the time (µs) since which it is."""
        self.unknown.set(len(since))
        self.unknown_age.set(max(now - min(since), 0) / SECOND if since else 0)

    def compared(self, differences: Sequence[Discrepancy]) -> None:
        """Notes a comparison and what it showed."""
        found: Count[str] = Count(difference.kind for difference in differences)
        for kind in _KINDS:
            self.open_breaks.labels(kind).set(found[kind])
        self.reconciled.set_to_current_time()
