"""What the log tells of trading, event by event: signals, decisions, steps, fills and slippage."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from tradewire.runtime.metrics import Timings

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600, 86_400)
_PARTS: Final = (-0.01, -0.005, -0.002, -0.001, -0.0005, -0.0002, 0, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02)


class TradingMetrics:
    """Counted since the process started; a rebuild of the read model counts nothing again."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._of_orders(registry)
        self._of_rules(registry)
        self._of_money(registry)

    def _of_orders(self, registry: CollectorRegistry) -> None:
        self.signals = Counter("tradewire_signals", "Signals on record", ["strategy"], registry=registry)
        self.refusals = Counter("tradewire_signals_refused", "Signals refused, by code", ["code"], registry=registry)
        self.states = Counter(
            "tradewire_order_states", "How often an order has come to a state", ["account", "status"], registry=registry
        )
        self.hops = Timings(
            registry,
            "tradewire_order_hop_seconds",
            "From one step of an order to the next, by the ledger's clock; `accepted_filled` ends with the first fill",
            _SECONDS,
            ("account", "hop"),
        )

    def _of_rules(self, registry: CollectorRegistry) -> None:
        self.decisions = Counter(
            "tradewire_decisions",
            "Risk's decisions on record: approved, denied or held, and the primary reason",
            ["account", "outcome", "reason"],
            registry=registry,
        )
        self.approvals = Counter(
            "tradewire_approvals",
            "What people said of held orders: granted or refused",
            ["account", "outcome"],
            registry=registry,
        )
        self.switches = Counter(
            "tradewire_switch_changes",
            "Switches thrown and resumed, by the kind of their scope, the level, and whether a person did it",
            ["scope", "level", "by"],
            registry=registry,
        )
        self.warnings = Counter(
            "tradewire_limit_warnings",
            "Warnings that a limit is nearly used up, by the check that measures it",
            ["account", "check"],
            registry=registry,
        )

    def _of_money(self, registry: CollectorRegistry) -> None:
        self.fills = Counter(
            "tradewire_fills",
            "Executions booked, by kind (fill, correction, bust, external) and by whose order it was",
            ["account", "strategy", "kind"],
            registry=registry,
        )
        self.value = Counter(
            "tradewire_filled_value",
            "What fills have bought and sold, in the currency that it is paid in",
            ["account", "strategy", "side", "currency"],
            registry=registry,
        )
        self.fees = Gauge(
            "tradewire_fees",
            "Fees of what was executed, less what was given back, since the process started",
            ["account", "currency"],
            registry=registry,
        )
        self.slippage = Histogram(
            "tradewire_slippage_ratio",
            "How much worse than the price of its approval a fill was, of that price; below 0 if better; without a sum",
            ["account"],
            buckets=_PARTS,
            registry=registry,
        )
        self.slipped = Gauge(
            "tradewire_slippage_cost",
            "What fills have cost beyond the prices of their approvals, since the process started; it may fall",
            ["account", "strategy", "currency"],
            registry=registry,
        )
        self.filled_at = Gauge(
            "tradewire_last_fill_timestamp_seconds", "When an execution was last booked", ["account"], registry=registry
        )
