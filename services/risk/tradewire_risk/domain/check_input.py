"""What a check sees, and what a check is."""

from collections.abc import Callable
from decimal import Decimal

from msgspec import Struct

from tradewire.domain.exact import ZERO, multiply
from tradewire.domain.limits import LIFTED, Amount
from tradewire.domain.money import plain
from tradewire.domain.orders import Order
from tradewire.messages.account_events import Bar, InstrumentReported
from tradewire.messages.vocabulary import Exit, Feature, Side
from tradewire_risk.domain.groups import Groups
from tradewire_risk.domain.limits import Rules
from tradewire_risk.domain.own import OwnLosses
from tradewire_risk.domain.portfolio import Line, Portfolio
from tradewire_risk.domain.profile import Profile
from tradewire_risk.domain.reasons import Reason
from tradewire_risk.domain.sessions import SessionState
from tradewire_risk.domain.strategy import StrategyProfile
from tradewire_risk.domain.windows import Window

Outcome = tuple[str | None, str | None, bool]
"""What was measured, the limit, and whether the check passed. None is a missing input, "" is nothing to measure."""

PASSED: Outcome = ("", "", True)
MISSING: Outcome = (None, None, False)
_PERCENT = Decimal("0.01")


class Ahead(Struct, frozen=True, gc=False):
    """What was approved before this order in the same batch, and is in no count yet: orders of the strategy, orders of
    the account, and whether the strategy entered the symbol."""

    strategy: int = 0
    account: int = 0
    entered: bool = False


NOTHING_AHEAD = Ahead()


class CheckInput(Struct, frozen=True, gc=False):
    """One order with everything that its checks may look at. Times are µs, money is in the account's currency.

    `side` and `quantity` are what risk made of the order's action; `exit` says that the order is reduce-only and was
    verified against the position. `closable` is what is held and not yet being closed by working orders, and
    `size_problem` why no quantity could be worked out. `working` is what orders of the same side may still trade.
    `price` is the worst at which the order can be expected to trade, and `market` the price now, both in the symbol's
    currency; `price_at` is the time of the oldest price used, and `price_delay` what it may be older because its venue
    tells it late. `price_withheld` says that there is a quote, and the account may not use it. `value` is what the
    order counts as, and `cost` what it may take from the buying power. `portfolio` has everything but this order, and
    `groups` are those that its symbol is in. `crosses` is a working order of the account that this one would trade
    with, or nothing. `timed` is False where quotes are the clock, by which no broker tells the time. At `released_at`
    the strategy's switch moved last. `own` is what the strategy itself has lost, None where its scope does not limit
    that. `repeated` is what the strategy's profile does with a further entry, and `session` what the symbol's exchange
    does now, None where that is not known. `bars` are the symbol's daily ones, oldest first. `exits` go with the entry,
    and `exits_problem` says why one of them cannot. `wants` is what the order asks of its broker beside its type, and
    `notional` the money that the broker is told in the place of a quantity, None where it is told a quantity.
    """

    order: Order
    now: int
    rules: Rules
    account: Profile | None
    side: Side | None
    quantity: Decimal | None
    reduce_only: bool
    exit: bool
    closable: Decimal
    size_problem: str
    position: Decimal
    working: Decimal
    open_orders: int
    unknown_orders: int
    market: Decimal | None
    price: Decimal | None
    price_at: int | None
    price_delay: int
    price_withheld: bool
    mid: Decimal | None
    rate: Decimal | None
    unit_value: Decimal | None
    value: Decimal | None
    cost: Decimal | None
    loss: Decimal | None
    equity: Decimal | None
    started_at: Decimal | None
    drawdown: Decimal | None
    own: OwnLosses | None
    duplicate_age: int | None
    portfolio: Portfolio
    line_after: Line | None
    groups: Groups
    window: Window
    day: str
    ahead: Ahead
    instrument: InstrumentReported | None
    available: Decimal | None
    balances_at: int | None
    reconciled: bool
    timed: bool
    released_at: int
    strategy: StrategyProfile
    repeated: str
    session: SessionState | None
    bars: tuple[Bar, ...]
    crosses: str
    exits: tuple[Exit, ...]
    exits_problem: str
    wants: tuple[Feature, ...]
    notional: Decimal | None


def lifted(limit: Amount | None) -> bool:
    """True for a limit that somebody lifted by name: then there is nothing to measure."""
    return limit is not None and limit.text == LIFTED


NOT_MEASURED: Outcome = ("", LIFTED, True)


def at_most(value: Decimal | None, limit: Amount | None) -> Outcome:
    """Passes when the value is known and not above the limit; a lifted limit measures nothing."""
    if limit is None:
        return (None if value is None else plain(value), None, False)
    if limit.text == LIFTED:
        return NOT_MEASURED
    return (None, limit.text, False) if value is None else (plain(value), limit.text, value <= limit.value)


def of_equity(i: CheckInput, limit: Amount) -> Decimal | None:
    """A limit in percent as money; None while the account's equity is not known or not above zero."""
    if i.equity is None or i.equity <= ZERO:
        return None
    return multiply(multiply(i.equity, limit.value), _PERCENT)


class Check(Struct, frozen=True):
    """A named check. `words` is the sentence of a denial: {value}, {limit} and fields of the order may stand in it.

    `unmeasured` is the sentence when the value itself is missing. `limits` names what the value is measured against;
    `exits_pass` marks the checks that a verified exit passes in any case.
    """

    name: str
    reason: Reason
    run: Callable[[CheckInput], Outcome]
    words: str
    limits: tuple[str, ...] = ()
    exits_pass: bool = False
    unmeasured: str = ""
