"""The schedule of backups under `tradewire up`: one each `backup.every`, in a process of its own. Wiring only."""

import asyncio
import contextlib
import sys
import time

from tradewire.errors import ConfigError, Unavailable
from tradewire.runtime.service import Service, run
from tradewire.runtime.tasks import end_tasks
from tradewire.settings import Settings
from tradewire_ledger.access import access_of
from tradewire_ledger.backup.make import connected
from tradewire_ledger.backup.records import Known, begun, due_at, known
from tradewire_ledger.lost import LOST

LOOK_SECONDS = 5.0
_STOP_SECONDS = 5.0


async def serve(service: Service) -> None:
    """Makes a backup whenever one is due, until the process is to stop."""
    access_of(service.settings.postgres, "reader_dsn")  # says at the start what is not set
    stopping = asyncio.ensure_future(service.stopping.wait())
    while not service.stopping.is_set():
        work = asyncio.ensure_future(_once(service))
        await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            await end_tasks(work)
            return
        work.result()
        await asyncio.wait({stopping}, timeout=LOOK_SECONDS)


async def _once(service: Service) -> None:
    """Looks whether one is due, and makes it."""
    backup = service.settings.backup
    try:
        last, is_there = await _last(service.settings)
    except (ConfigError, Unavailable) as error:
        service.health.set("postgres", str(error))
        return
    service.health.set("postgres", None)
    service.health.started()
    _say(service, last)
    if not is_there or not backup.to or due_at(last, backup.every, _now()) > _now():
        return
    service.log.info("a backup begins", to=backup.to)
    code, said = await _make()
    words = said.strip().splitlines()
    if code == 0:
        service.log.info("a backup is made and verified", what=words[0] if words else "")
    else:
        service.log.error("a backup failed", code=code, why=words[-1] if words else "")
    with contextlib.suppress(ConfigError, Unavailable):
        _say(service, (await _last(service.settings))[0])


def _say(service: Service, last: Known) -> None:
    """Tells people when the last good backup is older than it should be."""
    backup = service.settings.backup
    late = last.tried_at > last.succeeded_at or (last.succeeded_at and _now() - last.succeeded_at > 2 * backup.every)
    if not late:
        service.health.note("backup", "")
    elif last.succeeded_at:
        hours = (_now() - last.succeeded_at) / 3.6e9
        service.health.note("backup", f"the last good backup is {hours:.1f} h old; its log says why")
    else:
        service.health.note("backup", "none was ever made, and the last try failed; its log says why")


async def _last(settings: Settings) -> tuple[Known, bool]:
    """The backups on record, and whether there is a log."""
    connection = await connected(settings, "reader_dsn")
    try:
        return await known(connection, settings.backup.to), await begun(connection)
    except LOST as error:
        raise Unavailable(f"Postgres: {str(error) or type(error).__name__}") from error
    finally:
        connection.terminate()


async def _make() -> tuple[int, str]:
    """Runs the ledger's own program, so that a large log takes memory and time of nobody else."""
    program = (sys.executable, "-m", "tradewire_ledger", "backup")
    process = await asyncio.create_subprocess_exec(
        *program, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.terminate()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), _STOP_SECONDS)
            if process.returncode is None:
                process.kill()
                await process.wait()
    return process.returncode or 0, said.decode(errors="replace")


def _now() -> int:
    return time.time_ns() // 1_000


def main() -> None:
    """The console script."""
    run("backup", serve)


if __name__ == "__main__":
    main()
