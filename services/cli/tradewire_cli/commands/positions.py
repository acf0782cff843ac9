"""`tradewire positions`: what is held, and what it is worth."""

from typing import Annotated

import typer
from rich.text import Text

from tradewire.errors import InvalidValue
from tradewire.messages.answers import PositionsPage
from tradewire.messages.queries import PositionsQuery
from tradewire_cli import OWNER
from tradewire_cli.commands.asking import ask
from tradewire_cli.commands.options import DataOption, JsonOption, PersonOption, console
from tradewire_cli.commands.when import now
from tradewire_cli.views import accounts as view
from tradewire_cli.views import plain


def positions(
    account: Annotated[str, typer.Option(help="Only of this account.")] = "",
    symbol: Annotated[str, typer.Option(help="Only this symbol.")] = "",
    flat: Annotated[bool, typer.Option("--flat", help="Those that were closed as well, for their results.")] = False,
    price: Annotated[
        list[str] | None, typer.Option(metavar="SYMBOL=PRICE", help="Value a symbol at this price. Repeatable.")
    ] = None,
    as_json: JsonOption = False,
    data: DataOption = None,
    person: PersonOption = OWNER,
) -> None:
    """List positions, valued at the last marks."""
    query = PositionsQuery(account=account, symbol=symbol, flat=flat, prices=dict(map(_price, price or [])))
    page = ask(data, person, lambda client: client.ask_all(query, PositionsPage, "positions"))
    if as_json:
        print(plain.document({"pos": page.pos, "positions": page.positions}))
        return
    out = console()
    if not page.positions:
        out.print(Text("no positions", "dim"))
        return
    out.print(view.positions(page.positions, out.width, now()))


def _price(given: str) -> tuple[str, str]:
    symbol, equals, price = given.partition("=")
    if not equals:
        raise InvalidValue("PRICE_INVALID", f"--price: {given!r} is no price of a symbol", "SYMBOL=PRICE")
    return symbol, price
