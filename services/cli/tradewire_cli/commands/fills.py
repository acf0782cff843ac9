"""`tradewire fills`: executions, newest first."""

from typing import Annotated

import typer
from rich.text import Text

from tradewire.messages.answers import FillsPage
from tradewire.messages.queries import FillsQuery
from tradewire_cli import OWNER
from tradewire_cli.client import Client
from tradewire_cli.commands.asking import ask
from tradewire_cli.commands.options import DataOption, JsonOption, PersonOption, console
from tradewire_cli.commands.when import SinceOption, now, since
from tradewire_cli.views import orders as view
from tradewire_cli.views import plain


def fills(
    order: Annotated[str, typer.Option(help="Only of this order: its id, the beginning of it, or its signal's.")] = "",
    account: Annotated[str, typer.Option(help="Only of this account.")] = "",
    strategy: Annotated[str, typer.Option(help="Only of this strategy.")] = "",
    symbol: Annotated[str, typer.Option(help="Only of this symbol.")] = "",
    since_when: SinceOption = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many.")] = 50,
    as_json: JsonOption = False,
    data: DataOption = None,
    person: PersonOption = OWNER,
) -> None:
    """List executions, newest first."""
    begin = since(since_when)

    async def question(client: Client) -> FillsPage:
        query = FillsQuery(
            order=await client.order_id(order) if order else "",
            account=account,
            strategy=strategy,
            symbol=symbol,
            since=begin,
        )
        return await client.ask_all(query, FillsPage, "fills", limit)

    page = ask(data, person, question)
    if as_json:
        print(plain.document({"pos": page.pos, "fills": page.fills}))
        return
    out = console()
    if not page.fills:
        out.print(Text("no fills", "dim"))
        return
    out.print(view.fills(page.fills, out.width, now()))
