"""`tradewire backup`: the whole log into one sealed file, in a folder or an S3-compatible bucket."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from tradewire_cli.commands.first_word import FirstWord
from tradewire_cli.commands.options import ConfigOption, DataOption, JsonOption
from tradewire_cli.engines.alone import postgres_alone
from tradewire_cli.engines.folder import DataFolder
from tradewire_cli.engines.postgres import PostgresServer
from tradewire_cli.engines.postgres_cluster import cluster_folder
from tradewire_cli.exits import Exit, Failed
from tradewire_cli.finding import config_file, folder_of, settings_of
from tradewire_cli.up.lock import hold
from tradewire_cli.up.runfile import running

backup = typer.Typer(cls=FirstWord, help="Back the log up; `list` and `verify` look at the backups that there are.")
PlaceArgument = Annotated[
    str,
    typer.Argument(metavar="TO", help="A folder, or s3://bucket/folder. \\[default: backup.to]", show_default=False),
]


@backup.command()
def make(
    place: PlaceArgument = "", as_json: JsonOption = False, data: DataOption = None, config: ConfigOption = None
) -> int:
    """Back the whole log up, beside the running system or while it is down, and read the file again.

    The word `make` may be left out. Says what is not in the file.
    """
    settings, folder = settings_of(config), folder_of(data, config)
    arguments = ["backup", *_words(place, as_json)]
    environment = surroundings(folder, config)
    if settings.postgres.reader_dsn:
        return run_ledger(arguments, environment)
    run = running(folder.run_file)
    if run is not None and "postgres" in run.ports:
        dsn = PostgresServer(folder, port=run.ports["postgres"]).dsn("tradewire_reader")
        return run_ledger(arguments, environment | {"TRADEWIRE_POSTGRES_READER_DSN": dsn})
    if not cluster_folder(folder).exists():
        raise Failed(Exit.NOT_RUNNING, f"there is no log in {folder.path}; name its folder with --data")
    return asyncio.run(_alone(folder, arguments, environment))


@backup.command("list")
def list_(
    place: PlaceArgument = "", as_json: JsonOption = False, data: DataOption = None, config: ConfigOption = None
) -> int:
    """Show the backups of a place, oldest first, by what they say of themselves."""
    settings_of(config)
    return run_ledger(["backup-list", *_words(place, as_json)], surroundings(folder_of(data, config), config))


@backup.command()
def verify(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A backup, in a folder or at s3://bucket/folder.")],
    as_json: JsonOption = False,
    data: DataOption = None,
    config: ConfigOption = None,
) -> int:
    """Read a whole backup: every seal, and the whole hash chain, computed anew."""
    settings_of(config)
    return run_ledger(["backup-verify", *_words(file, as_json)], surroundings(folder_of(data, config), config))


def surroundings(folder: DataFolder, config: Path | None) -> dict[str, str]:
    """The environment of the ledger's program: the same settings, and this data folder."""
    environment = {**os.environ, "TRADEWIRE_DATA": str(folder.path)}
    if (settings_file := config_file(config)) is not None:
        environment["TRADEWIRE_CONFIG"] = str(settings_file.absolute())
    return environment


def run_ledger(arguments: list[str], environment: dict[str, str], *, quiet: bool = False) -> int:
    """Runs the ledger's program, which alone reads Postgres; returns its exit code. `quiet` leaves its output out."""
    command = (sys.executable, "-m", "tradewire_ledger", *arguments)
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=False)  # noqa: S603 - our own module
    if not quiet:
        print(done.stdout.decode(), end="", flush=True)
    return done.returncode


async def _alone(folder: DataFolder, arguments: list[str], environment: dict[str, str]) -> int:
    with hold(folder.lock):
        async with postgres_alone(folder) as server:
            dsn = server.dsn("tradewire_reader")
            return await asyncio.to_thread(run_ledger, arguments, environment | {"TRADEWIRE_POSTGRES_READER_DSN": dsn})


def _words(word: str, as_json: bool) -> list[str]:
    return [*([word] if word else []), *(["--json"] if as_json else [])]
