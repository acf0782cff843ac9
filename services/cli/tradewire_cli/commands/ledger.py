"""`tradewire ledger`: what a person does to the ledger by hand, which is hardly ever anything."""

import asyncio
import sys
from typing import Annotated

import typer

from tradewire import subjects
from tradewire.bus import Bus, JetStreamError
from tradewire.settings import Nats, Settings
from tradewire_cli.client import CONNECT_SECONDS
from tradewire_cli.commands.options import ConfigOption, DataOption
from tradewire_cli.engines.alone import nats_alone
from tradewire_cli.engines.folder import DataFolder
from tradewire_cli.exits import Exit, Failed
from tradewire_cli.finding import config_file
from tradewire_cli.up.lock import hold
from tradewire_cli.up.options import UpOptions
from tradewire_cli.up.plan import read_settings

ledger = typer.Typer(no_args_is_help=True)

_NOT_FOUND = frozenset({10014, 10059})
"""No such consumer, no such stream."""


@ledger.callback()
def group() -> None:
    """Mend the ledger by hand."""


@ledger.command("reset-stream")
def reset_stream(
    confirm: Annotated[
        str, typer.Option(metavar="STREAM", help="The stream's name, for scripts; else it is asked.")
    ] = "",
    data: DataOption = None,
    config: ConfigOption = None,
) -> None:
    """Throw the log's stream away; the next start makes it again from Postgres, which stays as it is.

    For when `tradewire up` ends with 3 because stream and Postgres contradict each other. Nothing committed is lost.
    """
    settings, folder = read_settings(UpOptions(config=config_file(config), data=data))
    stream = subjects.log_stream(settings.shard)
    warning = "What Postgres has not got is lost with it, and may be traded again; `tradewire restore` is the way then."
    typed = confirm or _typed(f"{warning}\nType {stream} to throw that stream away: ")
    if typed != stream:
        raise Failed(Exit.WRONG_USE, f"{typed!r} is not {stream}, so nothing was done")
    asyncio.run(_reset(settings, folder, stream))
    print(f"{stream} is gone; `tradewire up` makes it again")


def _typed(question: str) -> str:
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


async def _reset(settings: Settings, folder: DataFolder, stream: str) -> None:
    if settings.nats.nkey_file:
        await remove(settings.nats, f"STREAM.DELETE.{stream}")
        return
    folder.create()
    with hold(folder.lock):
        async with nats_alone(folder, settings.shard) as nats:
            await remove(nats, f"STREAM.DELETE.{stream}")


async def remove(nats: Nats, *requests: str) -> None:
    """Asks JetStream to delete what these requests name; what is not there is gone already. Raises Unavailable."""
    async with asyncio.timeout(CONNECT_SECONDS):
        bus = await Bus.connect(nats, nats.user or "admin")
    try:
        for request in requests:
            try:
                await bus.api(request)
            except JetStreamError as error:
                if error.code not in _NOT_FOUND:
                    raise
    finally:
        await bus.close()
