"""What a person's wish to close every position of an account leads to: a closing order for each symbol held."""

from tradewire import ids
from tradewire.messages.log import Command
from tradewire.messages.order_events import OrderRequested
from tradewire.messages.registry import new_event
from tradewire_risk.domain.due import Due
from tradewire_risk.domain.state import RiskState, Wish

STRATEGY = "flatten"
VALID_MICROS = 60_000_000
"""How long after a wish closes are requested for it."""


def due_closes(state: RiskState, now: int) -> list[Due]:
    """Requests the closing orders of each account's last wish, each once: its id derives from the wish and the symbol.

    What is opened after the wish is left alone, and so is everything a minute later. A close is decided as any other
    order: it takes what is held and not yet being closed, and a HALT denies it.
    """
    found = []
    for account, wish in state.flattens.items():
        book = state.accounts.books.get(account)
        if book is None or not wish.at <= now < wish.at + VALID_MICROS:
            continue
        for symbol, position in book.positions.items():
            if position.quantity and (wish.symbols is None or symbol in wish.symbols):
                found.append(_close(state, wish, account, symbol, now))
    return found


def _close(state: RiskState, wish: Wish, account: str, symbol: str, now: int) -> Due:
    signal = ids.derive("flatten", wish.event_id, symbol)
    order = ids.order_uuid(signal, account, 0)
    data = OrderRequested(
        order=order,
        signal=signal,
        signal_id=f"flatten-{wish.asked.request}"[:128],
        strategy=STRATEGY,
        account=account,
        symbol=symbol,
        action="close",
        identity=wish.asked.by,
        reduce_only=True,
        clock=state.setup.clock,
    )
    event_id = ids.derive("flatten", order)
    event = new_event(f"order-{order}", 1, event_id, data, time=now, correlation=signal, causation=wish.event_id)
    return Due(event_id, Command((event,)), account, f"flatten {symbol}")
