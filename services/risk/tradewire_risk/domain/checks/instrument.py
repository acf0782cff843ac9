"""May this symbol be traded, and this position be closed."""

from tradewire.domain.money import plain
from tradewire_risk.domain.check_input import MISSING, PASSED, CheckInput, Outcome


def symbol_allowed(i: CheckInput) -> Outcome:
    """The symbol is on the list. Without a list, every symbol is allowed on paper accounts and none elsewhere."""
    allowed = i.rules.bounds.allowed_symbols
    if allowed is None:
        return PASSED if i.account is not None and i.account.paper else MISSING
    return PASSED if i.order.symbol in allowed else (i.order.symbol, "", False)


def not_restricted(i: CheckInput) -> Outcome:
    """The symbol is on no list of restricted symbols."""
    restricted = i.rules.bounds.restricted_symbols
    return (i.order.symbol, "", False) if restricted and i.order.symbol in restricted else PASSED


def something_to_close(i: CheckInput) -> Outcome:
    """A close or reduce finds a position that working exits do not close already."""
    if i.order.action not in {"close", "reduce"}:
        return PASSED
    return (plain(i.closable), "", i.closable > 0)


def reduces_only(i: CheckInput) -> Outcome:
    """A reduce-only order closes no more than what is held and not yet being closed."""
    if not i.reduce_only:
        return PASSED
    return (None if i.quantity is None else plain(i.quantity), plain(i.closable), i.exit)


def nothing_unknown(i: CheckInput) -> Outcome:
    """No order of the account and symbol is Unknown."""
    return (str(i.unknown_orders), "0", False) if i.unknown_orders else PASSED
