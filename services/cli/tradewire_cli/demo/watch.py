"""Knows when a replayed day is over: every signal that was published is in the log, and no order waits for anything.

Signals are heard as they are published, on the connection that hears the strategy's answers; NATS keeps the order, so
with the answer all its signals are known. Orders are folded from the log's tail.
"""

import asyncio
from typing import Final

import msgspec

from tradewire import ids, subjects
from tradewire.bus import Bus, Message, Stoppable
from tradewire.domain.orders import Order, Status, evolve
from tradewire.errors import Unavailable
from tradewire.messages.log import Frame
from tradewire.messages.registry import decode
from tradewire.messages.signals_events import SignalReceived, SignalRefused
from tradewire.tail import Tail
from tradewire_cli.replay.feed import Work
from tradewire_ingest.domain.reactions import SOURCE

_PATIENCE_SECONDS: Final = 30.0
_WAITING: Final = frozenset({Status.REQUESTED, Status.HELD, Status.APPROVED, Status.SUBMITTING, Status.UNKNOWN})


class _Body(msgspec.Struct):
    id: str


class Watch:
    """What is under way. `start` before the first quote, `caught_up` after each day."""

    def __init__(self, bus: Bus, shard: str) -> None:
        self._bus = bus
        self._tail = Tail(bus, shard, self._apply)
        self._subscription: Stoppable | None = None
        self._unread: set[str] = set()
        self._signals: set[str] = set()
        self._orders: dict[str, Order] = {}
        self._waiting: set[str] = set()
        self._moved = asyncio.Event()

    async def start(self, log_id: str, frame: int, pos: int) -> None:
        """Follows the log from the frame after `frame`, whose last position is `pos`."""
        self._subscription = await self._bus.subscribe(subjects.SIGNALS_SUBJECTS, self._hear)
        await self._tail.start(log_id, frame, pos)

    async def stop(self) -> None:
        """Ends the watch."""
        if self._subscription is not None:
            await self._subscription.stop()
        await self._tail.stop()

    async def caught_up(self) -> Work:
        """Returns when nothing is under way. Raises Unavailable if nothing moves for 30 seconds."""
        while self._unread or self._waiting:
            self._moved.clear()
            try:
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    await self._moved.wait()
            except TimeoutError:
                raise Unavailable(self._stuck()) from None
        if self._tail.problem is not None:
            raise self._tail.problem
        return Work(signals=len(self._signals), orders=len(self._orders))

    def _hear(self, message: Message) -> None:
        strategy = message.subject.removeprefix("signals.")
        signal = ids.signal_uuid(SOURCE, strategy, msgspec.json.decode(message.data, type=_Body).id)
        if signal not in self._signals:
            self._signals.add(signal)
            self._unread.add(signal)

    def _apply(self, frame: Frame) -> None:
        for event in frame.events:
            data = decode(event)
            if event.stream.startswith("order-"):
                order = self._orders[event.stream] = evolve(self._orders.get(event.stream), event, data)
                if order.status in _WAITING:
                    self._waiting.add(event.stream)
                else:
                    self._waiting.discard(event.stream)
            elif isinstance(data, SignalReceived):
                self._unread.discard(data.signal)
            elif isinstance(data, SignalRefused) and data.signal_id is not None:
                self._unread.discard(ids.signal_uuid(SOURCE, data.strategy, data.signal_id))
        self._moved.set()

    def _stuck(self) -> str:
        orders = ", ".join(f"{self._orders[each].status.value} {each}" for each in sorted(self._waiting)[:3])
        waits = (
            f"{len(self._unread)} signals are not in the log, {len(self._waiting)} orders are not decided ({orders})"
        )
        return f"nothing has moved for {_PATIENCE_SECONDS:g} s: {waits}"
