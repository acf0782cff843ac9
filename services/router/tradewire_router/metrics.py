"""The router's metrics."""

from collections import Counter as Count
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge

from tradewire.messages.vocabulary import Discrepancy

_KINDS = ("order", "fill", "position", "cash")


class Metrics:
    """Counters and gauges with bounded labels."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.submits = Counter("tradewire_router_submits", "Calls to a broker's submit", registry=registry)
        self.unknowns = Counter("tradewire_router_unknowns", "Submits without a known outcome", registry=registry)
        self.rejections = Counter("tradewire_router_rejections", "Rejections by a broker", ["code"], registry=registry)
        self.fills = Counter("tradewire_router_fills", "Executions told by a broker", registry=registry)
        self.breaks = Counter(
            "tradewire_router_reconciliation_breaks", "Differences found", ["kind"], registry=registry
        )
        self.open_breaks = Gauge(
            "tradewire_router_open_breaks", "Differences that the last comparison showed", ["kind"], registry=registry
        )
        self.reconciled = Gauge(
            "tradewire_router_last_comparison_seconds",
            "When the account was last compared with its broker, in seconds since the epoch",
            registry=registry,
        )
        self.took = Gauge("tradewire_router_comparison_seconds", "How long the last comparison took", registry=registry)
        self.unknown = Gauge("tradewire_router_unknown_orders", "Orders whose outcome is unknown", registry=registry)
        self.facts = Gauge("tradewire_router_facts_waiting", "Facts not yet in the log", registry=registry)
        self.connected = Gauge(
            "tradewire_router_broker_connected", "1 while the broker is connected", registry=registry
        )
        self.degraded = Gauge(
            "tradewire_router_broker_degraded",
            "1 while a part of the broker's session does not work",
            ["part"],
            registry=registry,
        )
        self.quotes = Counter("tradewire_router_quotes", "Quotes of the broker passed on", registry=registry)
        self.quotes_refused = Counter(
            "tradewire_router_quotes_refused", "What the broker told for quotes and are none", registry=registry
        )
        self.quoted = Gauge("tradewire_router_symbols_quoted", "Symbols whose quotes are passed on", registry=registry)
        self.requests_left = Gauge(
            "tradewire_router_broker_requests_left",
            "Requests that the broker still takes this minute; -1 where nobody counts",
            registry=registry,
        )
        self.requests_per_minute = Gauge(
            "tradewire_router_broker_requests_per_minute",
            "Requests that the broker takes a minute; -1 where nobody counts",
            registry=registry,
        )
        self.budget(None, None)
        self.lease = Gauge(
            "tradewire_router_lease_held", "1 while this process is the account's router", registry=registry
        )

    def budget(self, left: int | None, of: int | None) -> None:
        """Notes how many requests of a minute's are left."""
        self.requests_left.set(-1 if left is None else left)
        self.requests_per_minute.set(-1 if of is None else of)

    def compared(self, differences: Sequence[Discrepancy]) -> None:
        """Notes a comparison and what it showed."""
        found: Count[str] = Count(difference.kind for difference in differences)
        for kind in _KINDS:
            self.open_breaks.labels(kind).set(found[kind])
        self.reconciled.set_to_current_time()
