"""The order stream: out of order, twice, with holes, cut off, silent; and the broker itself is gone."""

import asyncio
import time

from tests.chaos.alpaca import LISTS, POST, STREAM, UPDATES
from tests.chaos.rows.at_alpaca.resting import QUANTITY, fill, rest
from tests.chaos.rows.halts import unhalted
from tests.chaos.run import Run

_HALF_OPEN_SECONDS = 12.0
"""Longer than a half-open connection is believed in."""
_LOST = ("fill", "partial_fill", "canceled", "new")


@unhalted
async def out_of_order(run: Run) -> None:
    """The stream tells of orders before their answers come, and late, and in another order; then of states that an
    order has left long ago.
    """
    twin = run.system.twin
    async with run.load():
        async with twin.armed(run.hit, "delay_after", POST, times=5, milliseconds=run.random.randint(300, 900)):
            await run.pause(0.5, 0.9)
        async with twin.armed(run.hit, "swap", UPDATES, nth=run.random.randint(1, 4), times=6):
            await run.pause(0.6, 1.0)
        async with twin.armed(run.hit, "late", UPDATES, times=8, milliseconds=run.random.randint(200, 800)):
            await run.pause(0.6, 1.0)
        ended = await twin.orders("filled", "canceled")
        for order in run.random.sample(ended, min(3, len(ended))):
            for status in ("new", order["status"]):
                await twin.do("restate", order=order["id"], status=status)
            run.hit()


@unhalted
async def twice(run: Run) -> None:
    """Everything is told three times, some executions are corrected, and a new connection tells of them again."""
    twin = run.system.twin
    async with run.load():
        async with twin.armed(run.hit, "duplicate", UPDATES, times=0, copies=2):
            orders = await rest(run)
            for number, order in enumerate(orders):
                execution = await fill(run, order, 4)
                if number % 2:
                    await run.pause(0.1, 0.4)
                await twin.do("correct", execution=execution, price="49.50", qty=run.random.choice(["3", "4"]))
            await run.pause(0.3, 0.8)
        await twin.hang_up(reset=bool(run.seed % 2))
        await run.pause(0.3, 0.8)


@unhalted
async def messages_lost(run: Run) -> None:
    """Single messages never come: of fills, of ends, of acceptances."""
    async with run.load():
        for what in run.random.sample(_LOST, 3):
            on = f"push trade_updates {what}"
            async with run.system.twin.armed(run.hit, "lose", on, nth=run.random.randint(1, 2), times=3):
                await run.pause(0.6, 1.1)


@unhalted
async def half_open(run: Run) -> None:
    """The stream stays open and tells nothing, every other time for so long that it must be given up; meanwhile calls
    are not answered for a while.
    """
    twin, began = run.system.twin, time.time_ns() // 1_000
    async with run.load():
        [order, *_] = await rest(run)
        number = await twin.arm("mute", UPDATES)
        await fill(run, order, QUANTITY - 1)
        hang = await twin.arm("hang_before", "* /v2/*", times=0, seconds=1.5)
        await asyncio.sleep(_HALF_OPEN_SECONDS if run.seed % 2 else run.random.uniform(2.5, 5.0))
        await twin.disarm(number)
        run.hit(await twin.disarm(hang))
        muted = [each for each in twin.frames("fault", began) if each["fault"] == "mute"]
        if not muted:
            run.notes.append("nothing was to be told while the stream was half open")


@unhalted
async def cut_with_fills_inside(run: Run) -> None:
    """The stream is cut and cannot be had again for a while, in which orders are filled, canceled and expire."""
    twin = run.system.twin
    async with run.load():
        orders = await rest(run, least=3)
        async with twin.armed(run.hit, "status_before", STREAM, times=0, status=503):
            await twin.hang_up(reset=bool(run.seed % 2))
            await fill(run, orders[0], 2)
            await fill(run, orders[0])
            await fill(run, orders[1], 5)
            await twin.do("cancel", order=orders[1]["id"])
            await twin.do("expire", order=orders[2]["id"])
            await run.pause(0.8, 2.0)


@unhalted
async def broker_dies(run: Run) -> None:
    """Alpaca is gone from one moment to the next, and is back with all that it had taken."""
    async with run.load():
        for _ in range(2):
            await run.pause(0.3, 1.2)
            run.hit(await run.system.processes["twin"].kill())


@unhalted
async def unlisted(run: Run) -> None:
    """Orders are missing from the list of open orders alone: none of them is taken for gone."""
    async with run.load():
        await rest(run)
        async with run.system.twin.armed(run.hit, "status_before", LISTS, times=0, status=200, body="[]"):
            await run.pause(3.0, 4.5)
