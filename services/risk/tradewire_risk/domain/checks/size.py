"""Is the order neither too small nor too large. Each bound itself passes.

A verified exit may be as large as what it closes: otherwise a position that has grown could not be closed.
"""

from decimal import Decimal

from tradewire.domain.exact import multiply
from tradewire.domain.limits import Amount
from tradewire.domain.money import plain
from tradewire_risk.domain.check_input import PASSED, CheckInput, Outcome


def size_known(i: CheckInput) -> Outcome:
    """A quantity could be worked out."""
    return (i.size_problem, "", False) if i.size_problem else PASSED


def quantity_at_least(i: CheckInput) -> Outcome:
    """The quantity is above zero and not below the smallest allowed."""
    limit, quantity = i.rules.bounds.min_order_quantity, i.quantity
    if limit is None or quantity is None:
        return _missing(quantity, limit)
    return (plain(quantity), limit.text, quantity >= limit.value and quantity > 0)


def quantity_at_most(i: CheckInput) -> Outcome:
    """The quantity is not above the largest allowed, or closes no more than what is held."""
    limit, quantity = i.rules.bounds.max_order_quantity, i.quantity
    if limit is None or quantity is None:
        return _missing(quantity, limit)
    if i.exit and i.closable > limit.value:
        return (plain(quantity), plain(i.closable), quantity <= i.closable)
    return (plain(quantity), limit.text, quantity <= limit.value)


def value_at_least(i: CheckInput) -> Outcome:
    """Quantity times price is not below the smallest value allowed."""
    limit, value = i.rules.bounds.min_order_value, i.value
    if limit is None or value is None:
        return _missing(value, limit)
    return (plain(value), limit.text, value >= limit.value)


def value_at_most(i: CheckInput) -> Outcome:
    """Quantity times price is not above the largest value allowed, or not above that of what is held."""
    limit, value = i.rules.bounds.max_order_value, i.value
    if limit is None or value is None or i.price is None or i.rate is None:
        return _missing(value, limit)
    if i.exit and value > limit.value:
        held = multiply(multiply(i.closable, i.price), i.rate)
        return (plain(value), plain(held), value <= held)
    return (plain(value), limit.text, value <= limit.value)


def _missing(value: Decimal | None, limit: Amount | None) -> Outcome:
    return (None if value is None else plain(value), None if limit is None else limit.text, False)
