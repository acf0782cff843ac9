"""A sizing plug-in on one page: as much of the account's equity in each of a number of positions.

Install it where the risk process runs, and restart that. A signal then asks for it by name, and gives the number of
positions: `{"id": "a-1", "symbol": "AAPL", "action": "buy", "size": {"method": "custom:equal_weight", "value": 10}}`.
"""

from decimal import Decimal

from tradewire.domain.sizing import SizingFacts, SizingResult


def size(facts: SizingFacts) -> SizingResult:
    """Buys up to a `value`-th of equity, less what is held already. Risk rounds down, and runs every check afterwards.

    Raises:
        ValueError: what it needs is not known; the order is denied as SIZE_UNKNOWN with these words.
    """
    if facts.equity is None or facts.price is None:
        raise ValueError("the equity or the price is not known")
    share = facts.equity / facts.value
    held = abs(facts.position) * facts.price
    left = max(share - held, Decimal(0))
    working = (
        ("equity", f"{facts.equity:f}"),
        ("positions", f"{facts.value:f}"),
        ("share", f"{share:.2f}"),
        ("held", f"{held:f}"),
        ("price", f"{facts.price:f}"),
    )
    return SizingResult(left / facts.price, working)
