"""What keeps an account from trading after a fault: halts, which some faults must bring and others must not."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps

import msgspec

from tests.chaos.people import command
from tests.chaos.run import Run
from tests.chaos.told import Told, last_pos, told
from tradewire.domain.breaks import breaks_of
from tradewire.messages.account_events import ReconciliationBroken

LIMIT_SECONDS = 30.0
_POLL_SECONDS = 0.1
Inject = Callable[[Run], Awaitable[None]]


def unhalted(inject: Inject) -> Inject:
    """A row after which nothing of the account may have been halted."""

    @wraps(inject)
    async def watched(run: Run) -> None:
        after = await last_pos(run.system)
        await inject(run)
        for halt in await told(run.system, "Halted", after=after):
            run.notes.append(f"{halt.data['scope']} was halted: {halt.data['reason']}")

    return watched


async def until_told(run: Run, kind: str, after: int, count: int = 1) -> list[Told]:
    """Waits until the log tells something so often after a position; within a minute's half it must."""
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            while len(found := await told(run.system, kind, after=after)) < count:
                await asyncio.sleep(_POLL_SECONDS)
            return found
    except TimeoutError:
        raise AssertionError(f"not within {LIMIT_SECONDS:g} s: {count} × {kind}") from None


async def resume(run: Run, name: str = "resume") -> int:
    """A person lifts the account's switch; returns the log's position at which that is."""
    before = await last_pos(run.system)
    await command(run, "resume", name=name, scope=f"account.{run.system.account}", reason="chaos is over")
    [lifted] = await until_told(run, "Resumed", before)
    return lifted.pos


async def accept_breaks(run: Run, after: int) -> int:
    """A person takes the broker's word for every difference that is on record; returns how many there were."""
    await until_told(run, "ReconciliationBroken", after)
    accepted = 0
    async with asyncio.timeout(LIMIT_SECONDS):
        while True:
            broken, mended = (
                await _latest(run, "ReconciliationBroken", after),
                await _latest(run, "ReconciliationMended", after),
            )
            if broken is None or (mended is not None and mended.pos > broken.pos):
                return accepted
            data = msgspec.json.decode(broken.event.data, type=ReconciliationBroken)
            done = {each.data["id"] for each in await told(run.system, "BreakAccepted", after=after)}
            for found in breaks_of(broken.event.time, data):
                if found.id not in done:
                    await command(
                        run, "accept", name=f"accept-{found.id}", difference=found.id, reason="the broker is right"
                    )
                    accepted += 1
            await asyncio.sleep(_POLL_SECONDS)


async def _latest(run: Run, kind: str, after: int) -> Told | None:
    found = await told(run.system, kind, after=after)
    return found[-1] if found else None


async def judge_halt(run: Run, halt: Told, resumed: int) -> None:
    """Nothing new was begun while the account was halted, and orders flow again afterwards."""
    begun = [each.pos for each in await told(run.system, "OrderSubmitStarted", after=halt.pos)]
    if halt.data["level"] == "HALT" and (wrong := [pos for pos in begun if pos < resumed]):
        run.notes.append(f"{len(wrong)} orders were begun while the account was halted")
    if not any(pos > resumed for pos in begun):
        run.notes.append("nothing flowed after the halt was lifted")
