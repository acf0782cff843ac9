"""Faults of what NATS keeps: its disk is full, SIGNALS is full, the log's stream has dropped old frames."""

import asyncio
from collections.abc import Callable
from typing import Any

from tests.chaos.kept_nats import KeptNats
from tests.chaos.rows.reloading import reload
from tests.chaos.run import Run
from tests.chaos.small_disk import fill
from tradewire import subjects
from tradewire.bus import Message

FULL = 10077
"""JetStream's code for `maximum bytes exceeded`."""
_SIGNALS = subjects.SIGNALS_STREAM
_USUAL_BYTES = 1 << 30
_LOG_BYTES = 60_000


async def until(holds: Callable[[], bool], seconds: float) -> bool:
    """Waits for something; False when it did not come about."""
    try:
        async with asyncio.timeout(seconds):
            while not holds():
                await asyncio.sleep(0.05)
    except TimeoutError:
        return False
    return True


async def disk_full(run: Run) -> None:
    """The disk of NATS is full: publishers see time-outs, also when there is space again.

    The supervisor finds it by a publish of its own and starts nats-server anew, and nothing that was acknowledged is
    gone.
    """
    nats = run.system.engines.nats
    assert isinstance(nats, KeptNats)
    starts, silent = nats.starts, run.publisher.refused
    async with run.load(seconds=4.0):
        await run.pause(0.2, 1.0)
        before = silent[0]
        ballast = await fill(run.system.folder / "nats" / "store")
        try:
            if await until(lambda: silent[0] > before, 20):
                run.hit(silent[0] - before)
            await asyncio.sleep(run.random.uniform(0, 12))
        finally:
            ballast.unlink()
    if nats.starts == starts:
        run.notes.append("nats-server was not started anew")


async def signals_full(run: Run) -> None:
    """SIGNALS reaches its size while nobody takes from it: it refuses by its code, drops nothing, and grows when told.

    Ingest says so before, in its notes and its log.
    """
    system = run.system
    ingest = system.processes["ingest"]
    info = await system.admin.api(f"STREAM.INFO.{_SIGNALS}")
    first = max(info["state"]["first_seq"], 1)
    full = info["state"]["bytes"] + run.random.randint(4_000, 12_000)
    await _resize(run, full)
    try:
        async with run.load():
            ingest.freeze()
            refused = run.publisher.refused
            try:
                await until(lambda: refused[FULL] > 0, 10)
                await asyncio.sleep(run.random.uniform(0.2, 1))
            finally:
                ingest.thaw()
            run.hit(refused[FULL])
            now = await system.admin.api(f"STREAM.INFO.{_SIGNALS}")
            if (now["config"]["discard"], now["state"]["first_seq"]) != ("new", first):
                run.notes.append(f"SIGNALS dropped what it held up to {now['state']['first_seq']}")
            if others := {code for code in refused if code not in {FULL, 0}}:
                run.notes.append(f"publishers were refused by {sorted(others)} and not by {FULL} alone")
            await _said_to_be_full(run)
            await _resize(run, _USUAL_BYTES)
    finally:
        ingest.thaw()
        await _resize(run, _USUAL_BYTES)


async def _said_to_be_full(run: Run) -> None:
    async with asyncio.timeout(20):
        while "ingest.stream_max_bytes" not in (await run.system.processes["ingest"].notes()).get("signals", ""):
            await asyncio.sleep(0.1)


async def _resize(run: Run, most: int) -> None:
    """Sets the size of SIGNALS as a person does, in the settings, and waits until the stream has it."""
    await reload(
        run, run.system.settings_text(**{"ingest.stream_max_bytes": str(most)}), "settings reloaded", ["ingest"]
    )
    async with asyncio.timeout(20):
        while (await run.system.admin.api(f"STREAM.INFO.{_SIGNALS}"))["config"]["max_bytes"] != most:
            await asyncio.sleep(0.05)


async def log_dropped(run: Run) -> None:
    """The log's stream drops its oldest frames, as it may, while a process is cut off: that one takes a snapshot."""
    system = run.system
    name = ("risk", "router")[run.seed % 2]
    link, asked = system.links[f"{name}.nats"], 0
    stream = subjects.log_stream(system.engines.shard)

    def hear(message: Message) -> None:
        nonlocal asked
        asked += message.reply.startswith(f"_INBOX.{name}.")

    async def log(**config: int) -> dict[str, Any]:
        now = await system.admin.api(f"STREAM.INFO.{stream}")
        if config:
            await system.admin.api(f"STREAM.UPDATE.{stream}", {**now["config"], **config})
        return now

    usual = (await log(max_bytes=_LOG_BYTES))["config"]["max_bytes"]
    heard = await system.admin.subscribe(subjects.snapshot(system.engines.shard), hear)
    try:
        async with run.load(seconds=4.0):
            await run.pause(0.2, 0.6)
            link.down()
            last = (await log())["state"]["last_seq"]
            async with asyncio.timeout(20):
                while (await log())["state"]["first_seq"] <= last + 1:
                    await asyncio.sleep(0.1)
            before = asked
            link.heal()
            await until(lambda: asked > before, 20)
            run.hit(asked - before)
    finally:
        link.heal()
        await heard.stop()
        await log(max_bytes=usual)
