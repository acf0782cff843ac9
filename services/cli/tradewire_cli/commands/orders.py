"""`tradewire orders`: orders, newest first."""

from typing import Annotated

import typer
from rich.text import Text

from tradewire.messages.answers import OrdersPage
from tradewire.messages.queries import OrdersQuery
from tradewire_cli import OWNER
from tradewire_cli.commands.asking import ask
from tradewire_cli.commands.options import DataOption, JsonOption, PersonOption, console
from tradewire_cli.commands.when import SinceOption, now, since
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
    """List orders, newest first."""
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
