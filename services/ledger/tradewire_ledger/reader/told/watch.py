"""Asserts the invariants of the log while it grows, beside the reader's work and with a small part of its time.

It begins with what a snapshot carries, as a service does, and asks the log for what that leaves out; so its memory does
not grow with the log. What was appended before it began is what `tradewire check` is for.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from tradewire.domain.audit.audit import Audit
from tradewire.domain.audit.findings import Violation
from tradewire.messages.log import Event
from tradewire.messages.registry import decode
from tradewire_ledger.check import compare, guarded
from tradewire_ledger.lost import LOST
from tradewire_ledger.reader import sql
from tradewire_ledger.reader.context import Context, OutOfStep
from tradewire_ledger.reader.store import Connection
from tradewire_ledger.reader.told.invariants import InvariantMetrics
from tradewire_ledger.rows import event_of

STEP_EVENTS: Final = 400
AT_ONCE_EVENTS: Final = 20
"""So many events are asserted at a time; then others have their turn."""
REST: Final = 9
"""It rests so many times as long as it works: a tenth of the process's time is the most that it takes."""
IDLE_SECONDS: Final = 1.0
COMPARE_SECONDS: Final = 15.0
RENEW_EVENTS: Final = 100_000
"""After so many events it begins anew, which forgets what is closed."""
AGAIN_SECONDS: Final = 30.0
_MOST_SEEN: Final = 10_000
_ORDER: Final = "order-"


class Watch:
    """One session's continuous check."""

    def __init__(
        self, context: Context, metrics: InvariantMetrics, log: Any, currencies: Callable[[], Mapping[str, str]]
    ) -> None:
        self._context, self._metrics, self._log, self._currencies = context, metrics, log, currencies
        self._seen: set[Violation] = set()
        self._compared_at = 0.0
        self._fed = 0

    async def run(self) -> None:
        """Runs for ever. Raises LOST."""
        while True:
            try:
                audit = await self.begin()
                while self._fed < RENEW_EVENTS:
                    if audit.log.pos < self._context.follower.pos:
                        await self.step(audit)
                        continue
                    await self._compare_now_and_then(audit)
                    await asyncio.sleep(IDLE_SECONDS)
            except LOST:
                raise
            except OutOfStep:
                await asyncio.sleep(IDLE_SECONDS)
            except Exception as error:  # noqa: BLE001 - the reader answers all the same
                self._log.error("the continuous check broke off and begins anew", exc_info=error)
                await asyncio.sleep(AGAIN_SECONDS)

    async def begin(self) -> Audit:
        """An audit that goes on from where the read model is."""
        self._fed = 0
        async with self._context.reading(with_books=True) as moment:
            audit = Audit(moment.at.log_id, self._currencies())
            await moment.connection.execute("set local statement_timeout = 0")
            rows: Any = moment.connection.cursor(sql.SNAPSHOT_EVENTS, moment.at.pos, prefetch=STEP_EVENTS)
            async for row in rows:
                audit.recall(event_of(row))
            audit.begin(moment.at.pos, moment.at.frame, moment.at.hash, moment.books)
        self._metrics.checked.set(audit.log.pos)
        return audit

    async def step(self, audit: Audit) -> None:
        """Asserts what must hold of the next events."""
        async with self._context.reading() as moment:
            rows: Any = await moment.connection.fetch(sql.AUDITED, audit.log.pos, moment.at.pos, STEP_EVENTS)
            if not rows:
                return
            events = [event_of(row) for row in rows]
            await _recall(moment.connection, audit, events)
            frames: Any = await moment.connection.fetch(sql.AUDITED_FRAMES, audit.frames.frame, events[-1].pos)
        # No transaction is open while it takes its time.
        await self._feed(audit, events, rows)
        for row in frames:
            audit.frames.feed(row["frame"], row["first_pos"], row["last_pos"], row["hash"], row["stored"])
        self._fed += len(events)
        self._tell(audit)

    async def _feed(self, audit: Audit, events: Sequence[Event], rows: Sequence[Any]) -> None:
        loop = asyncio.get_running_loop()
        for first in range(0, len(events), AT_ONCE_EVENTS):
            began = loop.time()
            for event, row in zip(events[first : first + AT_ONCE_EVENTS], rows[first:], strict=False):
                audit.feed(event, row["hash"])
            await asyncio.sleep(REST * (loop.time() - began))

    async def _compare_now_and_then(self, audit: Audit) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._compared_at >= COMPARE_SECONDS and await self.compare(audit):
            self._compared_at = now

    async def compare(self, audit: Audit) -> bool:
        """What is not asserted event by event: the triggers, the sums, and what has stayed open for too long.

        Returns False when the read model has moved on.
        """
        async with self._context.reading() as moment:
            if moment.at.pos != audit.log.pos:
                return False
            await guarded(moment.connection, audit.report, {"pos": moment.at.pos})
            await compare(moment.connection, audit)
        tested = dict(audit.report.tested)
        audit.finish()
        audit.report.tested = tested
        self._tell(audit)
        return True

    def _tell(self, audit: Audit) -> None:
        report = audit.report
        for name, count in report.tested.items():
            self._metrics.tests.labels(name).inc(count)
        for found in self._news(report.violations):
            self._metrics.violations.labels(found.invariant).inc()
            self._log.error(
                "an invariant is violated",
                invariant=found.invariant,
                pos=found.pos,
                stream=found.stream,
                problem=found.message,
            )
        report.tested.clear()
        report.violations.clear()
        self._metrics.checked.set(audit.log.pos)

    def _news(self, found: Sequence[Violation]) -> Iterator[Violation]:
        """What was not told before: what stays wrong is found at each comparison."""
        for violation in found:
            if violation not in self._seen and len(self._seen) < _MOST_SEEN:
                self._seen.add(violation)
                yield violation


class Needs(Struct, frozen=True):
    """What events rest on and an audit does not hold, all from before them.

    `preceding` are versions of streams that should be there, `ids` those that would be causes or used twice, and
    `orders` the streams of orders to recall.
    """

    preceding: dict[str, int]
    ids: list[str]
    orders: list[str]

    @classmethod
    def of(cls, audit: Audit, events: Sequence[Event]) -> "Needs":
        """What an audit needs before these events, which follow each other."""
        preceding: dict[str, int] = {}
        for event in events:
            if not audit.log.knows(event.stream):
                preceding.setdefault(event.stream, event.version - 1)
        begun = {event.stream for event in events if event.version == 1}
        orders = {event.stream for event in events if event.stream.startswith(_ORDER)} - begun
        orders.update(f"{_ORDER}{parent}" for event in events if (parent := _parent(event)))
        return cls(
            {stream: version for stream, version in preceding.items() if version},
            sorted({each.event_id for each in events} | {each.causation_id for each in events if each.causation_id}),
            sorted(stream for stream in orders if stream.removeprefix(_ORDER) not in audit.orders.orders),
        )


def _parent(event: Event) -> str:
    """The entry of an exit, whose approval covers it."""
    return str(decode(event).parent) if event.type == "OrderRequested" else ""


async def _recall(connection: Connection, audit: Audit, events: Sequence[Event]) -> None:
    """Gives the audit what these events rest on and it does not hold."""
    needs, first = Needs.of(audit, events), events[0].pos
    asked: Any = await connection.fetch(sql.PRECEDING, list(needs.preceding), list(needs.preceding.values()), first)
    known: Any = await connection.fetch(sql.KNOWN_IDS, needs.ids, first)
    audit.log.recall({row["stream"]: row["version"] for row in asked}, (str(row["event_id"]) for row in known))
    if needs.orders:
        rows: Any = await connection.fetch(sql.STREAMS_BEFORE, needs.orders, first)
        audit.recall_order(event_of(row) for row in rows)
