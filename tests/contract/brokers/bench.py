"""What the contract suite needs of a broker under test: the broker behind the port, its market, and its faults.

A new adapter joins the suite with a Bench of its own in `conftest.BENCHES`; its twin plays the same faults.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, Literal, Protocol
from uuid import uuid4

import pytest

from tradewire_router.brokers import events as e
from tradewire_router.brokers.port import Broker, BrokerEvent, OrderRequest
from tradewire_router.brokers.results import SubmitAccepted, SubmitResult
from tradewire_router.brokers.values import ActivityKind, Capabilities, Leg

PATIENCE_SECONDS = 20.0
FaultKind = Literal[
    "reject",
    "drop_response",
    "delay_response",
    "delay_before",
    "place_late",
    "disconnect",
    "duplicate_event",
    "mute_stream",
]
"""What goes wrong with an order, or with what is told of it; see `Bench.fault`."""


class Bench(Protocol):
    """A broker under test, whose process can be killed, whose market can be moved, and whose answers can go wrong.

    `forgiven` are parts of the violations that a test causes on purpose: each has to be found at its end, and no other.
    """

    name: str
    capabilities: Capabilities
    forgiven: list[str]

    async def broker(
        self,
        since: str | None = None,
        *,
        call_seconds: float = 3.0,
        credentials: bool = True,
        legs: Collection[Leg] = (),
    ) -> Broker:
        """A connected adapter of its own; with wrong credentials when asked, and told of exits of before."""

    async def price(self, symbol: str, bid: str, ask: str) -> None:
        """Moves the market, and waits until the broker has seen it."""

    def next_day(self) -> None:
        """Has the market move on a later day from here on; that day too is over by the broker's time."""

    async def fault(self, kind: FaultKind, *, delay_ms: int = 0, code: str = "") -> None:
        """Makes the next order suffer a fault.

        reject: refused for the reason of our `code`. drop_response: placed and never answered. delay_response: placed,
        answered after `delay_ms`. delay_before: placed and answered after `delay_ms`. place_late: placed after
        `delay_ms`, and answered then or never. disconnect: placed, and all connections cut instead of an answer.
        duplicate_event: what is told of it is told twice. mute_stream: nothing is told for `delay_ms`.
        """

    async def partly(self, order: OrderRequest, pieces: int) -> None:
        """Has an order that is sent next filled in so many pieces, one at each quote."""

    async def happen(self, kind: ActivityKind, **fields: Any) -> None:
        """Lets something happen to the account beside executions, such as a dividend."""

    async def kill(self) -> None:
        """Kills the broker without warning."""

    async def start(self) -> None:
        """Starts it again with all that it knew."""

    def violations(self) -> list[str]:
        """What an independent reading of the broker's own records finds wrong."""


class Trader:
    """A broker with an ear on its events."""

    def __init__(self, bench: Bench, broker: Broker) -> None:
        self.bench, self.broker = bench, broker
        self.heard: list[BrokerEvent] = []
        self._news = asyncio.Event()
        self._listening = asyncio.create_task(self._listen(broker.events()))

    async def _listen(self, events: AsyncIterator[BrokerEvent]) -> None:
        async for event in events:
            self.heard.append(event)
            self._news.set()

    async def close(self) -> None:
        await self.broker.close()
        await self._listening

    async def until(self, holds: Callable[[list[BrokerEvent]], bool]) -> None:
        """Waits until what was heard satisfies `holds`."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not holds(self.heard):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            pytest.fail(f"not heard: {[type(event).__name__ for event in self.heard]}")

    async def until_heard(self, kind: type, client_order_id: str, count: int = 1) -> None:
        """Waits for `count` events of a kind about an order."""
        await self.until(lambda heard: len(self.about(client_order_id, kind)) >= count)

    def about(self, client_order_id: str, kind: type = object) -> list[BrokerEvent]:
        """What was heard about an order."""
        return [
            event
            for event in self.heard
            if isinstance(event, kind) and getattr(event, "client_order_id", None) == client_order_id
        ]

    def fills(self, client_order_id: str) -> list[e.Fill]:
        """Its executions, as heard."""
        return [event for event in self.about(client_order_id) if isinstance(event, e.Fill)]

    async def accepted(self, order: OrderRequest) -> SubmitAccepted:
        """Submits an order that must be accepted."""
        result = await self.broker.submit(order)
        assert isinstance(result, SubmitAccepted), result
        return result

    async def holding(self, symbol: str) -> Decimal:
        """The broker's position in a symbol."""
        held = {position.symbol: position.quantity for position in await self.broker.positions()}
        return held.get(symbol, Decimal(0))

    async def cash(self) -> Decimal:
        """The broker's cash of the account, in all its one currency."""
        balances = await self.broker.balances()
        assert len(balances) == 1
        return balances[0].total


def an_order(**changes: Any) -> OrderRequest:
    """A market order to buy 10 AAPL, but for the changes."""
    fields: dict[str, Any] = {
        "client_order_id": uuid4().hex,
        "order": str(uuid4()),
        "symbol": "AAPL",
        "side": "buy",
        "quantity": Decimal(10),
        **changes,
    }
    return OrderRequest(**fields)


@asynccontextmanager
async def submitting(broker: Broker, order: OrderRequest) -> AsyncIterator[list[SubmitResult]]:
    """Submits an order beside the block; after it, the list holds the result."""
    results: list[SubmitResult] = []
    task = asyncio.create_task(broker.submit(order))
    yield results
    results.append(await task)


def unforgiven(found: Collection[str], forgiven: Collection[str]) -> list[str]:
    """What is wrong beside what a test causes on purpose, and what it means to cause and is not there."""
    more = [text for text in found if not any(part in text for part in forgiven)]
    return more + [f"{part}: not found" for part in forgiven if not any(part in text for text in found)]


async def eventually(ask: Callable[[], Any], holds: Callable[[Any], bool]) -> Any:
    """Asks until the answer satisfies `holds`, and returns it."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            answer = await ask()
            if holds(answer):
                return answer
            await asyncio.sleep(0.02)


def some(can: Capabilities, many: int) -> int:
    """As many orders as a test of many may send to a broker that allows so many requests."""
    return min([many, *(limit.requests for limit in can.rate_limits)])


def error_code(result: SubmitResult) -> str:
    """The code of what went wrong; fails for an accepted order."""
    assert not isinstance(result, SubmitAccepted), result
    return result.error.code
