"""What the log tells a row that has something of its own to judge."""

from itertools import pairwise
from typing import Any

import msgspec
from msgspec import Struct

from tests.chaos.run import Run
from tests.chaos.system import System
from tradewire.messages.log import Event
from tradewire_ledger.rows import event_of

DECISIONS = ("OrderApproved", "OrderDenied")


class Told(Struct, frozen=True):
    """An event, and its data as they were written."""

    event: Event
    data: dict[str, Any]

    @property
    def pos(self) -> int:
        return self.event.pos

    @property
    def type(self) -> str:
        return self.event.type

    @property
    def time(self) -> int:
        """The writer's time (µs)."""
        return self.event.time

    def failed(self, *names: str) -> bool:
        """Whether a decision failed one of these checks."""
        return any(name in names and not passed for name, _, _, passed in self.data["checks"])


async def last_pos(system: System) -> int:
    """The log's last position."""
    connection = await system.database()
    try:
        return int(await connection.fetchval("select pos from ledger.head"))
    finally:
        await connection.close()


async def told(system: System, *types: str, after: int = 0) -> list[Told]:
    """The events of these types after a position, in order; of all types where none is named."""
    connection = await system.database()
    try:
        rows = await connection.fetch(
            "select * from ledger.event where pos > $1 and (type = any($2) or $2 = '{}') order by pos", after, types
        )
    finally:
        await connection.close()
    return [Told(event := event_of(row), msgspec.json.decode(event.data)) for row in rows]


async def requested(run: Run) -> dict[str, Told]:
    """What asked for the run's orders, by the orders' ids."""
    orders = await told(run.system, "OrderRequested")
    return {each.data["order"]: each for each in orders if each.data["signal_id"].startswith(f"{run.prefix}-")}


async def judge_days(run: Run) -> list[str]:
    """The account's days in the order in which they began; each must have begun once, and after those before it."""
    days = [each.data["day"] for each in await told(run.system, "MarksRecorded") if each.data["reason"] == "day"]
    if any(before >= after for before, after in pairwise(days)):
        run.notes.append(f"days began in this order: {', '.join(days)}")
    return days
