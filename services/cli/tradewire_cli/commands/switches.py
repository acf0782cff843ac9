"""`tradewire halt` and `tradewire resume`: the switches that stop trading, and start it again."""

from pathlib import Path
from typing import Annotated

import typer

from tradewire.errors import Unavailable
from tradewire.messages.control import ControlCommand, ControlReply, HaltCommand, Level, ResumeCommand
from tradewire_cli import OWNER
from tradewire_cli.client import new_request
from tradewire_cli.commands.asking import ask
from tradewire_cli.commands.options import DataOption, JsonOption, PersonOption
from tradewire_cli.exits import Exit, Failed
from tradewire_cli.views import plain

_SCOPE = "global, account.NAME, strategy.NAME or symbol.SYMBOL."


def halt(
    scope: Annotated[str, typer.Argument(metavar="SCOPE", help=_SCOPE, show_default=True)] = "global",
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
        _give("halt", command, f"{scope} is at {level}", data, person, as_json=as_json)
    except Unavailable as error:
        if level == "REDUCE_ONLY" or not scope.startswith(("global", "account.")):
            raise
        # What is narrower, or lets exits pass, routers know from the log alone.
        raise Failed(Exit.UNKNOWN, f"{error}. Routers that run have heard it and send no more orders") from None


def resume(
    scope: Annotated[str, typer.Argument(metavar="SCOPE", help=_SCOPE)],
    reason: Annotated[str, typer.Option(help="Why; it goes on the record.")],
    as_json: JsonOption = False,
    data: DataOption = None,
    person: PersonOption = OWNER,
) -> None:
    """Lift the switch of a scope, and say why."""
    command = ResumeCommand(request=new_request(), scope=scope, reason=reason)
    _give("resume", command, f"{scope} trades again", data, person, as_json=as_json)


def _give(verb: str, command: ControlCommand, done: str, data: Path | None, person: str, *, as_json: bool) -> None:
    reply = ask(data, person, lambda client: client.command(verb, command))
    print(plain.document(reply) if as_json else f"{_said(reply, done)}")


def _said(reply: ControlReply, done: str) -> str:
    if reply.code != "OK":
        return reply.message
    at = ", ".join(str(position) for position in reply.positions)
    return f"{done}; on the record at position {at}"
