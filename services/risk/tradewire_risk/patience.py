"""Which orders wait a moment longer: what they need of the outside is asked for when it is first needed.

That is the rules of a symbol, which the router asks its broker for, the calendar of its exchange, and its first quote
where the account's broker has any.
"""

import time

from tradewire.domain.orders import Order
from tradewire_risk.domain.prices import QuoteBoard
from tradewire_risk.domain.state import RiskState

SECONDS = 2.0
"""How long an order waits before it is decided without; on the monotonic clock, whatever the domain's is."""


class Patience:
    """The orders that wait, by their ids: `order in patience.at(now)`."""

    def __init__(self, state: RiskState, board: QuoteBoard) -> None:
        self._state, self._board = state, board
        self._since: dict[str, float] = {}
        self._now = 0

    def at(self, now: int) -> "Patience":
        """What waits at a time (µs) of the domain's clock."""
        self._now = now
        if self._since:
            requested = self._state.orders.requested
            self._since = {order: since for order, since in self._since.items() if order in requested}
        return self

    def __contains__(self, order_id: object) -> bool:
        order = self._state.orders.orders.get(str(order_id))
        if order is None or order.account not in self._state.setup.accounts:
            return False
        if not self._lacks(order.account, order.strategy, order.symbol) and not self._unquoted(order):
            return False
        return time.monotonic() - self._since.setdefault(order.order, time.monotonic()) < SECONDS

    def _lacks(self, account: str, strategy: str, symbol: str) -> bool:
        state = self._state
        bounds = state.rules.of_order(account, strategy, symbol).bounds
        limit, instrument = bounds.max_instrument_age, state.facts.instruments.get((account, symbol))
        if instrument is None:
            return limit is not None and limit.text != "none"
        if limit is not None and state.setup.clock == "wall" and abs(self._now - instrument.at) > limit.micros:
            return True
        closes = bounds.market_hours not in {None, "always"}
        return closes and instrument.calendar not in {"", *state.calendars}

    def _unquoted(self, order: Order) -> bool:
        """True while no price of a symbol is fresh that the broker has been asked to quote since the order came."""
        profile = self._state.setup.accounts[order.account]
        if profile.paper or self._state.setup.clock == "quotes":
            return False
        bounds = self._state.rules.of_order(order.account, order.strategy, order.symbol).bounds
        held = self._board.get(order.symbol, profile.price_source)
        if held is None:
            return profile.price_source != "signal" or order.price is None
        most = (bounds.max_price_age.micros if bounds.max_price_age else 0) + profile.price_delay * held.quote.delayed
        return self._now - held.quote.at > most
