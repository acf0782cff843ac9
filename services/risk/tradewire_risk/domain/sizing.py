"""From what was asked to a side and a quantity, with the figures that it was worked out from.

A size that cannot be worked out has no quantity and says what is missing; nothing is guessed. Quantities that were
asked for as such stay as they are; all others are rounded down to what the account deals in.
"""

from decimal import Decimal

from msgspec import Struct

from tradewire.domain.exact import ZERO, add, subtract
from tradewire.domain.money import plain, round_down, units_within
from tradewire.domain.orders import Order
from tradewire.messages.vocabulary import Side, SizeInput
from tradewire_risk.domain import methods
from tradewire_risk.domain.exposure import Exposure
from tradewire_risk.domain.sizing_figures import CannotSize, Figures
from tradewire_risk.domain.sizing_known import Known
from tradewire_risk.domain.sizing_steps import work_out

__all__ = ["Known", "Sized", "size"]


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


def size(order: Order, known: Known) -> Sized:
    """Sizes an order: a buy or sell by its own quantity or method, a close or reduce by what is held, a target by the
    difference from what is held and what works."""
    if order.action == "target":
        return _target(order, known)
    if order.action in {"close", "reduce"}:
        return _ending(order, known)
    quantity, problem, inputs = _quantity(order, order.side, known)
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
    quantity, problem, inputs = _quantity(order, side, known)
    verified = quantity is not None and 0 < quantity <= closable
    return Sized(side, quantity, True, closable, verified, problem, inputs)


def _target(order: Order, known: Known) -> Sized:
    """Buys or sells the difference to what is held and what works already; nothing is left to do when there is none."""
    figures = Figures(order, order.side, known)
    try:
        difference = _difference(order, figures)
    except CannotSize as error:
        return Sized(None, None, False, ZERO, False, str(error), figures.noted)
    side: Side = "buy" if difference > 0 else "sell"
    quantity = difference.copy_abs()
    closable = ZERO
    if known.position and side == _closing(known.position):
        closable = _closable(known.position, side, known.exposure)
    verified = quantity <= closable
    return Sized(side, quantity, verified, closable, verified, "", figures.noted)


def _difference(order: Order, f: Figures) -> Decimal:
    """What is missing to a target, signed; raises CannotSize when that is nothing."""
    asked = order.size
    if asked is None:
        raise CannotSize("it has no target")
    by_percent = asked.method == "target_percent"
    if by_percent:
        worth = methods.percent_of(f.equity(), f.note("percent", asked.value))
        target = units_within(worth.copy_abs(), f.price(), f.step).copy_sign(worth)
    else:
        target = asked.value
    f.note("target", target)
    position = f.note("position", f.known.position)
    working = f.note("working", subtract(f.known.exposure.buys, f.known.exposure.sells))
    f.note("step", f.step)
    difference = subtract(target, add(position, working))
    if by_percent:
        difference = round_down(difference, f.step)
    if not difference:
        raise CannotSize(f"the target of {plain(target)} is reached already")
    return difference


def _quantity(order: Order, side: Side | None, known: Known) -> tuple[Decimal | None, str, tuple[SizeInput, ...]]:
    """The quantity that was asked for or that its method comes to, why there is none, and the figures used."""
    asked = order.size
    if asked is None:
        return order.quantity, "", ()
    figures = Figures(order, side, known)
    try:
        return work_out(asked.method, asked.value, figures), "", figures.noted
    except CannotSize as error:
        return None, str(error), figures.noted


def _closing(position: Decimal) -> Side:
    return "sell" if position > 0 else "buy"


def _closable(position: Decimal, side: Side, exposure: Exposure) -> Decimal:
    left = subtract(position.copy_abs(), exposure.on(side))
    return left if left > 0 else ZERO
