"""`tradewire halt`, `pause` and `resume`: what stops trading, and starts it again."""

import asyncio
from typing import Annotated

import typer

from tradewire.errors import Unavailable
from tradewire.messages.control import HaltCommand, Level, PauseCommand, ResumeCommand
from tradewire_cli import OWNER
from tradewire_cli.client import CommandFailed, new_request
from tradewire_cli.commands.giving import give
from tradewire_cli.commands.options import SCOPE, DataOption, JsonOption, PersonOption, ReasonOption
from tradewire_cli.commands.readiness import heard_by_routers
from tradewire_cli.commands.when import now
from tradewire_cli.exits import Exit, Failed
from tradewire_cli.finding import folder_of
from tradewire_cli.preflight.guard import verify_resume
from tradewire_cli.up.runfile import running


def halt(
    scope: Annotated[str, typer.Argument(metavar="SCOPE", help=SCOPE, show_default=True)] = "global",
    level: Annotated[
        Level,
        typer.Option(
            case_sensitive=False,
            help="REDUCE_ONLY lets exits pass, HALT nothing but cancels, KILL also cancels all that works.",
        ),
    ] = "HALT",
    reason: Annotated[str, typer.Option(help="Why; it goes on the record.")] = "",
    as_json: JsonOption = False,
    data: DataOption = None,
    person: PersonOption = OWNER,
) -> None:
    """Stop trading in a scope, at once. Routers hear it directly as well, so it works even while the ledger is down."""
    command = HaltCommand(request=new_request(), scope=scope, level=level, reason=reason)
    try:
        give("halt", command, f"{scope} is at {level}", data, person, as_json=as_json)
    except Unavailable as error:
        if level == "REDUCE_ONLY" or not scope.startswith(("global", "broker.", "account.")):
            raise
        # What is narrower, or lets exits pass, routers know from the log alone.
        raise Failed(Exit.UNKNOWN, f"{error}. Routers that run have heard it and send no more orders") from None


def pause(
    strategy: Annotated[str, typer.Argument(metavar="STRATEGY", help="Its name.")],
    reason: ReasonOption,
    as_json: JsonOption = False,
    data: DataOption = None,
    person: PersonOption = OWNER,
) -> None:
    """Let a strategy do nothing but exits, until `tradewire resume strategy.STRATEGY`."""
    command = PauseCommand(request=new_request(), strategy=strategy, reason=reason)
    give("pause", command, f"{strategy} is paused", data, person, as_json=as_json)


def resume(
    scope: Annotated[str, typer.Argument(metavar="SCOPE", help=SCOPE)],
    reason: ReasonOption,
    as_json: JsonOption = False,
    data: DataOption = None,
    person: PersonOption = OWNER,
) -> None:
    """Lift the switch of a scope, and say why. A live account needs a green `tradewire preflight` first."""
    folder = folder_of(data)
    verify_resume(scope, folder, now())
    command = ResumeCommand(request=new_request(), scope=scope, reason=reason)
    try:
        give("resume", command, f"{scope} trades again", data, person, as_json=as_json)
    except CommandFailed as failed:
        if failed.reply.code != "NOT_HALTED":
            raise
        heard = asyncio.run(heard_by_routers(running(folder.run_file)))
        raise Failed(failed.code, ". ".join([str(failed), *(each.words for each in heard)])) from None
