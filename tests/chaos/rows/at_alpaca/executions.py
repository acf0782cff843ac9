"""Executions as they must not be: after the end, too many, taken back a day later; and cancels that come too late."""

import asyncio
from decimal import Decimal
from typing import Any

from tests.chaos.alpaca import UPDATES
from tests.chaos.load import PROBE_LIMIT, probes
from tests.chaos.rows.at_alpaca.resting import QUANTITY, WORKING, cancels, fill, rest
from tests.chaos.rows.halts import judge_halt, resume, unhalted, until_told
from tests.chaos.run import Run
from tests.chaos.told import last_pos, told
from tradewire.runtime.tasks import end_tasks

ROLLS_IN = 75
"""In how many seconds, at most, the account's day ends."""
_DAY_SECONDS = ROLLS_IN + 45.0


@unhalted
async def filled_after_the_end(run: Run) -> None:
    """An order is filled in part and canceled, and after that is filled once more."""
    twin = run.system.twin
    async with run.load():
        orders = await rest(run)
        for order in orders:
            await fill(run, order, 2)
        await run.extra(cancels(run, "late"))
        await twin.until(lambda ledger: not _in(ledger, orders, WORKING), "the orders are canceled")
        for order in orders:
            await fill(run, order, 3)
            run.hit()


async def overfilled(run: Run) -> None:
    """Alpaca fills more than was ordered: it is booked to the last share, and the account halts until a person has
    looked.
    """
    after = await last_pos(run.system)
    async with run.load():
        orders = await rest(run)
        await fill(run, orders[0], QUANTITY + 3)
        [halt, *_] = await until_told(run, "Halted", after)
        run.hit(f"filled {QUANTITY + 3} of {QUANTITY}" in halt.data["reason"])
        await until_told(run, "AccountHalted", after)
        await run.pause(0.5, 1.0)
        resumed = await resume(run)
        await run.extra(probes(f"{run.prefix}-new"))
    await judge_halt(run, halt, resumed)


@unhalted
async def taken_back_after_the_day(run: Run) -> None:
    """Executions of a day that is over are taken back and corrected: reversing events, nothing is rewritten.

    Each run leaves some of its executions to later ones.
    """
    twin = run.system.twin
    async with run.load():
        for order in await rest(run, least=3):
            await fill(run, order, QUANTITY - 1)  # not all: the load may have canceled it in the same moment
        await _day_over(run)
        ledger = await twin.ledger()
        oldest = [done["id"] for done in ledger["executions"] if Decimal(done["price"]) == Decimal(PROBE_LIMIT)][:2]
        after = await last_pos(run.system)
        await twin.do("bust", execution=oldest[0])
        await twin.do("correct", execution=oldest[1], price="48.25")
        for kind in ("FillBusted", "FillCorrected"):
            run.hit(len(await until_told(run, kind, after)))


async def _day_over(run: Run) -> None:
    """Waits, in the first run of a system, until its day is over; the first comparison names the day before that."""
    days: set[str] = set()
    async with asyncio.timeout(_DAY_SECONDS):
        while len(days) < 2:
            await asyncio.sleep(0.5)
            days = {each.data["day"] for each in await told(run.system, "ReconciliationMended") if each.data.get("day")}


@unhalted
async def cancel_races(run: Run) -> None:
    """Cancels stay pending, and then are done, are refused, or come too late, because the order was filled; others are
    of orders that were filled without a word.
    """
    twin = run.system.twin
    await twin.do("options", cancels="pending")
    async with run.load():
        orders = await rest(run)
        async with twin.armed(lambda _: None, "hold", UPDATES):
            await fill(run, orders[0])  # of which nobody hears before the cancel is asked for
            await run.extra(cancels(run, "first"))
            await run.pause(0.3, 0.6)
        people = asyncio.create_task(_decide(run))
        await run.extra(cancels(run, "race"))
        await run.pause(1.0, 2.0)
        await end_tasks(people)
        await twin.do("options", cancels="at_once")
        for order in await twin.orders("pending_cancel"):
            await twin.do("settle", order=order["id"])


async def _decide(run: Run) -> None:
    """What the venue's people make of pending cancels."""
    twin = run.system.twin
    while True:
        for order in await twin.orders("pending_cancel"):
            left = Decimal(order["qty"]) - Decimal(order["filled_qty"])
            match run.random.choice(["settle", "refuse", "fill", "part"]):
                case "refuse":
                    await twin.do("refuse_cancel", order=order["id"])
                case "fill":
                    await twin.do("fill", order=order["id"], price=order["limit_price"] or "100")
                case "part" if left > 1:
                    await twin.do("fill", order=order["id"], price=order["limit_price"] or "100", qty="1")
                    await twin.do("settle", order=order["id"])
                case _:
                    await twin.do("settle", order=order["id"])
            run.hit()
        await asyncio.sleep(0.1)


def _in(ledger: dict[str, Any], orders: list[dict[str, Any]], states: frozenset[str]) -> bool:
    """Whether one of the orders is in one of the states."""
    ids = {order["id"] for order in orders}
    return any(order["status"] in states for order in ledger["orders"] if order["id"] in ids)
