"""Asking the broker and telling the log: what the reports have in common."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from msgspec import Struct

from tradewire.replica import Replica
from tradewire_router.brokers.errors import BrokerError, BrokerTimeoutError
from tradewire_router.domain.translate import Teller, account_event
from tradewire_router.facts import Facts, settled

T = TypeVar("T")


async def answer_of(question: Coroutine[Any, Any, T], seconds: float) -> T:
    """Returns a broker's answer.

    Raises:
        BrokerError: it failed, in whatever way, or did not come in time.
    """
    try:
        async with asyncio.timeout(seconds):
            return await question
    except BrokerError:
        raise
    except TimeoutError:
        raise BrokerTimeoutError(f"no answer from the broker in {seconds:g} s") from None
    except Exception as error:  # whatever an adapter raises, it has not answered
        raise BrokerError(f"{type(error).__name__}: {error}") from error


class Reporter:
    """Questions that nothing but reports depends on: whatever goes wrong with one, orders go on."""

    def __init__(
        self, facts: Facts, replica: Replica, teller: Callable[[], Teller], next_id: Callable[[], str]
    ) -> None:
        """`next_id` names events of this lease and gives no id twice."""
        self._facts, self._replica, self._next_id = facts, replica, next_id
        self.teller = teller

    @property
    def pos(self) -> int:
        """The last position folded."""
        return self._replica.pos

    async def ask(self, question: Coroutine[Any, Any, T], seconds: float) -> T:
        """Returns the broker's answer. Raises as `answer_of`."""
        return await answer_of(question, seconds)

    async def tell(self, report: Struct) -> None:
        """Appends a report, and returns when the state shows it."""
        self._facts.add([account_event(self.teller(), self._next_id(), report)])
        await settled(self._facts, self._replica)
