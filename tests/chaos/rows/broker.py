"""Faults between the router and its broker: lost and late answers, a half-open link, and the kill switch."""

import asyncio
import json
import time
from typing import Any

from tests.chaos.people import command
from tests.chaos.run import Run
from tradewire.settings import Paper
from tradewire_router.brokers.paper import PaperBroker
from tradewire_router.paper.wire import Fault

SETTLING = 1_000_000
"""How long (µs) after the answer to KILL an order may still be received."""


async def answer_lost(run: Run) -> None:
    """The broker has the order and its answer is lost: Unknown, found by asking, never sent again."""
    link = run.system.links["router.paper"]
    async with run.load():
        for _ in range(2):
            await run.pause(0.3, 1.0)
            before = link.dropped_bytes
            link.drop_responses()
            async with asyncio.timeout(10):
                while link.dropped_bytes == before:
                    await asyncio.sleep(0.002)
            await asyncio.sleep(run.random.uniform(0, 1.5))
            run.hit(link.cut())
            link.heal()


async def placed_late(run: Run) -> None:
    """The broker places orders seconds after their time-out: nothing is sent again meanwhile."""
    system = run.system
    address = system.processes["paper"].environment["TRADEWIRE_PAPER_ADDRESS"]
    broker = PaperBroker("paper", Paper(address=address, journal=str(system.journal)))
    await broker.connect()
    async with run.load():
        await run.pause(0.2, 0.8)
        times = run.random.randint(1, 5)
        await broker.arm(Fault(kind="place_late", times=times, delay_ms=run.random.randint(1200, 3500)))
        await asyncio.sleep(3)
    run.hit(times)
    await broker.disarm()
    await broker.close()


async def half_open(run: Run) -> None:
    """The link stays up and nothing gets through: no order is called anything but unknown, and none is sent twice."""
    link = run.system.links["router.paper"]
    async with run.load():
        await run.pause()
        run.hit(link.connections)
        link.stall()
        await asyncio.sleep(run.random.uniform(1.5, 4))
        if run.seed % 2:
            link.cut()
        link.heal()


async def broker_dies(run: Run) -> None:
    """The broker's process is killed: what it had not placed never arrived, and everything else is found."""
    async with run.load():
        for _ in range(2):
            await run.pause(0.3, 1.2)
            run.hit(await run.system.processes["paper"].kill())


async def kill_switch(run: Run) -> None:
    """KILL in the middle of a burst, every other time with the broker out of reach: nothing is sent after it.

    What works is canceled until the broker shows nothing, and trading goes on when a person resumes it.
    """
    system = run.system
    link = system.links["router.paper"]
    async with run.load(seconds=4.0, rate=100.0):
        await run.pause(0.5, 1.5)
        if run.seed % 2:
            link.down()
        await command(run, "kill", reason="chaos")
        killed_at = time.time_ns() // 1_000
        run.hit()
        await asyncio.sleep(1.5)
        link.heal()
        await asyncio.sleep(4)
        late = [line for line in journal(run, "received") if line["at"] > killed_at + SETTLING]
        if late:
            run.notes.append(f"{len(late)} orders were sent more than a second after KILL")
        if left := working(run):
            run.notes.append(f"{len(left)} orders still work after KILL")
        await command(run, "resume", scope="global", reason="chaos is over")


def journal(run: Run, *kinds: str) -> list[dict[str, Any]]:
    """Lines of the broker's journal."""
    lines = (json.loads(line) for line in (run.system.journal / "journal.jsonl").read_bytes().splitlines())
    return [line for line in lines if line["kind"] in kinds]


def working(run: Run) -> set[str]:
    """The orders that the broker has accepted and not ended, by client order id."""
    ended = {line["client_order_id"] for line in journal(run, "filled", "canceled", "expired") if line.get("closed")}
    return {line["client_order_id"] for line in journal(run, "accepted")} - ended
