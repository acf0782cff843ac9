"""Groups of symbols that move together, such as the shares of one industry, and what an account has in each."""

from collections.abc import Mapping
from decimal import Decimal

from tradewire.domain.exact import ZERO, add
from tradewire_risk.domain.portfolio import Portfolio

Groups = dict[str, frozenset[str]]
"""The symbols of each group, by its name."""


def groups_with(groups: Groups, symbol: str) -> Groups:
    """The groups that a symbol is in."""
    return {name: symbols for name, symbols in groups.items() if symbol in symbols}


def worth(portfolio: Portfolio, symbols: frozenset[str]) -> Decimal | None:
    """The sum of the largest values that the symbols' positions may come to; None when one has no known value."""
    total = ZERO
    for symbol in symbols:
        worst = portfolio.line(symbol).worst
        if worst is None:
            return None
        total = add(total, worst)
    return total


def largest(portfolio: Portfolio, groups: Mapping[str, frozenset[str]]) -> tuple[str, Decimal] | None:
    """The group that is worth most, the first of equals, and how much; None when the value of any is not known."""
    found: tuple[str, Decimal] | None = None
    for name, symbols in groups.items():
        value = worth(portfolio, symbols)
        if value is None:
            return None
        if found is None or value > found[1]:
            found = (name, value)
    return found
