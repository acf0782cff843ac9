"""What a person's wish to close every position of an account leads to: closing orders, until nothing is left of it.

A close that was denied, or that ended with something left, is asked for again: what stood in its way may pass, such as
a missing price or a switch. Each attempt waits longer, up to half a minute, and none is made once the wish stands no
more, so there are never more than a few dozen.
"""

from decimal import Decimal

from tradewire import ids
from tradewire.domain.exact import subtract
from tradewire.domain.flattening import STRATEGY, signal_id
from tradewire.messages.log import Command
from tradewire.messages.order_events import OrderRequested
from tradewire.messages.registry import new_event
from tradewire_risk.domain.due import Due
from tradewire_risk.domain.state import RiskState
from tradewire_risk.domain.wishes import Wish

FIRST_WAIT = 2_000_000
"""How long (µs) after the first attempt the second may be; each later wait is twice the one before."""
LONGEST_WAIT = 30_000_000
ENDING_MICROS = 5_000_000
"""How long (µs) after a wish a close waits for orders that are being canceled; then it takes what is free."""
_STOPPED = frozenset({"HALT", "KILL"})


def due_closes(state: RiskState, now: int) -> list[Due]:
    """Requests the closing orders of each account's last wish; their ids derive from wish, symbol and attempt.

    What is opened after the wish is left alone. A close is decided as any other order, and takes what is held and not
    yet being closed.
    """
    found = []
    for account, wish in state.wishes:
        book = state.accounts.books.get(account)
        if book is None or not wish.stands(now):
            continue
        ending = _ending(state, account) if now < wish.at + ENDING_MICROS else frozenset()
        for symbol, position in book.positions.items():
            if not position.quantity or symbol in ending or not _may_ask(state, wish, account, symbol, now):
                continue
            left = wish.since.left(symbol, position.quantity)
            exposure = state.orders.exposures.at((account, symbol))
            size = position.quantity.copy_abs()
            free = subtract(size, exposure.on("sell" if position.quantity > 0 else "buy"))
            if left > 0 and free > 0 and not exposure.unknown:
                quantity = None if left == size else min(left, free)
                found.append(_close(state, wish, account, symbol, quantity, now))
    return found


def _ending(state: RiskState, account: str) -> frozenset[str]:
    """The symbols in which orders of an account are being canceled."""
    orders = state.orders.orders.values()
    return frozenset(order.symbol for order in orders if order.account == account and order.cancel_requested)


def _may_ask(state: RiskState, wish: Wish, account: str, symbol: str, now: int) -> bool:
    """Whether it is time for an attempt.

    Under a switch that denies it, or on a dry run, one is made, for the record, and then none.
    """
    if symbol in wish.withdrawn:
        return False
    last = wish.closes.get(symbol)
    if last is None:
        return True
    profile = state.setup.accounts.get(account)
    if profile is not None and profile.dry_run:
        return False
    wait = min(FIRST_WAIT << (last.attempt - 1), LONGEST_WAIT)
    if last.order in state.orders.orders or now < last.at + wait:
        return False
    return state.rules.of_order(account, STRATEGY, symbol).level not in _STOPPED


def _close(state: RiskState, wish: Wish, account: str, symbol: str, quantity: Decimal | None, now: int) -> Due:
    """An order for all of a position, or for a quantity of it."""
    signal = wish.signal(symbol)
    order = ids.order_uuid(signal, account, 0)
    data = OrderRequested(
        order=order,
        signal=signal,
        signal_id=signal_id(wish.asked.request),
        strategy=STRATEGY,
        account=account,
        symbol=symbol,
        action="close" if quantity is None else "reduce",
        quantity=quantity,
        identity=wish.asked.by,
        reduce_only=True,
        clock=state.setup.clock,
    )
    event_id = ids.derive(STRATEGY, order)
    event = new_event(f"order-{order}", 1, event_id, data, time=now, correlation=signal, causation=wish.event_id)
    return Due(event_id, Command((event,)), account, f"flatten {symbol}, attempt {wish.next_attempt(symbol)}")
