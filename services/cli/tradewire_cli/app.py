"""Which commands there are. Only the module of the command that is run is imported, so that each one starts fast."""

import re
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Final

import typer
from msgspec import Struct

import tradewire
from tradewire_cli import exits

_HELP: Final = (
    "Signals in, fills out, every state change on the record.\n\n"
    "`tradewire up` starts everything on this machine, `tradewire demo` shows it at work, and every other command "
    "finds the running system by its data folder: --data, TRADEWIRE_DATA, or ./data."
)
_RUN, _TRADE, _RISK, _LOOK, _KEEP = "Run", "Trade", "Control risk", "Look", "Keep in order"


class Row(Struct, frozen=True):
    """A command: `module:name` under `commands`, a function or a group, and the panel of the help that shows it."""

    where: str
    panel: str


COMMANDS: Final[dict[str, Row]] = {
    "up": Row("up:up", _RUN),
    "demo": Row("demo:demo", _RUN),
    "status": Row("status:status", _RUN),
    "logs": Row("logs:logs", _RUN),
    "twin": Row("twin:twin", _RUN),
    "send": Row("send:send", _TRADE),
    "cancel": Row("cancel:cancel", _TRADE),
    "halt": Row("switches:halt", _RISK),
    "pause": Row("switches:pause", _RISK),
    "resume": Row("switches:resume", _RISK),
    "flatten": Row("flatten:flatten", _RISK),
    "preflight": Row("preflight:preflight", _RISK),
    "limits": Row("limits:limits", _RISK),
    "approvals": Row("approvals:approvals", _RISK),
    "approve": Row("approvals:approve", _RISK),
    "deny": Row("approvals:deny", _RISK),
    "risk": Row("risk:risk", _RISK),
    "orders": Row("orders:orders", _LOOK),
    "why": Row("why:why", _LOOK),
    "fills": Row("fills:fills", _LOOK),
    "positions": Row("positions:positions", _LOOK),
    "account": Row("account:account", _LOOK),
    "reconcile": Row("reconcile:reconcile", _RISK),
    "resolve": Row("resolve:resolve", _RISK),
    "instruments": Row("instruments:instruments", _LOOK),
    "bars": Row("bars:bars", _LOOK),
    "events": Row("events:events", _LOOK),
    "check": Row("check:check", _KEEP),
    "doctor": Row("doctor:doctor", _KEEP),
    "broker": Row("broker:broker", _KEEP),
    "config": Row("config:config", _KEEP),
    "keys": Row("keys:keys", _KEEP),
    "engine": Row("engine:engine", _RUN),
    "backup": Row("backup:backup", _KEEP),
    "restore": Row("restore:restore", _KEEP),
    "ledger": Row("ledger:ledger", _KEEP),
}


def make(arguments: Sequence[str]) -> typer.Typer:
    """Returns the application: with the one command that the arguments name, or with all of them for help."""
    wanted = next((word for word in arguments if not word.startswith("-")), None)
    app = typer.Typer(
        name="tradewire",
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog=_epilog(),
    )
    app.callback(help=_HELP)(_root)
    for name, row in COMMANDS.items():
        if wanted in COMMANDS and name != wanted:
            continue
        module, _, attribute = row.where.partition(":")
        found = getattr(import_module(f"tradewire_cli.commands.{module}"), attribute)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name, rich_help_panel=row.panel)
        else:
            app.command(name, rich_help_panel=row.panel)(found)
    return app


def _version(wanted: bool) -> None:
    if wanted:
        print(f"tradewire {tradewire.__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """What belongs to no command."""


def _epilog() -> str:
    codes = re.sub(r"`(\w+)`", r"[bold]\1[/bold]", exits.table())
    return f"Exit codes\n{codes}"
