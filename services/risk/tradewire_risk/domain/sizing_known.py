"""What a size may be worked out from."""

from collections.abc import Callable
from decimal import Decimal

from msgspec import Struct

from tradewire.domain.account_book import settlement_currency
from tradewire.domain.exact import ONE
from tradewire.domain.sizing import Sizer
from tradewire.messages.account_events import Bar
from tradewire.messages.window_events import Trades
from tradewire.settings import LEAST_TRADES
from tradewire_risk.domain.exposure import Exposure
from tradewire_risk.domain.profile import Profile

_FRACTION = Decimal("0.000001")
_PAIR_STEP = Decimal("0.00000001")


def _not_known() -> None:
    """For what nobody looks up."""


def _no_bars() -> tuple[Bar, ...]:
    return ()


class Known(Struct, frozen=True, gc=False):
    """What is known of an account and symbol; what takes work to find out is asked for when it is needed.

    `price` and `equity` are in the account's currency; None is not known. `rate` is what one unit of the symbol's
    currency is worth in it, asked for only where the two differ. `bars` are daily, oldest first. `step` is the
    instrument's own, where a broker told it. `now` is the time of the decision (µs), `sizers` the plug-ins by name.
    `trades` are the strategy's closed ones in the account, of which `least_trades` are needed to go by.
    """

    position: Decimal
    exposure: Exposure
    profile: Profile | None
    price: Callable[[], Decimal | None]
    equity: Callable[[], Decimal | None]
    unrealized: Callable[[], Decimal | None]
    rate: Callable[[], Decimal | None] = _not_known
    bars: Callable[[], tuple[Bar, ...]] = _no_bars
    step: Decimal | None = None
    now: int = 0
    sizers: dict[str, Sizer] = {}
    trades: Callable[[], Trades | None] = Trades
    least_trades: int = LEAST_TRADES

    def rate_of(self, symbol: str) -> Decimal | None:
        """What one unit of a symbol's currency is worth in the account's; None when nobody says."""
        own = self.profile.currency if self.profile else ""
        return ONE if settlement_currency(symbol, own) == own else self.rate()

    def step_of(self, symbol: str) -> Decimal:
        """The smallest quantity that a worked-out size is rounded down to: the instrument's own where it is known.

        Shares are dealt in whole units, unless the account deals in fractions, whatever the broker would take.
        """
        usual = step_of(symbol, self.profile)
        if self.step is None:
            return usual
        return max(self.step, usual) if usual == ONE else self.step


def step_of(symbol: str, profile: Profile | None) -> Decimal:
    """The step of a symbol of which nobody told any: whole units, unless the account deals in fractions; coins' own."""
    if "/" in symbol:
        return _PAIR_STEP
    return _FRACTION if profile is not None and profile.fractional else ONE
