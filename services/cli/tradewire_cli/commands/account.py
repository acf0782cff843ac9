"""`tradewire account`: cash, equity, the day's result; and `account adopt`, which begins the log with what there is."""

import asyncio
from typing import Annotated

import typer
from rich.text import Text

from tradewire.messages.account_events import AccountAdopted
from tradewire.messages.answers import AccountsPage, EventsPage, PublicEvent
from tradewire.messages.control import AdoptCommand, ControlReply
from tradewire.messages.queries import AccountsQuery, EventsQuery
from tradewire_cli import OWNER
from tradewire_cli.client import Client, new_request
from tradewire_cli.commands.asking import ask
from tradewire_cli.commands.first_word import FirstWord
from tradewire_cli.commands.giving import said
from tradewire_cli.commands.options import DataOption, JsonOption, PersonOption, console
from tradewire_cli.commands.reconcile import WhyOption
from tradewire_cli.exits import Exit, Failed
from tradewire_cli.views import accounts as view
from tradewire_cli.views import plain
from tradewire_cli.views.events import decoded

account = typer.Typer(cls=FirstWord, help="Show the accounts; `adopt` begins the log of one with what it has.")
_ADOPTED_SECONDS = 20.0
_LOOK_SECONDS = 0.5


@account.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Only this account.", show_default=False)] = "",
    as_json: JsonOption = False,
    data: DataOption = None,
    person: PersonOption = OWNER,
) -> None:
    """Show the accounts: cash, equity at the last marks, and the day's result. The word `show` may be left out."""
    page = ask(data, person, lambda client: client.ask(AccountsQuery(account=name), AccountsPage))
    if as_json:
        print(plain.document({"pos": page.pos, "accounts": page.accounts}))
        return
    out = console()
    if not page.accounts:
        out.print(Text(f"no account {name}".rstrip() + " has moved yet", "dim"))
        return
    out.print(view.accounts(page.accounts, out.width))


@account.command()
def adopt(
    name: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Its name.")],
    why: WhyOption,
    as_json: JsonOption = False,
    data: DataOption = None,
    person: PersonOption = OWNER,
) -> None:
    """Begin the log of an account with what it has at its broker: positions at their cost, cash, and open orders.

    Only as long as the log and the broker have never agreed; later, each difference is accepted by itself.
    """
    command = AdoptCommand(request=new_request(), account=name, reason=why)

    async def question(client: Client) -> tuple[ControlReply, PublicEvent | None]:
        async with client.news() as heard:
            reply = await client.command("adopt", command)
            asked_now = reply.code == "OK"
            return reply, await _adopted(client, heard, name, command.request) if asked_now else None

    reply, event = ask(data, person, question)
    if event is None:
        words = f"{said(reply, 'asked')}; the router of {name} has not done it yet: `tradewire status` says why"
        raise Failed(Exit.UNKNOWN, words)
    done: AccountAdopted = decoded(event)
    if as_json:
        print(plain.document({**plain.builtins(reply), "adopted": done, "pos": event.pos}))
        return
    print(
        f"{name} is adopted: {done.positions} positions, {done.currencies} currencies and {len(done.orders)} orders "
        f"that are not ours; on the record at position {event.pos}"
    )
    print(f'if it may only reduce since: tradewire resume account.{name} --reason "…"')


async def _adopted(client: Client, heard: asyncio.Event, account: str, request: str) -> PublicEvent | None:
    """What the router says when it is done; None when it takes too long."""
    query = EventsQuery(stream=f"account-{account}", type=AccountAdopted.__name__, backward=True, limit=1)
    try:
        async with asyncio.timeout(_ADOPTED_SECONDS):
            while True:
                heard.clear()
                page = await client.ask(query, EventsPage)
                if page.events and decoded(page.events[0]).request == request:
                    return page.events[0]
                try:
                    async with asyncio.timeout(_LOOK_SECONDS):
                        await heard.wait()
                except TimeoutError:
                    continue
    except TimeoutError:
        return None
