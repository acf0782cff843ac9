"""What happens at Alpaca past the system: orders by hand, positions that are told wrongly, executions that vanish."""

import asyncio
from uuid import UUID

from tests.chaos.alpaca import STREAM
from tests.chaos.load import SYMBOLS, probes
from tests.chaos.rows.at_alpaca.resting import fill, rest
from tests.chaos.rows.halts import accept_breaks, judge_halt, resume, unhalted, until_told
from tests.chaos.run import Run
from tests.chaos.told import Told, last_pos, told

_FAR = "40"
"""A price at which a buy by hand meets no order of ours."""
_POSITIONS = "GET /v2/positions"


@unhalted
async def by_hand(run: Run) -> None:
    """Somebody trades in the same account by hand: it is seen, booked as nobody's, and in nobody's way."""
    system, twin, after = run.system, run.system.twin, await last_pos(run.system)
    strange = 0
    async with run.load():
        for number in range(4):
            await run.pause(0.2, 0.5)
            # Some other program may write ids like ours; then fills and lists alone tell that they are not.
            name = UUID(int=run.random.getrandbits(128)).hex if number % 2 else f"by-hand-{run.prefix}-{number}"
            if not await _sent(run, name):
                continue
            system.by_hand.add(name)
            strange += name.startswith("by-hand")
            run.hit()
            await twin.do("fill", client_order_id=name, qty="2", price=_FAR)
            await twin.do("cancel" if number == 3 else "fill", client_order_id=name, price=_FAR)
    seen = await told(system, "ExternalOrderSeen", after=after)
    if len(seen) < strange:
        run.notes.append(f"{strange} orders were sent by hand, and {len(seen)} were seen")


async def _sent(run: Run, name: str) -> bool:
    """Sends a buy by hand; False when the venue says no, because an order of ours might meet it."""
    fields = {"qty": "5", "side": "buy", "type": "limit", "limit_price": _FAR, "time_in_force": "gtc"}
    for symbol in run.random.sample(SYMBOLS, len(SYMBOLS)):
        try:
            await run.system.twin.do("submit", symbol=symbol, client_order_id=name, **fields)
        except ValueError:
            continue
        return True
    return False


async def wrong_positions(run: Run) -> None:
    """Alpaca shows no positions for a while, though there are some; or it takes an execution back and tells nobody; or
    it corrects one while nobody can hear. Each is a break: the account only reduces until that is over, or a person
    has taken Alpaca's word.
    """
    after = await last_pos(run.system)
    way = (_hidden, _taken_back, _corrected)[run.seed % 3]
    async with run.load():
        orders = await rest(run)
        execution = await fill(run, orders[0], 5)
        await until_told(run, "OrderFilled", after)
        halt = await way(run, orders[0]["client_order_id"], execution)
        resumed = await resume(run)
        await run.extra(probes(f"{run.prefix}-new"))
    await judge_halt(run, halt, resumed)


async def _hidden(run: Run, _client_order_id: str, _execution: str) -> Told:
    """Positions are not shown; then they are."""
    after = await last_pos(run.system)
    async with run.system.twin.armed(lambda _: None, "status_before", _POSITIONS, times=0, status=200, body="[]"):
        run.hit(len(await until_told(run, "ReconciliationBroken", after)))
        [halt, *_] = await until_told(run, "Halted", after)
    await until_told(run, "ReconciliationMended", halt.pos)
    return halt


async def _taken_back(run: Run, client_order_id: str, execution: str) -> Told:
    """An execution is taken back without a word."""
    twin, after = run.system.twin, await last_pos(run.system)
    await twin.do("options", busts="silent")
    await twin.do("bust", execution=execution)
    await twin.do("options", busts="streamed")
    return await _accepted(run, client_order_id, after)


async def _corrected(run: Run, client_order_id: str, execution: str) -> Told:
    """An execution is corrected while the stream is cut; lists tell it as they did before, at another price."""
    twin, after = run.system.twin, await last_pos(run.system)
    async with twin.armed(lambda _: None, "status_before", STREAM, times=0, status=503):
        await twin.hang_up()
        await twin.do("correct", execution=execution, price="48")
    return await _accepted(run, client_order_id, after)


async def _accepted(run: Run, client_order_id: str, after: int) -> Told:
    """A person takes Alpaca's word for what became of an order."""
    run.system.settled_by_people.add(client_order_id)
    [halt, *_] = await until_told(run, "Halted", after)
    async with asyncio.timeout(60):
        run.hit(await accept_breaks(run, after))
    return halt
