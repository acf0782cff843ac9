"""The lanes of an account: for cancels, for what else acts, and for questions, so that no answer holds a cancel up."""

import time
from collections.abc import Callable
from typing import Any

from tradewire_router.brokers.alpaca.answers import NoAnswer, NotSent, Refused, call_error
from tradewire_router.brokers.alpaca.budget import Budget, Urgency
from tradewire_router.brokers.alpaca.lane import Lane, Request, Sender
from tradewire_router.brokers.alpaca.settings import AlpacaSettings
from tradewire_router.brokers.base import now
from tradewire_router.brokers.errors import BrokerConnectionError

PAGE_SECONDS = 10.0
"""How long one page of a list may take; nothing acts on a time-out of it."""


class Desk:
    """Sends requests of one account, within one budget."""

    def __init__(self, settings: AlpacaSettings, sender: Callable[[AlpacaSettings], Sender]) -> None:
        """Each lane has a sender of its own."""
        self.budget = Budget(settings.rate_per_min)

        def lane(name: str) -> Lane:
            seconds = settings.call_seconds
            return Lane(name, sender(settings), self.budget, self._hear, settings.hidden, call_seconds=seconds)

        self._canceling = lane("cancels")
        self._acting = lane("acts")
        self._asking = lane("asks")
        self.open = False
        """True from the first good answer on: before it, nothing that acts is sent."""
        self.heard_at: int | None = None

    def _hear(self) -> None:
        self.heard_at = now()

    async def act(self, request: Request, urgency: Urgency) -> Any:
        """Sends what changes something. Raises NotSent, NoAnswer or Refused."""
        if not self.open:
            raise NotSent(BrokerConnectionError("the session with Alpaca is not open"))
        lane = self._canceling if urgency is Urgency.CANCEL else self._acting
        return await lane.call(request, urgency)

    async def look(
        self, path: str, data: Any = None, urgency: Urgency = Urgency.LOOKUP, *, acting: bool = False
    ) -> Any:
        """Asks about an order; in the lane of what acts where an action waits for it. Raises as `act` does."""
        if acting:
            return await self.act(Request("GET", path, data), urgency)
        return await self._asking.call(Request("GET", path, data), urgency)

    async def ask(
        self,
        path: str,
        data: Any = None,
        urgency: Urgency = Urgency.QUESTION,
        *,
        base: str = "",
        version: str = "",
        seconds: float | None = None,
    ) -> Any:
        """Asks a question and returns the answer; that needs no session.

        Raises:
            BrokerError: there was none, or it is an error.
        """
        try:
            return await self._asking.call(Request("GET", path, data, base, version), urgency, seconds)
        except (NotSent, NoAnswer) as failed:
            raise failed.error from None
        except Refused as refused:
            raise call_error(refused) from None

    def requests_left(self, urgency: Urgency) -> int:
        """How many requests of an urgency the budget has now."""
        return self.budget.left(urgency, time.monotonic())

    def close(self) -> None:
        """Sends nothing more."""
        self.open = False
        self._canceling.close()
        self._acting.close()
        self._asking.close()
