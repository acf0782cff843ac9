"""What the log says that the account's broker reported, and of which symbols it lacks the rules."""

from tradewire.messages.account_events import BalancesReported, BarsReported, InstrumentReported

MINUTE = 60_000_000
HOUR = 60 * MINUTE
INSTRUMENT_SERVES = 12 * HOUR
"""Half of the age that risk accepts by default, so that an order need not wait for a new report."""
REFUSAL_SERVES = MINUTE
"""As above, for a symbol that cannot be traded: that may be over soon."""


class Reported:
    """The newest reports of each kind."""

    def __init__(self) -> None:
        self.balances: BalancesReported | None = None
        self.bars: dict[str, int] = {}
        """Symbol -> when the newest daily bar that was reported begins (µs)."""
        self.requested: dict[str, int] = {}
        """Symbol -> when an order in it was last requested (µs, the writer's clock)."""
        self.wanted: dict[str, int] = {}
        """Symbols of orders without rules, or with old ones, and when such an order was last requested."""
        self.told_at: dict[str, int] = {}
        """Symbol -> when the broker last told its rules (µs)."""
        self._serves_until: dict[str, int] = {}

    def order_requested(self, symbol: str, at: int) -> None:
        """Notes that somebody wants to trade a symbol."""
        self.requested[symbol] = at
        if at >= self._serves_until.get(symbol, 0):
            self.wanted[symbol] = at

    def fold(self, data: BalancesReported | InstrumentReported | BarsReported) -> None:
        """Takes a report."""
        match data:
            case BalancesReported():
                self.balances = data
            case InstrumentReported(symbol=symbol, at=at):
                serves = INSTRUMENT_SERVES if data.tradable and not data.halted else REFUSAL_SERVES
                self.told_at[symbol] = at
                self._serves_until[symbol] = at + serves
                self.wanted.pop(symbol, None)
            case BarsReported(symbol=symbol, bars=bars):
                self.bars[symbol] = bars[-1].at if bars else 0
