"""`tradewire check`: the invariants of the log, beside the running system or while it is down."""

import asyncio
import os
import subprocess
import sys
from typing import Annotated

import typer

from tradewire.errors import ConfigError
from tradewire.setting_reading import load
from tradewire_cli.commands.options import ConfigOption, DataOption, JsonOption
from tradewire_cli.engines.alone import postgres_alone
from tradewire_cli.engines.folder import DataFolder
from tradewire_cli.engines.postgres import PostgresServer
from tradewire_cli.engines.postgres_cluster import cluster_folder
from tradewire_cli.exits import Exit, Failed
from tradewire_cli.finding import config_file, folder_of, settings_if_right
from tradewire_cli.up.lock import hold
from tradewire_cli.up.runfile import Run, running


def check(
    settled: Annotated[bool, typer.Option("--settled", help="Assert as well that nothing is in flight.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Leave out the rebuild of the read model.")] = False,
    as_json: JsonOption = False,
    data: DataOption = None,
    config: ConfigOption = None,
) -> int:
    """Assert the invariants of the log: gapless, chained, no order twice, positions and cash to the last digit.

    Beside the running system, or, while it is down, over its Postgres, which is started for it and stopped again.
    """
    flags = [name for name, on in (("--settled", settled), ("--quick", quick), ("--json", as_json)) if on]
    environment = dict(os.environ)
    if (settings_file := config_file(config)) is not None:
        environment["TRADEWIRE_CONFIG"] = str(settings_file.absolute())
    settings, folder = settings_if_right(config), folder_of(data, config)
    if settings is not None and settings.postgres.reader_dsn:
        return _run(flags, environment)
    run = running(folder.run_file)
    if run is not None and "postgres" in run.ports:
        if settings is None:
            environment = _of_the_run(run)
        server = PostgresServer(folder, port=run.ports["postgres"])
        return _run(flags, environment | {"TRADEWIRE_POSTGRES_READER_DSN": server.dsn("tradewire_reader")})
    if settings is None:
        raise Failed(
            Exit.WRONG_USE, f"nothing runs in {folder.path}, and the log of what does not run needs the settings"
        )
    if not cluster_folder(folder).exists():
        raise Failed(Exit.NOT_RUNNING, f"there is no log in {folder.path}; name its folder with --data")
    return asyncio.run(_alone(folder, flags, environment))


def _of_the_run(run: Run) -> dict[str, str]:
    """The environment of a check whose own settings are wrong: with those that the running system was started with."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TRADEWIRE_")}
    if not run.config:
        return clean
    try:
        load(run.config, clean)
    except ConfigError:
        print("warning: the accounts' currencies are not known, so cash is reckoned in USD", file=sys.stderr)
        return clean
    return clean | {"TRADEWIRE_CONFIG": run.config}


async def _alone(folder: DataFolder, flags: list[str], environment: dict[str, str]) -> int:
    """Over Postgres alone, under the data folder's lock, so that no `tradewire up` comes in between."""
    with hold(folder.lock):
        async with postgres_alone(folder) as server:
            dsn = server.dsn("tradewire_reader")
            return await asyncio.to_thread(_run, flags, environment | {"TRADEWIRE_POSTGRES_READER_DSN": dsn})


def _run(flags: list[str], environment: dict[str, str]) -> int:
    command = (sys.executable, "-m", "tradewire_ledger", "check", *flags)
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=False)  # noqa: S603 - our own module
    # Written here, so that a reader who has gone away is met as everywhere.
    print(done.stdout.decode(), end="", flush=True)
    return done.returncode
