"""The prices of a recorded decision, as a board that a decision is made from again."""

from collections.abc import Iterable
from decimal import Context, Decimal
from typing import Final

from tradewire.domain.exact import add, multiply, subtract
from tradewire.domain.money import money
from tradewire.domain.orders import Order
from tradewire.errors import InvalidValue
from tradewire.messages.quotes import Quote
from tradewire.messages.vocabulary import QuoteUsed
from tradewire_risk.domain.counterfactual.report import Decision
from tradewire_risk.domain.limits import Bounds
from tradewire_risk.domain.prices import Held, QuoteBoard

_DERIVED: Final = frozenset({"same", "par", "signal"})
"""Sources of prices that no venue quoted: they are derived again."""
_HUNDRED: Final = Decimal(100)
_WIDE: Final = Context(prec=60)


class RecordedBoard(QuoteBoard):
    """Shows one decision's prices at a time."""

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
                ),
                quote.source,
            )
            for quote in quotes
            if quote.source not in _DERIVED
        }


def worth(order: Order, side: str | None, data: Decision, bounds: Bounds) -> Decimal | None:
    """What the symbol was worth by what a decision recorded: its size was worked out from that, or the distance of its
    limit price. None where neither tells. `bounds` are the limits that the decision was made by.
    """
    if order.limit_price is not None:
        return _middle(order, side, data, bounds)
    if order.stop_price is not None or len(data.quotes) > 1:
        return None  # sized at its stop, or in another currency
    return next((_number(figure.value) for figure in data.sizing if figure.name == "price"), None)


def _middle(order: Order, side: str | None, data: Decision, bounds: Bounds) -> Decimal | None:
    """The price from which the limit price lies away by the percentage that the check `collar` measured."""
    row = next((check for check in data.checks if check.name == "collar"), None)
    percent = _number(row.value) if row is not None else None
    limit = bounds.max_price_away_crypto if "/" in order.symbol else bounds.max_price_away
    if row is None or percent is None or limit is None or order.limit_price is None or side is None:
        return None
    # An order that would trade at once is held against the tighter of the two limits; where both are the same, either
    # does.
    above = (side == "buy") == (row.limit == limit.text)
    whole = add(_HUNDRED, percent) if above else subtract(_HUNDRED, percent)
    return _WIDE.divide(multiply(order.limit_price, _HUNDRED), whole) if whole > 0 else None


def _number(written: str | None) -> Decimal | None:
    try:
        return money(written or "")
    except InvalidValue:
        return None
