"""Faults that befall any process: a rolling restart, a freeze, two routers, other settings."""

import asyncio

from tests.chaos.kept import Name
from tests.chaos.rows.reloading import reload
from tests.chaos.run import Run
from tests.chaos.system import ALL

LEASED = ("router", "risk", "ingest")
RELOADING: tuple[Name, ...] = ("sequencer", "reader", "risk", "ingest", "router")
"""The paper broker takes only its log's level anew, and says nothing of it."""
FROZEN_SECONDS = 13.0
LONG_SECONDS = 26.0
"""Longer than NATS keeps the connection of a client that does not answer its pings."""
_DENIED_FOR_QUANTITY = """
select count(*) from ledger.event d join ledger.event s on s.correlation_id = d.correlation_id
where d.type = 'OrderDenied' and convert_from(d.data, 'UTF8') like '%QTY_ABOVE_MAX%'
and s.type = 'SignalReceived' and convert_from(s.data, 'UTF8') like '%' || $1 || '%'
"""


async def rolling_restart(run: Run) -> None:
    """SIGTERM to every process, one after another: each drains, and nothing is lost."""
    system = run.system
    async with run.load(seconds=5.0):
        for name in run.random.sample(ALL, len(ALL)):
            if not await system.processes[name].restart():
                run.notes.append(f"{name} did not drain and was killed")
            run.hit()
            await system.until_ready()


async def frozen(run: Run) -> None:
    """SIGSTOP of one process, for longer than a lease where it holds one, and SIGCONT."""
    system = run.system
    name = ALL[run.seed % len(ALL)]
    async with run.load(seconds=4.0):
        await run.pause(0.2, 1.0)
        run.hit(system.processes[name].freeze())
        try:
            seconds = FROZEN_SECONDS if name in LEASED else run.random.uniform(3.5, 6)
            await asyncio.sleep(LONG_SECONDS if run.seed // len(ALL) % 3 == 2 else seconds)
        finally:
            system.processes[name].thaw()


async def old_router_wakes(run: Run) -> None:
    """The router freezes between its intent and the broker call; another takes over; then the old one wakes up.

    Every third time it freezes anywhere.
    """
    system = run.system
    second = None
    if run.seed % 3 == 2:
        system.faults_file.unlink(missing_ok=True)
    else:
        await run.armed("router", "router.after_submit_started", run.random.randint(5, 30), action="stop")
    first = system.processes["router"]
    try:
        second = system.launch("router", "router-two")
        await second.until_alive()
        async with run.load(seconds=4.0):
            if run.seed % 3 == 2:
                await run.pause()
                run.hit(first.freeze())
            else:
                await run.until_struck()
            await _taken_over(run, "router-two")
            await run.pause(0.5, 1.5)
            first.thaw()
    finally:
        first.thaw()
        await system.dismiss("router-two")
        await system.until_ready()


async def _taken_over(run: Run, nickname: str) -> None:
    async with asyncio.timeout(30):
        while not await run.system.processes[nickname].ready():
            await asyncio.sleep(0.1)


async def reconfigured(run: Run) -> None:
    """Settings are reloaded during the load: bad ones are refused and change nothing, good ones are an event."""
    system = run.system
    bad = run.random.choice((
        system.settings_text() + "\n[nonsense]\nkey = 1\n",
        system.settings_text(max_order_quantity="-5"),
        system.settings_text(max_order_quantity="many"),
        "[risk\n",
    ))  # fmt: skip
    async with run.load():
        await run.pause(0.2, 0.6)
        run.hit(await reload(run, bad, "settings not reloaded, the old ones stay", ALL))
        await run.pause(0.2, 0.6)
        run.hit(await reload(run, system.settings_text(max_order_quantity="4"), "settings reloaded", RELOADING))
        await run.pause(0.5, 1.0)
        await reload(run, system.settings_text(), "settings reloaded", RELOADING)
    connection = await system.database()
    denied = await connection.fetchval(_DENIED_FOR_QUANTITY, run.prefix + "-")
    await connection.close()
    if not denied:
        run.notes.append("a smaller limit was set during the load and denied nothing")
