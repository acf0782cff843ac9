"""Two builds at once: what one of them approved, the other one does not send."""

import asyncio

from tests.chaos.kept import Name
from tests.chaos.run import Run

OLD = "0.0.1+0ld"
_CANCELED = """
select count(*) from ledger.event
where type = 'OrderCanceledLocally' and convert_from(data, 'UTF8') like '%BUILD_MISMATCH%'
"""
_MIXED = """
select a.stream from ledger.event a join ledger.event s on s.stream = a.stream
where a.type = 'OrderApproved' and s.type = 'OrderSubmitStarted' and s.pos > a.pos
and convert_from(a.data, 'UTF8')::jsonb ->> 'build' is distinct from convert_from(s.data, 'UTF8')::jsonb ->> 'build'
and not exists (
  select from ledger.event b where b.stream = a.stream and b.type = a.type and b.pos between a.pos + 1 and s.pos
)
"""


async def mixed(run: Run) -> None:
    """The ledger and risk, or every other time the ledger and the router, are started with another build during the
    load, and then with the right one: an upgrade that is half done.

    The router says so and sends nothing meanwhile; what the other build approved is canceled, and never sent.
    """
    system = run.system
    parts: tuple[Name, Name] = ("sequencer", "router" if run.seed % 2 else "risk")
    before = await _ask(run, _CANCELED)
    async with run.load():
        await run.pause(0.2, 0.6)
        for name in parts:  # the ledger first, which gives its lease to nobody of another build
            await system.processes[name].restart({"TRADEWIRE_BUILD": OLD})
        try:
            async with asyncio.timeout(30):
                while "BUILD_MISMATCH" not in "".join((await system.processes["router"].problems()).values()):
                    await asyncio.sleep(0.05)
            await run.pause(0.5, 2.0)
        finally:
            for name in parts:
                await system.processes[name].restart()
    run.hit(await _ask(run, _CANCELED) - before)
    if sent := await _ask(run, f"select count(*) from ({_MIXED}) sent"):
        run.notes.append(f"{sent} approvals were sent by a router of another build")


async def _ask(run: Run, question: str) -> int:
    connection = await run.system.database()
    try:
        return int(await connection.fetchval(question))
    finally:
        await connection.close()
