"""`tradewire reconcile`: where the log and the brokers differ, and how a named person settles it."""

from collections.abc import Iterable
from typing import Annotated, Any

import typer
from rich.text import Text

from tradewire.domain.breaks import Breaks, Standing
from tradewire.domain.orders import Order
from tradewire.domain.times import instant
from tradewire.errors import InvalidValue
from tradewire.messages.answers import AccountsPage, ControlState, EventsPage, OrdersPage, PublicEvent
from tradewire.messages.control import AcceptCommand
from tradewire.messages.queries import MAX_ROWS, AccountsQuery, ControlQuery, EventsQuery, OrdersQuery
from tradewire_cli import OWNER
from tradewire_cli.client import Client, new_request
from tradewire_cli.commands.asking import ask
from tradewire_cli.commands.giving import give
from tradewire_cli.commands.options import DataOption, JsonOption, PersonOption, console
from tradewire_cli.commands.when import now
from tradewire_cli.views import breaks as view
from tradewire_cli.views import plain
from tradewire_cli.views.events import decoded

reconcile = typer.Typer(
    no_args_is_help=True, help="Differences between the log and the brokers: see them, settle them."
)
_LATEST = ("ReconciliationBroken", "ReconciliationMended", "AdoptionRequested", "AccountAdopted")

WhyOption = Annotated[str, typer.Option("--why", "--reason", help="Why; it goes on the record.")]


@reconcile.command()
def show(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Only this account.", show_default=False)] = "",
    as_json: JsonOption = False,
    data: DataOption = None,
    person: PersonOption = OWNER,
) -> None:
    """Show what differs, since when, and what can be done about each; and orders whose outcome is unknown."""
    found = ask(data, person, lambda client: _look(client, account))
    rows = view.rows_of((standing for _, standing in found.accounts), found.orders)
    if as_json:
        compared = {name: standing.agreed and not standing.breaks for name, standing in found.accounts}
        print(plain.document({"breaks": rows, "agreed": compared}))
        return
    out = console()
    never = [name for name, standing in found.accounts if not standing.compared]
    if rows:
        out.print(view.breaks(rows, out.width, now()))
    else:
        out.print(Text("the log and the brokers agree", "green" if len(never) < len(found.accounts) else "dim"))
    if never:
        out.print(
            Text(f"never compared yet: {', '.join(never)}; `tradewire status` says what its router waits for", "yellow")
        )


@reconcile.command()
def accept(
    difference: Annotated[str, typer.Argument(metavar="BREAK", help="Its id from `tradewire reconcile show`.")],
    why: WhyOption,
    price: Annotated[str, typer.Option(help="What a unit of a position is booked at, if not as the broker says.")] = "",
    as_json: JsonOption = False,
    data: DataOption = None,
    person: PersonOption = OWNER,
) -> None:
    """Take the broker's word for a difference: the log books what it lacks, under your name."""
    command = AcceptCommand(request=new_request(), difference=difference, reason=why, price=price)
    give("accept", command, "", data, person, as_json=as_json)


class _Found:
    """What was asked of the reader."""

    def __init__(self, accounts: list[tuple[str, Standing]], orders: list[Order]) -> None:
        self.accounts, self.orders = accounts, orders


async def _look(client: Client, account: str) -> _Found:
    books = await client.ask(AccountsQuery(), AccountsPage)
    control = await client.ask(ControlQuery(), ControlState)
    names = sorted({each.account for each in books.accounts} | control.brokers.keys())
    if account and account not in names:
        raise InvalidValue("ACCOUNT_UNKNOWN", f"account: {account!r} is not known", ", ".join(names) or "none yet")
    chosen = [account] if account else names
    standing = [(name, await standing_of(client, name)) for name in chosen]
    page = await client.ask_all(OrdersQuery(open=True, account=account), OrdersPage, "orders")
    return _Found(standing, list(page.orders))


async def standing_of(client: Client, account: str) -> Standing:
    """What stands of an account, folded from the events that tell of it."""
    events: list[PublicEvent] = []
    for kind in _LATEST:
        query = EventsQuery(stream=f"account-{account}", type=kind, backward=True, limit=1)
        events += (await client.ask(query, EventsPage)).events
    after = min((event.pos for event in events if event.type == "ReconciliationBroken"), default=0)
    query = EventsQuery(type="BreakAccepted", account=account, after=max(after - 1, 0), limit=MAX_ROWS)
    while after:
        page = await client.ask(query, EventsPage)
        events += page.events
        if not page.more:
            break
        query = EventsQuery(type=query.type, account=account, after=page.next, limit=MAX_ROWS)
    return _folded(account, events)


def _folded(account: str, events: Iterable[PublicEvent]) -> Standing:
    breaks = Breaks()
    for event in sorted(events, key=lambda each: each.pos):
        told: Any = decoded(event)
        breaks.fold(event.type, instant(event.time), told)
    return breaks.of(account)
