"""The faults of a broker at the paper broker that a link alone cannot make: its own menu, and what others do there."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.chaos.load import PROBE_LIMIT, STRATEGIES, SYMBOLS, Script, probes
from tests.chaos.rows.broker import journal, working
from tests.chaos.rows.halts import accept_breaks, judge_halt, resume, unhalted, until_told
from tests.chaos.run import Run
from tests.chaos.told import last_pos
from tradewire.settings import Paper
from tradewire_router.brokers.paper import PaperBroker
from tradewire_router.brokers.values import OrderRef, OrderRequest
from tradewire_router.paper.wire import Fault, FaultKind, Happening

_FAR = Decimal(40)
_RESTING = 2
_SECONDS = 30.0


@asynccontextmanager
async def desk(run: Run) -> AsyncIterator[PaperBroker]:
    """A connection to the account past the system."""
    address = run.system.processes["paper"].environment["TRADEWIRE_PAPER_ADDRESS"]
    broker = PaperBroker("paper", Paper(address=address, journal=str(run.system.journal)))
    await broker.connect()
    try:
        yield broker
        await broker.disarm()
    finally:
        await broker.close()


async def _arm(run: Run, broker: PaperBroker, kind: FaultKind, times: int, delay_ms: int = 0) -> None:
    """Arms a fault for the next orders, and waits until they have come."""
    before = len(journal(run, "received"))
    await broker.arm(Fault(kind=kind, times=times, delay_ms=delay_ms))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_SECONDS):
            while (came := len(journal(run, "received")) - before) < times:
                await asyncio.sleep(0.05)
    run.hit(min(came, times))


@unhalted
async def reconnected_by_itself(run: Run) -> None:
    """The connection breaks instead of an answer, and the client is back at once: it sends nothing again."""
    async with desk(run) as broker, run.load():
        for _ in range(3):
            await run.pause(0.2, 0.6)
            await _arm(run, broker, "disconnect", 1)


@unhalted
async def unreadable(run: Run) -> None:
    """What the broker answers is noise for a moment."""
    link = run.system.links["router.paper"]
    async with run.load():
        for _ in range(3):
            await run.pause(0.3, 0.8)
            before = link.garbled_bytes
            link.garble(run.random.randbytes(64))
            async with asyncio.timeout(_SECONDS):
                while link.garbled_bytes == before:
                    await asyncio.sleep(0.002)
            await asyncio.sleep(run.random.uniform(0, 0.3))
            link.heal()
            run.hit()


@unhalted
async def out_of_order(run: Run) -> None:
    """Events come before the answers, and then long after them."""
    async with desk(run) as broker, run.load():
        await _arm(run, broker, "delay_response", 6, run.random.randint(200, 900))
        await run.pause(0.2, 0.5)
        await _arm(run, broker, "mute_stream", 2, run.random.randint(300, 1200))
        await run.pause(0.2, 0.5)


@unhalted
async def twice(run: Run) -> None:
    """Every event of some orders is told twice."""
    async with desk(run) as broker, run.load():
        await run.pause(0.2, 0.5)
        await _arm(run, broker, "duplicate_event", 20)


@unhalted
async def cancel_races(run: Run) -> None:
    """Cancels of orders that were filled without a word, and of others that are being filled."""
    cancel = {"action": "cancel"}
    async with desk(run) as broker, run.load():
        for turn in range(3):
            await _arm(run, broker, "mute_stream", 3, run.random.randint(400, 1000))
            before = len(journal(run, "cancel_received"))
            await run.extra(
                [
                    Script(f"{run.prefix}-c{turn}-{strategy}-{symbol}", strategy, {"symbol": symbol, **cancel})
                    for strategy in STRATEGIES
                    for symbol in SYMBOLS
                ]
            )
            await run.pause(0.2, 0.5)
            run.hit(len(journal(run, "cancel_received")) - before)


@unhalted
async def unlisted(run: Run) -> None:
    """The list of open orders is empty, though orders work: none of them is taken for gone."""
    async with desk(run) as broker, run.load():
        await _rest(run)
        await broker.arm(Fault(kind="unlisted", times=1000))
        await run.pause(2.5, 4.0)
        run.hit(len(working(run)))


@unhalted
async def cut_with_fills_inside(run: Run) -> None:
    """The link is cut for a while, in which orders are filled."""
    link = run.system.links["router.paper"]
    async with run.load():
        for _ in range(2):
            await run.pause(0.4, 1.0)
            link.down()
            before = len(journal(run, "filled"))
            async with desk(run) as broker:
                await _trade(run, broker)
            run.hit(len(journal(run, "filled")) - before)
            await run.pause(0.5, 1.5)
            link.heal()


@unhalted
async def by_hand(run: Run) -> None:
    """Somebody trades in the same account by hand: it is seen, booked as nobody's, and in nobody's way."""
    after = await last_pos(run.system)
    async with desk(run) as broker, run.load():
        for _ in range(3):
            await run.pause(0.2, 0.6)
            await _trade(run, broker)
            run.hit()
    await until_told(run, "ExternalFillBooked", after, run.hits)


async def _trade(run: Run, broker: PaperBroker) -> None:
    """Buys one at the market, and leaves an order behind for a moment, by ids that look like ours."""
    market, far = (UUID(int=run.random.getrandbits(128)).hex for _ in range(2))
    run.system.by_hand |= {market, far}
    fields: dict[str, Any] = {
        "symbol": run.random.choice(SYMBOLS),
        "side": "buy",
        "quantity": Decimal(1),
        "time_in_force": "gtc",
    }
    await broker.submit(OrderRequest(client_order_id=market, order=market, **fields))
    limit: dict[str, Any] = {"order_type": "limit", "limit_price": _FAR}
    await broker.submit(OrderRequest(client_order_id=far, order=far, **fields, **limit))
    await run.pause(0.1, 0.3)
    await broker.cancel(OrderRef(far))


async def wrong_positions(run: Run) -> None:
    """Shares and cash appear at the broker that no list tells of: a break, the account only reduces, and a person
    takes the broker's word.
    """
    after = await last_pos(run.system)
    async with desk(run) as broker, run.load():
        await run.pause(0.5, 1.0)
        await broker.happen(
            Happening(
                kind="transfer",
                symbol=run.random.choice(SYMBOLS),
                quantity=Decimal(run.random.randint(1, 5)),
                told=False,
            )
        )
        await broker.happen(Happening(kind="interest", amount=Decimal("12.34"), told=False))
        [halt, *_] = await until_told(run, "Halted", after)
        async with asyncio.timeout(60):
            run.hit(await accept_breaks(run, after))
        resumed = await resume(run)
        await run.extra(probes(f"{run.prefix}-new"))
    await judge_halt(run, halt, resumed)


async def _rest(run: Run) -> None:
    """Has orders work that nothing fills."""

    def resting() -> set[str]:
        orders = (line["order"] for line in journal(run, "received"))
        return working(run) & {each["client_order_id"] for each in orders if each.get("limit_price") == PROBE_LIMIT}

    await run.extra(probes(f"{run.prefix}-rest"))
    async with asyncio.timeout(_SECONDS):
        while len(resting()) < _RESTING:
            await asyncio.sleep(0.05)
