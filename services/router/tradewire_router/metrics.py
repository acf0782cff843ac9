"""The router's metrics."""

from prometheus_client import CollectorRegistry, Counter, Gauge


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
        self.unknown = Gauge("tradewire_router_unknown_orders", "Orders whose outcome is unknown", registry=registry)
        self.facts = Gauge("tradewire_router_facts_waiting", "Facts not yet in the log", registry=registry)
        self.connected = Gauge(
            "tradewire_router_broker_connected", "1 while the broker is connected", registry=registry
        )
        self.lease = Gauge(
            "tradewire_router_lease_held", "1 while this process is the account's router", registry=registry
        )
