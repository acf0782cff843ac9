"""`tradewire limits`: what holds where and why, and how people change it."""

from typing import Annotated

import typer
from rich.text import Text

from tradewire.domain.switches import GLOBAL, limits_stream
from tradewire.errors import InvalidValue
from tradewire.messages.answers import ControlState, EventsPage, PublicEvent
from tradewire.messages.control import AgreeLimitCommand, ControlReply, SetLimitCommand
from tradewire.messages.queries import MAX_ROWS, ControlQuery, EventsQuery
from tradewire_cli import OWNER
from tradewire_cli.client import Client, new_request
from tradewire_cli.commands.asking import ask
from tradewire_cli.commands.giving import said, warn
from tradewire_cli.commands.options import SCOPE, DataOption, JsonOption, PersonOption, ReasonOption, console
from tradewire_cli.commands.when import now
from tradewire_cli.exits import Exit, Failed
from tradewire_cli.views import limits as view
from tradewire_cli.views import plain
from tradewire_cli.views.limits import Row

limits = typer.Typer()

_ScopeArgument = Annotated[str, typer.Argument(metavar="SCOPE", help=SCOPE)]


@limits.callback(invoke_without_command=True)
def show(
    context: typer.Context,
    account: Annotated[str, typer.Option(help="What holds for this account: the tightest of its scopes.")] = "",
    strategy: Annotated[str, typer.Option(help="What holds for this strategy.")] = "",
    symbol: Annotated[str, typer.Option(help="What holds for this symbol.")] = "",
    as_json: JsonOption = False,
    data: DataOption = None,
    person: PersonOption = OWNER,
) -> None:
    """Limits: what holds in each scope, by whom and why. With an account, strategy or symbol, what holds for that."""
    if context.invoked_subcommand is not None:
        if account or strategy or symbol or as_json or data or person != OWNER:
            raise Failed(Exit.WRONG_USE, f"write the options after `tradewire limits {context.invoked_subcommand}`")
        return
    state, rows = ask(data, person, _look)
    if account or strategy or symbol:
        rows = view.tightest(rows, _scopes(state, account, strategy, symbol))
    if as_json:
        proposals = {scope: held.proposal for scope, held in state.limits.items() if held.proposal is not None}
        print(plain.document({"pos": state.pos, "limits": rows, "proposals": proposals}))
        return
    out = console()
    out.print(view.limits(rows, out.width, now()) if rows else Text("no limits are set", "dim"))
    for line in view.proposals(state.limits, now()):
        out.print(line, soft_wrap=True)


@limits.command("set")
def set_limits(
    scope: _ScopeArgument,
    changes: Annotated[
        list[str], typer.Argument(metavar="NAME=VALUE…", help="New values; an empty one takes the limit away.")
    ],
    reason: ReasonOption,
    until: Annotated[
        str, typer.Option(metavar="WHEN", help="Until then only: a span (4h), or a time with its zone.")
    ] = "",
    as_json: JsonOption = False,
    data: DataOption = None,
    person: PersonOption = OWNER,
) -> None:
    """Change limits of a scope; its others stay.

    Where real money is at stake, letting more pass needs --until or a second person.
    """
    command = SetLimitCommand(request=new_request(), scope=scope, limits=_changes(changes), reason=reason, until=until)
    reply = ask(data, person, lambda client: client.command("set-limit", command))
    warn(reply)
    if as_json:
        print(plain.document(reply))
        return
    print(said(reply))
    if reply.code == "PROPOSED":
        print(f"another person agrees with `tradewire limits agree {scope} --as PERSON`")


@limits.command()
def agree(
    scope: _ScopeArgument,
    reason: Annotated[str, typer.Option(help="Why you agree; it goes on the record.")] = "",
    as_json: JsonOption = False,
    data: DataOption = None,
    person: PersonOption = OWNER,
) -> None:
    """Agree, as a second person, to what somebody has proposed for a scope."""

    async def question(client: Client) -> ControlReply:
        # By its id, so that nobody agrees to what has taken its place since.
        held = (await client.ask(ControlQuery(), ControlState)).limits.get(scope)
        proposal = held.proposal.request if held and held.proposal else scope
        return await client.command(
            "agree-limit", AgreeLimitCommand(request=new_request(), proposal=proposal, reason=reason)
        )

    reply = ask(data, person, question)
    print(plain.document(reply) if as_json else said(reply))


async def _look(client: Client) -> tuple[ControlState, list[Row]]:
    state = await client.ask(ControlQuery(), ControlState)
    history = {scope: view.origins(await _set_in(client, scope)) for scope in state.limits}
    return state, view.rows_of(state.limits, history)


async def _set_in(client: Client, scope: str) -> list[PublicEvent]:
    """Every LimitSet of a scope, in order."""
    found: list[PublicEvent] = []
    query = EventsQuery(stream=limits_stream(scope), type="LimitSet", limit=MAX_ROWS)
    page = await client.ask(query, EventsPage)
    found.extend(page.events)
    while page.more:
        page = await client.ask(
            EventsQuery(stream=query.stream, type=query.type, limit=MAX_ROWS, after=page.next), EventsPage
        )
        found.extend(page.events)
    return found


def _scopes(state: ControlState, account: str, strategy: str, symbol: str) -> list[str]:
    named = {"broker": state.brokers.get(account, ""), "account": account, "strategy": strategy, "symbol": symbol}
    return [GLOBAL, *(f"{kind}.{name}" for kind, name in named.items() if name)]


def _changes(given: list[str]) -> dict[str, str]:
    """New texts by name, of which each is there once."""
    found: dict[str, str] = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals:
            expected = "NAME=VALUE, such as max_order_value=5000"
            raise InvalidValue("LIMIT_INVALID", f"{each!r} changes no limit", expected)
        if name in found:
            raise InvalidValue("LIMIT_INVALID", f"{name} is there twice", "each limit once")
        found[name] = value
    return found
