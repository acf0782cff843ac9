"""Brackets, OCO and OTO: which leg lives when, and which dies with which."""

from tests.twins.alpaca.events import change, tell
from tests.twins.alpaca.options import Options
from tests.twins.alpaca.state import Order, State


def others(state: State, one: Order) -> list[Order]:
    """The other orders of the group."""
    head = state.orders[one.parent] if one.parent else one
    members = [head, *(state.orders[leg] for leg in head.legs)]
    return [member for member in members if member.id != one.id]


def filled(state: State, options: Options, one: Order, at: int) -> None:
    """After an execution: a filled entry wakes its legs, an exit that filled ends the other one, and a replacement that
    was on its way is too late."""
    if one.status == "filled" and one.replaced_by:
        unreplaced(state, options, one, at)
    if one.role == "entry":
        if one.status == "filled":
            legs = [state.orders[leg] for leg in one.legs]
            for leg in legs:
                if leg.status == "held" and (leg.role == "take_profit" or len(legs) == 1):
                    change(state, options, leg, "new", at)
        return
    for other in others(state, one):
        if other.role in {"", "entry"} or not other.open:
            continue
        if one.status == "filled":
            change(state, options, other, "canceled", at)
        elif other.qty is not None:
            other.qty = one.leaves + other.filled_qty


def ended(state: State, options: Options, one: Order, at: int) -> None:
    """After a cancel or an expiry: what is left of the group goes too."""
    for other in others(state, one):
        if other.open:
            change(state, options, other, "canceled", at)


def watched(state: State, one: Order) -> bool:
    """Whether a held stop stands ready: its profit-taking side is at the market."""
    if one.role != "stop_loss" or one.status != "held":
        return False
    return any(other.role == "take_profit" and other.open and other.status != "held" for other in others(state, one))


def takes_over(state: State, options: Options, stop: Order, at: int) -> None:
    """The stop's price was touched: the profit-taking side is canceled, and the stop is at the market."""
    for other in others(state, stop):
        if other.role == "take_profit" and other.open:
            change(state, options, other, "canceled", at)
    change(state, options, stop, "new", at)


def unreplaced(state: State, options: Options, old: Order, at: int) -> None:
    """A replacement that does not come about: the new order is rejected."""
    new = state.orders[old.replaced_by or ""]
    old.replaced_by = None
    tell(state, options, "order_replace_rejected", old, at)
    change(state, options, new, "rejected", at)


def replaced(state: State, old: Order, new: Order) -> None:
    """A replacement takes the old one's place in its group."""
    new.parent, new.role, new.order_class = old.parent, old.role, old.order_class
    if old.parent:
        head = state.orders[old.parent]
        head.legs = [new.id if leg == old.id else leg for leg in head.legs]
    new.legs, old.legs = old.legs, []
    for leg in new.legs:
        state.orders[leg].parent = new.id
