"""The prices of a recorded decision, as a board that a decision is made from again."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from tradewire.messages.quotes import Quote
from tradewire.messages.vocabulary import PriceSource, QuoteUsed
from tradewire_risk.domain.prices import Held, QuoteBoard

_DERIVED: Final = frozenset({"same", "par", "signal"})
"""Sources of prices that no venue quoted: they are derived again."""


class RecordedBoard(QuoteBoard):
    """Shows one decision's prices at a time. What a decision was made by was allowed then, whatever is today."""

    def __init__(self) -> None:
        super().__init__()
        self._held: dict[str, Held] = {}

    def get(self, symbol: str, allowed: PriceSource = "live") -> Held | None:
        """A price of the decision."""
        return self._held.get(symbol)

    def show(self, quotes: Iterable[QuoteUsed], symbol: str = "", worth: Decimal | None = None) -> None:
        """Forgets all prices but these. `worth` is what a symbol was worth, where that is another than its quote.

        A decision names the price at which the market would have taken the order, so that stands on both sides.
        """
        self._held = {
            quote.symbol: Held(
                Quote(
                    quote.symbol,
                    quote.at,
                    bid=quote.price,
                    ask=quote.price,
                    last=worth if worth is not None and quote.symbol == symbol else quote.price,
                    delayed=quote.delayed,
                ),
                quote.source,
            )
            for quote in quotes
            if quote.source not in _DERIVED
        }
