"""Answers to calls: lost, late, refused by a gateway, too many, unreadable; and the router dies before one comes."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from tests.chaos.alpaca import LISTS, POST, UPDATES
from tests.chaos.load import probes
from tests.chaos.rows.at_alpaca.resting import cancels, rest
from tests.chaos.rows.halts import unhalted
from tests.chaos.rows.services import AFTER_SEND, BEFORE_SEND
from tests.chaos.run import Run

LOOKUP = "GET /v2/orders:by_client_order_id"
FILLS = "GET /v2/account/activities/FILL"
ANY = "* /v2/*"
_MOST = 10
"""At the latest at which passage a router is killed."""
_LOST = ("drop_after", "reset_after", "cut_after", "hang_after")
_PAGE = "<html><body><h1>{0}</h1></body></html>"
_GATEWAY = (504, 502, 500, 503)
_UNREADABLE = (
    "",
    "null",
    "[]",
    "{}",
    '{"id": "9',
    _PAGE.format("200 OK"),
    '{"id": "61e69015-8549-4bfd-b9c3-01e75843f47d", "client_order_id": "of-another", "status": "new"}',
    '{"id": 7, "status": "quantum"}',
)
_SHAPELESS = ("null", "{}", '[{"id": 1}]', '[{"id": "a", "qty": "many"', _PAGE.format("200 OK"))
_SECONDS = 30.0
_WAITED = 800_000
"""How long (µs) nothing may be asked after a refusal; it says a second, or nothing, which is taken for longer."""
_UNDER_WAY = 4
"""How many calls can be on their way when a refusal is heard: two in each of the other lanes."""


@unhalted
async def router_dies_before_the_send(run: Run) -> None:
    """The router is killed around its OrderSubmitStarted and before Alpaca is called."""
    await run.dies_at("router", BEFORE_SEND[run.seed % len(BEFORE_SEND)], most=_MOST)


@unhalted
async def router_dies_before_the_answer(run: Run) -> None:
    """The router is killed while Alpaca has the order and has not answered, or before what it answered is in the log.

    Every third time the stream tells nothing of it, so that only asking finds it.
    """
    way = run.seed % 3
    if way == 2:
        await run.dies_at("router", AFTER_SEND[run.seed // 3 % len(AFTER_SEND)], most=_MOST)
        return
    twin = run.system.twin
    async with run.load():
        await run.pause(0.2, 1.0)
        deaf = await twin.arm("lose", UPDATES, times=0) if way else 0
        number = await twin.arm("wait_after", POST, nth=run.random.randint(1, 5), times=0)
        async with asyncio.timeout(_SECONDS):
            while not (bitten := await twin.bitten(number)):
                await asyncio.sleep(0.01)
        if await run.system.processes["router"].kill():
            run.hit(bitten)
        for each in filter(None, (number, deaf)):
            await twin.disarm(each)


@unhalted
async def answer_lost(run: Run) -> None:
    """Alpaca has the order and its answer is lost: Unknown, found by asking, never sent again."""
    async with run.load():
        for kind in run.random.sample(_LOST, 3):
            async with run.system.twin.armed(run.hit, kind, POST, times=2):
                await run.pause(0.5, 1.2)


@unhalted
async def placed_late(run: Run) -> None:
    """Alpaca takes orders seconds after their time-out, and answers nobody: nothing is sent again meanwhile."""
    late = run.random.randint(1200, 3500)
    async with run.load():
        await run.pause(0.2, 0.8)
        times = run.random.randint(1, 3)
        async with run.system.twin.armed(run.hit, "delay_before", POST, times=times, milliseconds=late):
            await asyncio.sleep(late / 1000 + 0.5)


@unhalted
async def gateway_error(run: Run) -> None:
    """A gateway answers 504 and the like for orders that were taken, and for others that were not; the client of the
    vendor would send both again by itself.
    """
    async with run.load():
        for kind in ("status_after", "status_before", "status_after"):
            status = run.random.choice(_GATEWAY) if kind == "status_before" else _GATEWAY[run.seed % 2]
            page = {"body": _PAGE.format(status), "content_type": "text/html"} if run.random.random() < 0.5 else {}
            async with run.system.twin.armed(run.hit, kind, POST, times=2, status=status, **page):
                await run.pause(0.6, 1.2)


@unhalted
async def too_many(run: Run) -> None:
    """429 with and without Retry-After, of calls that were done as well, and a burst of 5xx on everything.

    Orders that are to be canceled meanwhile are canceled, and after each refusal nothing is asked for a while.
    """
    twin, began = run.system.twin, time.time_ns() // 1_000
    body = '{"code": 42910000, "message": "rate limit exceeded"}'
    waits: tuple[Mapping[str, str], ...] = ({"Retry-After": "1"}, {})
    async with run.load():
        await rest(run)
        for kind, on, headers in (("status_before", ANY, waits[0]), ("status_after", POST, waits[run.seed % 2])):
            async with twin.armed(run.hit, kind, on, times=2, status=429, body=body, headers=headers):
                await run.extra(cancels(run, kind))
                await run.pause(0.8, 1.4)
        async with twin.armed(run.hit, "status_before", ANY, times=12, status=run.random.choice(_GATEWAY)):
            await run.pause(0.8, 1.4)
    refusals = [each["at"] for each in twin.frames("out", began) if each.get("status") == 429]
    asked = [each["at"] for each in twin.frames("in", began) if _counts(each)]
    for at in refusals:
        if len(soon := [each for each in asked if at < each < at + _WAITED]) > _UNDER_WAY:
            run.notes.append(f"{len(soon)} calls came in the {_WAITED / 1e6:g} s after one was refused with 429")


def _counts(frame: dict[str, Any]) -> bool:
    """Whether a frame is a call that Alpaca counts."""
    return frame["via"] == "http" and str(frame["path"]).startswith("/v2/") and frame["path"] != "/v2/iex"


@unhalted
async def unreadable(run: Run) -> None:
    """200 with something that is no order, is cut off, or is about another one; then lists, look-ups and executions
    that cannot be read, and states that nobody knows.
    """
    twin = run.system.twin
    async with run.load(seconds=4.0):
        for number, body in enumerate(run.random.sample(_UNREADABLE, 4)):
            async with twin.armed(run.hit, "status_after", POST, times=4, status=200, body=body):
                # Some of these orders rest, and are to be canceled in the end: by their right names.
                await run.extra(probes(f"{run.prefix}-{number}"))
                await run.pause(0.3, 0.6)
        for on in (LOOKUP, LISTS, FILLS):
            shapeless = twin.armed(run.hit, "status_before", on, times=3, status=200, body=_shapeless(run, on))
            async with twin.armed(run.hit, "drop_after", POST), shapeless:
                await run.pause(0.4, 0.8)
        run.hit(await _unknown_states(run))


def _shapeless(run: Run, on: str) -> str:
    """A body that is no answer to a call; an empty list would be one to a list."""
    return run.random.choice([*_SHAPELESS, "[]"] if on == LOOKUP else _SHAPELESS)


async def _unknown_states(run: Run) -> int:
    """Orders that rest are said to be in a state that nobody knows, and then as they are; returns how many."""
    orders: list[dict[str, Any]] = await rest(run, "quantum")
    for order in orders:
        await run.system.twin.do("restate", order=order["id"], status="quantum")
    await run.pause(0.5, 2.5)
    ledger = await run.system.twin.ledger()
    strange = [order["id"] for order in ledger["orders"] if order["status"] == "quantum"]
    for order_id in strange:
        await run.system.twin.do("restate", order=order_id, status="new")
    return len(strange)
