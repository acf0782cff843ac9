"""`tradewire orders`: orders, newest first."""

from pathlib import Path
from typing import Annotated

import typer
from msgspec import Struct
from msgspec.structs import replace
from rich.text import Text

from tradewire.messages.answers import EventsPage, OrdersPage, PublicEvent
from tradewire.messages.queries import EXTERNAL, MAX_ROWS, EventsQuery, OrdersQuery
from tradewire_cli import OWNER
from tradewire_cli.client import Client
from tradewire_cli.commands.asking import ask
from tradewire_cli.commands.options import DataOption, JsonOption, PersonOption, console
from tradewire_cli.commands.when import SinceOption, now, since
from tradewire_cli.views import external as external_view
from tradewire_cli.views import orders as view
from tradewire_cli.views import plain


def orders(
    open_only: Annotated[bool, typer.Option("--open", help="Only those that may still change.")] = False,
    status: Annotated[str, typer.Option(help="Only this status, such as filled or denied.")] = "",
    account: Annotated[str, typer.Option(help="Only of this account.")] = "",
    strategy: Annotated[str, typer.Option(help="Only of this strategy.")] = "",
    symbol: Annotated[str, typer.Option(help="Only of this symbol.")] = "",
    since_when: SinceOption = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many.")] = 50,
    as_json: JsonOption = False,
    data: DataOption = None,
    person: PersonOption = OWNER,
) -> None:
    """List orders, newest first. Those of the strategy EXTERNAL are at the brokers and none of ours."""
    if strategy == EXTERNAL:
        _external(
            _Wanted(account, symbol, since(since_when), limit, open_only=open_only), data, person, as_json=as_json
        )
        return
    query = OrdersQuery(
        open=True if open_only else None,
        status=status,
        account=account,
        strategy=strategy,
        symbol=symbol,
        since=since(since_when),
    )
    page = ask(data, person, lambda client: client.ask_all(query, OrdersPage, "orders", limit))
    if as_json:
        print(plain.document({"pos": page.pos, "orders": page.orders}))
        return
    out = console()
    if not page.orders:
        out.print(Text("no orders", "dim"))
        return
    out.print(view.orders(page.orders, out.width, now()))


class _Wanted(Struct, frozen=True):
    """Which of the external orders."""

    account: str
    symbol: str
    since: int | None
    limit: int
    open_only: bool


def _external(wanted: _Wanted, data: Path | None, person: str, *, as_json: bool) -> None:
    events = ask(data, person, lambda client: _seen(client, wanted.account))
    rows = [
        row
        for row in external_view.external_orders(events)
        if wanted.symbol in {"", row.symbol}
        and (row.open or not wanted.open_only)
        and (wanted.since is None or row.at >= wanted.since)
    ][: wanted.limit]
    if as_json:
        print(plain.document({"orders": rows}))
        return
    out = console()
    out.print(external_view.external(rows, out.width, now()) if rows else Text("no orders", "dim"))


async def _seen(client: Client, account: str) -> list[PublicEvent]:
    """Every event that tells of an order that is none of ours."""
    found: list[PublicEvent] = []
    for kind in ("ExternalOrderSeen", "ExternalOrderEnded"):
        query = EventsQuery(type=kind, account=account, limit=MAX_ROWS)
        while True:
            page = await client.ask(query, EventsPage)
            found += page.events
            if not page.more:
                break
            query = replace(query, after=page.next)
    return found
