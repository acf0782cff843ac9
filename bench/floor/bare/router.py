"""Submits every approved order: the intent is committed, then the broker is called, then its answer is committed.

The broker accepts and fills at once and in process. Intents and facts have a loop each, so that neither waits for the
other's commit.
"""

import asyncio
import time

from msgspec import Raw, Struct
from nats.aio.client import Client

from bench.floor.bare.appender import Waiting, append
from bench.floor.bare.events import Accepted, Approved, Filled, SubmitStarted, decode_approved, encode
from bench.floor.bare.tail import Tail
from bench.role import Access, Report, Run, Tasks, connect, main
from tradewire.ids import client_order_id, decision_uuid, fill_uuid, status_uuid
from tradewire.messages.log import Command, Event, Frame, NewEvent

_BROKER, _ACCOUNT = "paper", "paper"
_FACTS_IN_FLIGHT = 2


class _Work(Struct, frozen=True, gc=False):
    event: Event
    approved: Approved
    client_order_id: str
    started_id: str


class Router:
    """The role `router`."""

    async def open(self, access: Access, tasks: Tasks) -> None:
        """Connects, hears the log and starts the loops."""
        self._first, self._due = 0, 0
        self._calls: list[int] = []
        self._complete = asyncio.Event()
        self._approved: Waiting[Event] = Waiting(events_per_item=1)
        self._executed: Waiting[_Work] = Waiting(events_per_item=2)
        self._client: Client = await connect(access, "router", tasks)
        await Tail(self._on_frame).open(self._client)
        tasks.create_task(self._submit())
        for _ in range(_FACTS_IN_FLIGHT):
            tasks.create_task(self._book())

    async def begin(self, run: Run) -> None:
        """Makes room for the run's broker calls."""
        self._first, self._due = run.first, run.orders
        self._calls = [0] * run.orders
        self._complete.clear()

    async def finish(self) -> Report:
        """The times of the broker calls, when all are made."""
        await self._complete.wait()
        return Report(calls=self._calls)

    def _on_frame(self, frame: Frame) -> None:
        for event in frame.events:
            if event.type == "OrderApproved":
                self._approved.put(event)

    async def _submit(self) -> None:
        while True:
            works = [_work(event) for event in await self._approved.take()]
            now = time.time_ns() // 1000
            await append(self._client, "router", [_intent(work, now) for work in works])
            for work in works:
                self._call_broker(work)

    def _call_broker(self, work: _Work) -> None:
        self._calls[work.approved.request.number - self._first] = time.monotonic_ns()
        self._executed.put(work)
        self._due -= 1
        if self._due == 0:
            self._complete.set()

    async def _book(self) -> None:
        while True:
            works = await self._executed.take()
            now = time.time_ns() // 1000
            await append(self._client, "router", [_facts(work, now) for work in works])


def _work(event: Event) -> _Work:
    approved = decode_approved(event.data)
    order = approved.request.order
    return _Work(event, approved, client_order_id(order, 1), decision_uuid(order, "OrderSubmitStarted", 1))


def _intent(work: _Work, now: int) -> Command:
    event = work.event
    content = SubmitStarted(work.approved.request.order, 1, work.client_order_id, _ACCOUNT, _BROKER, 1, event.pos)
    started = NewEvent(
        event.stream, 3, work.started_id, "OrderSubmitStarted", 1, now, event.correlation_id, event.event_id,
        Raw(encode(content)),
    )  # fmt: skip
    return Command((started,))


def _facts(work: _Work, now: int) -> Command:
    event, request, client_id = work.event, work.approved.request, work.client_order_id
    execution = f"{client_id}-1"
    accepted = NewEvent(
        event.stream, None, status_uuid(_BROKER, request.order, "accepted", client_id), "OrderAccepted", 1, now,
        event.correlation_id, work.started_id,
        Raw(encode(Accepted(request.order, client_id, _BROKER, _ACCOUNT, client_id, now))),
    )  # fmt: skip
    content = Filled(
        order=request.order,
        client_order_id=client_id,
        broker=_BROKER,
        account=_ACCOUNT,
        strategy=request.strategy,
        symbol=request.symbol,
        side=request.side,
        quantity=request.quantity,
        price=request.limit_price,
        execution=execution,
        fee="0.35",
        fee_currency="USD",
        broker_time=now,
    )
    filled = NewEvent(
        event.stream, None, fill_uuid(_BROKER, _ACCOUNT, execution, 0), "OrderFilled", 1, now, event.correlation_id,
        work.started_id, Raw(encode(content)),
    )  # fmt: skip
    return Command((accepted, filled))


if __name__ == "__main__":
    main(Router())
