"""Which symbols concern an account, those first that matter most. Pure."""

from collections.abc import Collection, Iterable

from tradewire.domain.limits import read
from tradewire.domain.switches import account_scopes
from tradewire.errors import InvalidValue
from tradewire_router.domain.state import RouterState

MOST_SYMBOLS = 500
"""Of how many symbols quotes are passed on, where the broker sets no lower number."""


def concerning(state: RouterState, now: int) -> list[str]:
    """The symbols that are held, then those of open orders, those that were signalled lately, and those on the list of
    allowed symbols of the account; each once."""
    book = state.books.get(state.account)
    held = (symbol for symbol, position in book.positions.items() if position.quantity) if book else ()
    working = {order.symbol for order in state.orders.values()}
    return _once(sorted(held), sorted(working), sorted(state.symbols_in_use(now)), sorted(allow_listed(state)))


def allow_listed(state: RouterState) -> Collection[str]:
    """The symbols that every list of allowed symbols has which holds for the account; none where there is no list."""
    found: frozenset[str] | None = None
    for scope in account_scopes(state.account, state.broker):
        limits = state.controls.limits.get(scope)
        text = limits.limits.get("allowed_symbols", "") if limits else ""
        try:
            listed: frozenset[str] | None = read("allowed_symbols", text)
        except InvalidValue:
            listed = None  # no order passes a limit that cannot be read
        if listed is not None:
            found = listed if found is None else found & listed
    return found or frozenset()


def _once(*groups: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(symbol for group in groups for symbol in group))
