"""Faults of the doors: ingest dies, a publisher dies, two ingests, poison."""

import asyncio
from typing import Any

import msgspec

from tests.chaos.run import Run
from tests.chaos.system import PERSON

POINTS = ("ingest.before_append", "ingest.after_append", "ingest.before_ack")


async def dies(run: Run) -> None:
    """Ingest is killed before its append, after it, or before the acknowledgement; every fourth time the publisher is.

    Whoever got no acknowledgement sends the same id again.
    """
    turn = run.seed % (len(POINTS) + 1)
    if turn < len(POINTS):
        await run.dies_at("ingest", POINTS[turn])
        return
    async with run.load():
        for _ in range(3):
            await run.pause(0.2, 0.6)
            await run.publisher.die()
            run.hit()


async def two_with_the_same_key(run: Run) -> None:
    """Two ingests run, every signal is published three times at once, and the one that works is killed or stopped."""
    system, publisher = run.system, run.publisher
    publisher.copies = 3
    second = system.launch("ingest", "ingest-two")
    try:
        await second.until_alive()
        async with run.load():
            await run.pause()
            first = system.processes["ingest"]
            leader = first if await first.ready() else second
            run.hit(await leader.kill() if run.seed % 2 else await leader.restart())
            await run.pause()
    finally:
        await system.dismiss("ingest-two")
        await system.until_ready()


async def poison(run: Run) -> None:
    """What is no signal, no quote and no command, between good ones: each is refused once, and the others flow."""
    system = run.system
    strategy, feed = await system.bus("strategy-momo"), await system.bus("feed")
    person, ingest = await system.bus(f"person-{PERSON}"), await system.bus("ingest")
    before = await _refused(run)
    sent = 0
    async with run.load():
        for body in run.random.sample(_POISON, len(_POISON)):
            answer = msgspec.json.decode((await strategy.request("signals.momo", body, timeout=5)).data)
            sent += "seq" in answer
            noise = run.random.choice(_POISON)
            await feed.publish("quotes.test.AAPL", noise)
            await person.publish(f"control.kill.{PERSON}.x" if not noise else f"control.approve.{PERSON}", noise)
            await person.publish(f"ledger.{system.engines.shard}.query.orders", noise)
            await ingest.publish(f"ledger.{system.engines.shard}.append.ingest", noise)
            await ingest.publish(f"ledger.{system.engines.shard}.lease.ingest", noise)
            await ingest.publish(f"ledger.{system.engines.shard}.snapshot", noise)
            await asyncio.sleep(0.05)
    for bus in (strategy, feed, person, ingest):
        await bus.close()
    refused = await _refused(run) - before
    run.hit(refused)
    if refused != sent:
        run.notes.append(f"{sent} poisoned signals were taken and {refused} refused")


async def _refused(run: Run) -> int:
    connection: Any = await run.system.database()
    try:
        return int(await connection.fetchval("select count(*) from ledger.event where type = 'SignalRefused'"))
    finally:
        await connection.close()


_GOOD = b'{"id":"%b","symbol":"AAPL","action":"buy","quantity":%b}'
_POISON: list[bytes] = [
    b"",
    b"\xff\xfe\x00",
    b"\xef\xbb\xbf{}",
    b"{",
    b"null",
    b"[]",
    b'"text"',
    b"{} {}",
    b"[" * 2000,
    b'{"a":' * 2000,
    b'{"id":"x","id":"y","symbol":"AAPL","action":"buy","quantity":1}',
    b'{"id":"\xed\xa0\x80","symbol":"AAPL","action":"buy","quantity":1}',
    _GOOD % (b"p", b"NaN"),
    _GOOD % (b"p", b'"Infinity"'),
    _GOOD % (b"p", b'"1e999999"'),
    _GOOD % (b"p", b'"1_000"'),
    _GOOD % (b"p", b'" 1 "'),
    _GOOD % (b"p", b"-1"),
    _GOOD % (b"p", b"true"),
    _GOOD % (b"p", b"9" * 5000),
    _GOOD % (b"../x", b"1"),
    _GOOD % (b"a\\n", b"1"),
    _GOOD % (b"", b"1"),
    _GOOD % (b"x" * 100, b"1"),
    b'{"id":"p","symbol":"aapl","action":"buy","quantity":1}',
    b'{"id":"p","symbol":"AAPL","action":"BUY","quantity":1}',
    b'{"id":"p","symbol":"AAPL","action":"buy","quantity":1,"acount":"paper"}',
    b'{"id":"p","symbol":"AAPL","action":"buy","quantity":1,"account":"nobody"}',
    b'{"id":"p","symbol":"AAPL","action":"buy","quantity":"{{strategy.order.contracts}}"}',
    b"x" * 20_000,
]
