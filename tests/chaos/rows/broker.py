"""Faults between the router and its broker: answers are lost, come too late, or the link is half open."""

import asyncio

from tests.chaos.run import Run
from tradewire.settings import Paper
from tradewire_router.brokers.paper import PaperBroker
from tradewire_router.paper.wire import Fault


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
