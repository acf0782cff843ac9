"""`tradewire up`: everything on this machine, until Ctrl-C."""

import asyncio
from typing import Annotated

import typer

from tradewire_cli.commands.options import ConfigOption, DataOption
from tradewire_cli.commands.reaping import releaser
from tradewire_cli.finding import config_file
from tradewire_cli.up.options import UpOptions
from tradewire_cli.up.plan import read_settings
from tradewire_cli.up.run import run_up


def up(
    data: DataOption = None,
    config: ConfigOption = None,
    listen: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Where NATS and the services answer; 0.0.0.0 is everywhere.")
    ] = "127.0.0.1",
    services: Annotated[bool, typer.Option("--services/--engines-only", help="Or NATS and Postgres alone.")] = True,
) -> int:
    """Start everything on this machine: NATS, Postgres, the services and the paper broker. Ctrl-C stops it in order."""
    found = config_file(config)
    if found != config:
        print(f"settings from {found} in this folder")
    options = UpOptions(config=found, data=data, listen=listen, services=services)
    settings, folder = read_settings(options)
    return asyncio.run(run_up(options, releaser(folder, settings.nats)))
