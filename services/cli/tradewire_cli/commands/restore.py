"""`tradewire restore`: the log from a backup, under a new name, halted until a person resumes."""

import asyncio
from typing import Annotated

import typer

from tradewire import subjects
from tradewire.settings import Nats, Settings
from tradewire_cli.commands.backup import run_ledger, surroundings
from tradewire_cli.commands.ledger import remove
from tradewire_cli.commands.options import ConfigOption, DataOption
from tradewire_cli.engines.alone import nats_alone, postgres_alone
from tradewire_cli.engines.folder import DataFolder
from tradewire_cli.exits import Exit, Failed
from tradewire_cli.finding import config_file
from tradewire_cli.up.lock import hold
from tradewire_cli.up.options import UpOptions
from tradewire_cli.up.plan import read_settings

_THEN = """then:
  tradewire up                              each account is compared with its broker: orders and executions that came
                                            after the backup are fetched and adopted, and nothing is sent twice
  tradewire reconcile show                  what still differs
  tradewire resume global --reason "..."    only when you have looked"""


def restore(
    source: Annotated[
        str, typer.Argument(metavar="FROM", help="A backup, or a folder or s3://bucket/folder: its newest one.")
    ],
    replace: Annotated[bool, typer.Option("--replace", help="Throw away the log that Postgres holds.")] = False,
    data: DataOption = None,
    config: ConfigOption = None,
) -> int:
    """Make the log from a backup while nothing runs. It is another log then, and everything is halted.

    Postgres must be empty unless --replace is given. A file that is damaged or not whole is refused.
    """
    settings, folder = read_settings(UpOptions(config=config_file(config), data=data))
    environment = surroundings(folder, config)
    arguments = ["restore", source, *(["--replace"] if replace else [])]
    folder.create()
    with hold(folder.lock):
        code = asyncio.run(_restore(settings, folder, arguments, environment))
    if code == Exit.DONE:
        print(_THEN)
    return code


async def _restore(settings: Settings, folder: DataFolder, arguments: list[str], environment: dict[str, str]) -> int:
    if settings.postgres.dsn:
        if not settings.postgres.admin_dsn:
            raise Failed(Exit.WRONG_USE, "postgres.admin_dsn is not set: only the owner of the tables can restore them")
        return await _into(settings, folder, arguments, environment)
    async with postgres_alone(folder) as server:
        await server.create_roles()
        dsn = server.dsn("tradewire_admin")
        return await _into(settings, folder, arguments, environment | {"TRADEWIRE_POSTGRES_ADMIN_DSN": dsn})


async def _into(settings: Settings, folder: DataFolder, arguments: list[str], environment: dict[str, str]) -> int:
    # What would be refused is refused before anything of NATS is touched: a system that runs goes on as it was.
    if code := await asyncio.to_thread(run_ledger, [*arguments, "--look"], environment, quiet=True):
        return code
    # Then NATS, because whatever ends this after it is harmless: the next start makes both again from Postgres.
    if settings.nats.nkey_file:
        await _forget(settings.nats, settings.shard)
    else:
        async with nats_alone(folder, settings.shard) as nats:
            await _forget(nats, settings.shard)
    return await asyncio.to_thread(run_ledger, arguments, environment)


async def _forget(nats: Nats, shard: str) -> None:
    """Throws away the old log's stream, and ingest's place in SIGNALS, so that it reads again what the log lacks."""
    consumer = f"CONSUMER.DELETE.{subjects.SIGNALS_STREAM}.ingest-{shard}"
    await remove(nats, f"STREAM.DELETE.{subjects.log_stream(shard)}", consumer)
