"""What risk counts. Labels are bounded: outcomes, reason codes and result codes."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from tradewire_risk.domain.reasons import Reason
from tradewire_risk.gauges import AccountGauges

_BATCHES = (1, 2, 5, 10, 20, 50, 100, 200)
_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5)


class Metrics:
    """The process's own metrics."""

    def __init__(self, registry: CollectorRegistry) -> None:
        decisions = Counter(
            "tradewire_risk_decisions",
            "Decisions that this process appended, by outcome and primary reason",
            ["outcome", "reason"],
            registry=registry,
        )
        self.approved = decisions.labels("approved", "")
        self.not_approved: dict[Reason, Counter] = {
            reason: decisions.labels("held" if reason is Reason.APPROVAL_REQUIRED else "denied", reason.value)
            for reason in Reason
        }
        self.timers = Counter("tradewire_risk_timers", "Marks, trips and lapses appended", registry=registry)
        self.results = Counter(
            "tradewire_risk_append_results", "The ledger's answers, by code", ["code"], registry=registry
        )
        self.batch = Histogram(
            "tradewire_risk_batch_size", "Decisions in one append", buckets=_BATCHES, registry=registry
        )
        self.seconds = Histogram(
            "tradewire_risk_decide_seconds",
            "From the first decision of a batch until the tail has shown the batch",
            buckets=_SECONDS,
            registry=registry,
        )
        self.quotes = Counter("tradewire_risk_quotes", "Quotes heard and taken", registry=registry)
        self.quotes_refused = Counter(
            "tradewire_risk_quotes_refused", "Messages on quotes.> that are no quotes", registry=registry
        )
        self.quoted_at = Gauge(
            "tradewire_risk_last_quote_timestamp_seconds",
            "When a quote was last heard; 0 before the first",
            registry=registry,
        )
        self.lease = Gauge("tradewire_risk_lease_held", "1 while this process may decide", registry=registry)
        self.lag = Gauge("tradewire_risk_lag_positions", "How far the state is behind the ledger", registry=registry)
        self.open_orders = Gauge("tradewire_risk_open_orders", "Orders that are not terminal", registry=registry)
        self.undecided = Gauge("tradewire_risk_undecided_orders", "Orders requested, not decided", registry=registry)
        self.accounts = AccountGauges(registry)
