"""A thread with a client of its own, and what waits for it: the most urgent first, and nothing after its time.

The library is synchronous, so it never runs in the loop, nor in the loop's default pool. What was given up by whoever
asked is not sent any more, also when the process was frozen in between.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from heapq import heappop, heappush
from itertools import count
from typing import Any, Protocol

from msgspec import Struct

from tradewire_router.brokers.alpaca.answers import NoAnswer, NotSent, Refused
from tradewire_router.brokers.alpaca.budget import Budget, Urgency
from tradewire_router.brokers.errors import BrokerConnectionError, BrokerTimeoutError, RateLimitError

_LEAST_SECONDS = 0.05
"""A request that is given up in less could hardly be answered: it would only become one of unknown outcome."""


class Sender(Protocol):
    """What sends requests, in the lane's thread: `client.Client`, which brings the vendor's library with it."""

    remaining: int | None
    """What the last answer said of the requests that are left, if it did."""

    def call(self, seconds: float, request: "Request") -> Any:
        """Sends one request, once. Raises NotSent, NoAnswer or Refused."""

    def close(self) -> None:
        """Ends its connections."""


class Request(Struct, frozen=True):
    """One HTTP request; without a base it goes to the trading URL."""

    method: str
    path: str
    data: Any = None
    base: str = ""
    version: str = ""


class _Waiting(Struct):
    """A request that waits for the thread, until `deadline` (monotonic seconds)."""

    request: Request
    urgency: Urgency
    deadline: float
    answer: "asyncio.Future[Any]"
    started: bool = False

    def hopeless(self, now: float) -> bool:
        """Nobody waits for it any more, or not for long enough."""
        return self.answer.done() or self.deadline - now < _LEAST_SECONDS


class Lane:
    """Sends requests one after the other."""

    def __init__(
        self,
        name: str,
        sender: Sender,
        budget: Budget,
        heard: Callable[[], None],
        hidden: Callable[[str], str],
        *,
        call_seconds: float,
    ) -> None:
        """`heard` is called, in the loop, whenever the broker has said anything; `hidden` takes keys out of a text."""
        self._sender, self._budget, self._heard, self._hidden = sender, budget, heard, hidden
        self._call_seconds = call_seconds
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"alpaca-{name}")
        self._numbers = count()
        self._waiting: list[tuple[Urgency, int, _Waiting]] = []
        self._busy = False
        self._closed = False
        self._again: asyncio.TimerHandle | None = None

    async def call(self, request: Request, urgency: Urgency, seconds: float | None = None) -> Any:
        """Sends a request when its turn comes, and returns the answer; at most `seconds` in all.

        Raises:
            NotSent: its turn did not come in time, the budget is used up, or the broker cannot be reached.
            NoAnswer: it was sent, and may have been carried out.
            Refused: the broker says no.
        """
        if self._closed:
            raise NotSent(BrokerConnectionError("this session was closed; make a new one"))
        loop = asyncio.get_running_loop()
        patience = seconds or self._call_seconds
        waiting = _Waiting(request, urgency, time.monotonic() + patience, loop.create_future())
        heappush(self._waiting, (urgency, next(self._numbers), waiting))
        self._pump()
        try:
            async with asyncio.timeout(patience):
                return await asyncio.shield(waiting.answer)
        except TimeoutError:
            if waiting.started:
                words = f"no answer from Alpaca in {patience:g} s"
                raise NoAnswer(BrokerTimeoutError(words)) from None
            raise NotSent(self._not_sent(urgency)) from None
        finally:
            waiting.answer.cancel()  # also of whoever was cancelled meanwhile, and hears no answer any more

    def close(self) -> None:
        """Sends nothing more; what is under way ends as lost, and the thread ends with it. Idempotent."""
        if self._closed:
            return
        self._closed = True
        if self._again is not None:
            self._again.cancel()
        for _, _, waiting in self._waiting:
            if not waiting.answer.done():
                waiting.answer.set_exception(NotSent(BrokerConnectionError("the session was closed")))
        self._waiting.clear()
        self._thread.submit(self._sender.close)
        self._thread.shutdown(wait=False)

    def _not_sent(self, urgency: Urgency) -> RateLimitError | BrokerTimeoutError:
        wait = self._budget.wait(urgency, time.monotonic())
        if wait:
            message = f"the budget of {self._budget.per_minute} requests a minute is used up; nothing was sent"
            return RateLimitError(message, retry_after=wait)
        return BrokerTimeoutError("the requests before it took too long; nothing was sent")

    def _pump(self) -> None:
        """Gives the thread its next request, if it is free and the budget has one for it."""
        if self._again is not None:
            self._again.cancel()
            self._again = None
        now = time.monotonic()
        while self._waiting and self._waiting[0][2].hopeless(now):
            heappop(self._waiting)
        if self._busy or self._closed or not self._waiting:
            return
        waiting = self._waiting[0][2]
        if pause := self._budget.wait(waiting.urgency, now):
            self._again = asyncio.get_running_loop().call_later(pause, self._pump)
            return
        heappop(self._waiting)
        self._budget.take(now)
        self._busy = waiting.started = True
        asyncio.get_running_loop().run_in_executor(self._thread, self._send, waiting).add_done_callback(
            lambda sent: self._sent(waiting, sent)
        )

    def _send(self, waiting: _Waiting) -> Any:
        """In the thread."""
        left = waiting.deadline - time.monotonic()
        if left <= 0:
            raise NotSent(BrokerTimeoutError("the time for it was over; nothing was sent"))
        return self._sender.call(left, waiting.request)

    def _sent(self, waiting: _Waiting, sent: "asyncio.Future[Any]") -> None:
        self._busy = False
        error = sent.exception()
        now = time.monotonic()
        if not isinstance(error, NotSent) and self._sender.remaining is not None:
            self._budget.heard(self._sender.remaining, now)
        if isinstance(error, Refused) and error.status == 429:
            self._budget.refused(now, error.retry_after)
        if error is None or isinstance(error, Refused):
            self._heard()
        if not waiting.answer.done():
            if error is None:
                waiting.answer.set_result(sent.result())
            elif isinstance(error, NotSent | NoAnswer | Refused):
                waiting.answer.set_exception(error)
            else:
                words = self._hidden(f"{type(error).__name__}: {error}")
                waiting.answer.set_exception(NoAnswer(BrokerConnectionError(words)))
        if not self._closed:
            self._pump()
