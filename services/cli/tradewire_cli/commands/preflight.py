"""`tradewire preflight`: whether an account may trade, measured row by row."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from tradewire.errors import InvalidValue
from tradewire_cli import OWNER
from tradewire_cli.client import place_of
from tradewire_cli.commands.options import ConfigOption, DataOption, JsonOption, PersonOption, console
from tradewire_cli.commands.when import now
from tradewire_cli.exits import Exit, Failed
from tradewire_cli.finding import folder_of, settings_of
from tradewire_cli.preflight import record, row, view
from tradewire_cli.preflight.checklist import Subject, measured
from tradewire_cli.up.runfile import running
from tradewire_cli.views import plain


def preflight(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Its name.")],
    waive: Annotated[
        list[str] | None, typer.Option("--waive", metavar="ROW=REASON", help="Let a row be, by name; may be repeated.")
    ] = None,
    as_json: JsonOption = False,
    data: DataOption = None,
    config: ConfigOption = None,
    person: PersonOption = OWNER,
) -> int:
    """Measure whether an account may trade: settings, broker, limits, disk, clock, keys and the rest.

    0 when every row is green, or waived by name; else 1. A warning passes unless the account is live.
    """
    reasons = row.waivers(waive or ())
    place, folder = place_of(data, person), folder_of(data, config)
    run = running(folder.run_file)
    if run is None:
        raise Failed(Exit.NOT_RUNNING, f"it looks at what `tradewire up` runs, and nothing runs in {folder.path}")
    settings = settings_of(config or (Path(run.config) if run.config else None))
    if account not in settings.accounts:
        expected = ", ".join(sorted(settings.accounts))
        raise InvalidValue("ACCOUNT_UNKNOWN", f"account: {account!r} is not configured", expected)
    live = settings.accounts[account].is_live
    rows = row.waive(asyncio.run(measured(Subject(account, settings, folder, run, place))), reasons)
    outcome = record.keep(folder, settings, account, rows, now=now(), by=f"person:{person}")
    if as_json:
        print(plain.document({"account": account, "live": live, **plain.builtins(outcome)}))
    else:
        out = console()
        out.print(view.checklist(account, rows, out.width, live=live))
    return Exit.DONE if outcome.green else Exit.REFUSED
