"""From what was asked to a side and a quantity, with the figures that it was worked out from.

A size that cannot be worked out has no quantity and says what is missing; nothing is guessed. Quantities that were
asked for as such stay as they are; all others are rounded down to what the account deals in.
"""

from collections.abc import Callable
from decimal import Decimal

from msgspec import Struct

from tradewire.domain.exact import ONE, ZERO, add, subtract
from tradewire.domain.money import plain, round_down, units_within
from tradewire.domain.orders import Order
from tradewire.messages.vocabulary import Side, SizeInput
from tradewire_risk.domain import methods
from tradewire_risk.domain.exposure import Exposure
from tradewire_risk.domain.profile import Profile

_WHOLE = ONE
_FRACTION = Decimal("0.000001")
_PAIR_STEP = Decimal("0.00000001")


class Sized(Struct, frozen=True, gc=False):
    """An order's side and quantity, as far as they are known. `closable`: what is held and not yet being closed.

    `exit` is a reduce-only order that closes no more than that. `problem` says why there is no quantity, and `inputs`
    what a quantity was worked out from.
    """

    side: Side | None
    quantity: Decimal | None
    reduce_only: bool
    closable: Decimal
    exit: bool
    problem: str = ""
    inputs: tuple[SizeInput, ...] = ()


class Known(Struct, frozen=True, gc=False):
    """What a size may be worked out from. `price` and `equity` are in the account's currency; None is not known."""

    position: Decimal
    exposure: Exposure
    profile: Profile | None
    price: Callable[[], Decimal | None]
    equity: Callable[[], Decimal | None]
    unrealized: Callable[[], Decimal | None]


def step_of(symbol: str, profile: Profile | None) -> Decimal:
    """The smallest quantity that a worked-out size is rounded down to: whole units, unless fractions are dealt in."""
    if "/" in symbol:
        return _PAIR_STEP
    return _FRACTION if profile is not None and profile.fractional else _WHOLE


def size(order: Order, known: Known) -> Sized:
    """Sizes an order: a buy or sell by its own quantity or method, a close or reduce by what is held, a target by the
    difference from what is held and what works."""
    if order.action == "target":
        return _target(order, known)
    if order.action in {"close", "reduce"}:
        return _ending(order, known)
    quantity, problem, inputs = _quantity(order, known)
    if not order.reduce_only:
        return Sized(order.side, quantity, False, ZERO, False, problem, inputs)
    closable = ZERO
    if known.position and order.side == _closing(known.position):
        closable = _closable(known.position, order.side, known.exposure)
    verified = quantity is not None and 0 < quantity <= closable
    return Sized(order.side, quantity, True, closable, verified, problem, inputs)


def _ending(order: Order, known: Known) -> Sized:
    """A close takes the whole position less what works to close it; a reduce takes what it says."""
    position = known.position
    if not position:
        return Sized(None, None, reduce_only=True, closable=ZERO, exit=False)
    side = _closing(position)
    closable = _closable(position, side, known.exposure)
    if order.action == "close":
        found = closable > 0
        return Sized(side, closable if found else None, reduce_only=True, closable=closable, exit=found)
    quantity, problem, inputs = _quantity(order, known)
    verified = quantity is not None and 0 < quantity <= closable
    return Sized(side, quantity, True, closable, verified, problem, inputs)


def _target(order: Order, known: Known) -> Sized:
    """Buys or sells the difference to what is held and what works already; nothing is left to do when there is none."""
    nothing = Sized(None, None, reduce_only=False, closable=ZERO, exit=False, problem="it has no target")
    if order.size is None:
        return nothing
    step = step_of(order.symbol, known.profile)
    inputs = []
    if order.size.method == "target_percent":
        equity, price = known.equity(), known.price()
        if equity is None or price is None:
            return Sized(None, None, False, ZERO, False, _missing(equity, price))
        worth = methods.percent_of(equity, order.size.value)
        target = units_within(worth.copy_abs(), price, step).copy_sign(worth)
        inputs = [_input("equity", equity), _input("percent", order.size.value), _input("price", price)]
    else:
        target = order.size.value
    working = subtract(known.exposure.buys, known.exposure.sells)
    ahead = add(known.position, working)
    difference = subtract(target, ahead)
    inputs += [
        _input("target", target),
        _input("position", known.position),
        _input("working", working),
        _input("step", step),
    ]
    told = tuple(inputs)
    if order.size.method == "target_percent":
        difference = round_down(difference, step)
    if not difference:
        return Sized(None, None, False, ZERO, False, f"the target of {plain(target)} is reached already", told)
    side: Side = "buy" if difference > 0 else "sell"
    quantity = difference.copy_abs()
    closable = ZERO
    if known.position and side == _closing(known.position):
        closable = _closable(known.position, side, known.exposure)
    verified = quantity <= closable
    return Sized(side, quantity, verified, closable, verified, "", told)


_Quantity = tuple[Decimal | None, str, tuple[SizeInput, ...]]


def _quantity(order: Order, known: Known) -> _Quantity:
    asked = order.size
    if asked is None:
        return order.quantity, "", ()
    method = _METHODS.get(asked.method)
    if method is None:
        return None, f"the method {asked.method} is not carried out", ()
    step = step_of(order.symbol, known.profile)
    quantity, problem, inputs = method(asked.value, known, step)
    return quantity, problem, (*inputs, _input("step", step))


def _notional(value: Decimal, known: Known, step: Decimal) -> _Quantity:
    price = known.price()
    if price is None:
        return None, "its price is not known", ()
    return units_within(value, price, step), "", (_input("notional", value), _input("price", price))


def _percent_of_equity(value: Decimal, known: Known, step: Decimal) -> _Quantity:
    """Of equity without what is not realized yet: profits on paper do not make the next position larger."""
    equity, unrealized, price = known.equity(), known.unrealized(), known.price()
    if equity is None or unrealized is None or price is None:
        return None, _missing(equity, price), ()
    base = subtract(equity, unrealized)
    figures = {"equity": equity, "unrealized": unrealized, "percent": value, "price": price}
    inputs = tuple(_input(name, figure) for name, figure in figures.items())
    return methods.by_equity(base, value, price, step), "", inputs


def _percent_of_position(value: Decimal, known: Known, step: Decimal) -> _Quantity:
    inputs = (_input("position", known.position), _input("percent", value))
    return methods.by_position(known.position, value, step), "", inputs


_METHODS: dict[str, Callable[[Decimal, Known, Decimal], _Quantity]] = {
    "notional": _notional,
    "percent_of_equity": _percent_of_equity,
    "percent_of_position": _percent_of_position,
}


def _input(name: str, value: Decimal) -> SizeInput:
    return SizeInput(name, plain(value))


def _missing(equity: Decimal | None, price: Decimal | None) -> str:
    if price is None:
        return "its price is not known"
    return "the account's equity is not known" if equity is None else "what is not realized is not known"


def _closing(position: Decimal) -> Side:
    return "sell" if position > 0 else "buy"


def _closable(position: Decimal, side: Side, exposure: Exposure) -> Decimal:
    left = subtract(position.copy_abs(), exposure.on(side))
    return left if left > 0 else ZERO
