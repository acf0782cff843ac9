"""What a check sees, and what a check is."""

from collections.abc import Callable
from decimal import Decimal

from msgspec import Struct

from tradewire.domain.orders import Order
from tradewire.messages.vocabulary import Side
from tradewire_risk.domain.limits import Rules
from tradewire_risk.domain.profile import Profile
from tradewire_risk.domain.reasons import Reason

Outcome = tuple[str | None, str | None, bool]
"""What was measured, the limit, and whether the check passed. None is a missing input, "" is nothing to measure."""

PASSED: Outcome = ("", "", True)
MISSING: Outcome = (None, None, False)


class CheckInput(Struct, frozen=True, gc=False):
    """One order with everything that its checks may look at. Times are µs, money is in the account's currency.

    `side` and `quantity` are what risk made of the order's action; `exit` says that the order is reduce-only and was
    verified against the position. `closable` is what is held and not yet being closed by working orders, and
    `size_problem` why no quantity could be worked out. `working` is
    what orders of the same side may still trade. `price` is the worst at which the order can be expected to trade, and
    `market` the price now, both in the symbol's currency; `price_at` is the time of the oldest price used.
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
    rate: Decimal | None
    value: Decimal | None
    loss: Decimal | None
    duplicate_age: int | None


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
