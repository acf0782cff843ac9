"""KILL while its ways are cut: the broker is out of reach, the ledger is down, or both."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal

from msgspec import Struct

from tests.chaos.load import PROBE_LIMIT, probes
from tests.chaos.people import ask, command
from tests.chaos.rows.broker import SETTLING, journal, working
from tests.chaos.run import LEASE_SECONDS, Run
from tests.chaos.told import requested, told
from tradewire.errors import Unavailable
from tradewire.messages.control import ControlReply

_LIMIT_SECONDS = 30.0
_POLL_SECONDS = 0.05
_KILL = "kill"
_RESTING = 3
"""Of the orders that rest, how many must work before KILL."""


class Outage(Struct, frozen=True):
    """What is down when a person says KILL: the link to the broker; the ledger, frozen or without its database.

    `router_dies`: the router is killed meanwhile. `seconds` is how long it lasts at least.
    """

    broker: bool = False
    ledger: Literal["", "frozen", "without Postgres"] = ""
    router_dies: bool = False
    seconds: float = 2.5


_OUTAGES = (
    Outage(broker=True),
    Outage(ledger="frozen"),
    Outage(broker=True, ledger="frozen"),
    Outage(broker=True, router_dies=True),
    Outage(ledger="without Postgres", seconds=LEASE_SECONDS),
)


async def killed_while_down(run: Run) -> None:
    """KILL while the broker or the ledger is down: it holds, nothing is sent after it, and what works is canceled as
    soon as the broker can be reached, with or without a ledger. When a person resumes, orders flow again.
    """
    outage = _OUTAGES[run.seed % len(_OUTAGES)]
    async with run.load():
        await run.pause(0.3, 0.8)
        await _rest(run)
        async with _ledger_down(run, outage):
            killing = asyncio.create_task(_try(run))
            killed_at = time.time_ns() // 1_000
            if outage.broker:
                await _through_a_cut_link(run, outage)
            else:
                await asyncio.sleep(outage.seconds)
            await _until(lambda: not working(run), "the broker shows no working order after KILL")
            if outage.ledger:
                run.hit(len(_canceled_in_panic(run)))
        await _recorded(run, killing)
        if late := [line for line in journal(run, "received") if line["at"] > killed_at + SETTLING]:
            run.notes.append(f"{len(late)} orders were sent more than a second after KILL")
        await command(run, "resume", scope="global", reason="chaos is over")
        await run.quiet()  # until what is Unknown has been settled, its symbols take nothing new
        await run.extra(probes(f"{run.prefix}-new"))
    await _judge_log(run, panicked=bool(outage.ledger))


async def _through_a_cut_link(run: Run, outage: Outage) -> None:
    """The link is cut as KILL is said, for some seconds; what works until then, KILL has not reached."""
    link = run.system.links["router.paper"]
    link.down()
    try:
        if outage.router_dies:
            await run.system.processes["router"].kill()
        await asyncio.sleep(outage.seconds)
        run.hit(len(_resting(run)))
    finally:
        healed_at = time.time_ns() // 1_000
        link.heal()
    await _until(lambda: bool(_asked(run, healed_at)), "the broker is asked for something again")
    if (first := _asked(run, healed_at)[0]) != "cancel_received":
        run.notes.append(f"the first thing that the broker was asked for after its return was {first}, not a cancel")


async def _rest(run: Run) -> None:
    """Has orders work that nothing fills; the load may cancel some of them again, and then others are sent."""

    def enough() -> bool:
        return len(_resting(run)) >= _RESTING

    words = "the orders that are to be canceled work at the broker"
    await run.extra(probes(f"{run.prefix}-rest"))
    try:
        await _until(enough, words, _LIMIT_SECONDS / 3)
    except AssertionError:
        await run.extra(probes(f"{run.prefix}-again"))
        await _until(enough, words, _LIMIT_SECONDS * 2 / 3)


def _resting(run: Run) -> set[str]:
    """The working orders that nothing fills."""
    orders = (line["order"] for line in journal(run, "received"))
    return working(run) & {each["client_order_id"] for each in orders if each.get("limit_price") == PROBE_LIMIT}


def _asked(run: Run, after: int) -> list[str]:
    return [line["kind"] for line in journal(run, "received", "cancel_received") if line["at"] > after]


@asynccontextmanager
async def _ledger_down(run: Run, outage: Outage) -> AsyncIterator[None]:
    """The ledger is down while the context lasts, where the outage says so."""
    sequencer, postgres = run.system.processes["sequencer"], run.system.engines.postgres
    if outage.ledger == "frozen":
        sequencer.freeze()
    elif outage.ledger:
        await postgres.stop()
    try:
        yield
    finally:
        if outage.ledger == "frozen":
            sequencer.thaw()
        elif outage.ledger:
            await postgres.start()


async def _try(run: Run) -> ControlReply | None:
    """Says KILL once; None when there was no answer."""
    try:
        return await ask(run, _KILL, reason="chaos")
    except Unavailable:
        return None


async def _recorded(run: Run, killing: "asyncio.Task[ControlReply | None]") -> None:
    """Says KILL again, as the same request, until the log has it."""
    reply = await killing
    async with asyncio.timeout(_LIMIT_SECONDS):
        while reply is None or not reply.ok:
            await asyncio.sleep(0.5)
            reply = await _try(run)


def _canceled_in_panic(run: Run) -> set[str]:
    """What the router's own journal of this KILL says that it canceled, by client order id.

    An order that was over when the cancel came was filled before; the log is compared with the broker's journal anyway.
    """
    file = run.system.folder / "router-paper-panic.jsonl"
    entries: list[dict[str, Any]] = [json.loads(line) for line in file.read_bytes().splitlines()]
    ours = [entry["outcomes"] for entry in entries if f"{run.prefix}-{_KILL}" in entry["requests"]]
    return {order for outcomes in ours for order, outcome in outcomes.items() if outcome != "already_terminal"}


async def _judge_log(run: Run, *, panicked: bool) -> None:
    """Nothing was begun between KILL and its end; what was canceled without a ledger is in the log; orders flow."""
    names = {order: asked.data["signal_id"] for order, asked in (await requested(run)).items()}
    log = await told(run.system, "Halted", "Resumed", "OrderSubmitStarted", "OrderCanceled")
    halts = [each.pos for each in log if each.type == "Halted" and each.data["request"] == f"{run.prefix}-{_KILL}"]
    ends = [each.pos for each in log if each.type == "Resumed" and each.data["request"] == f"{run.prefix}-resume"]
    if len(halts) != 1 or len(ends) != 1:
        run.notes.append(f"KILL is in the log {len(halts)} times and its end {len(ends)} times")
        return
    begun = {each.pos: names.get(each.data["order"], "") for each in log if each.type == "OrderSubmitStarted"}
    if wrong := [name for pos, name in begun.items() if halts[0] < pos < ends[0]]:
        run.notes.append(f"{', '.join(wrong)} was begun after KILL")
    if not any(pos > ends[0] and name.startswith(f"{run.prefix}-new") for pos, name in begun.items()):
        run.notes.append("nothing flowed after KILL was lifted")
    if panicked:
        canceled = {each.data["client_order_id"] for each in log if each.type == "OrderCanceled"}
        if missing := _canceled_in_panic(run) - canceled:
            run.notes.append(f"{len(missing)} orders were canceled without a ledger, and the log was never told")


async def _until(condition: Callable[[], bool], words: str, seconds: float = _LIMIT_SECONDS) -> None:
    try:
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        raise AssertionError(f"not within {seconds:g} s: {words}") from None
