"""`tradewire instruments`: what brokers say of the symbols that were ever asked about."""

from typing import Annotated

import typer
from rich.text import Text

from tradewire.messages.answers import InstrumentsPage
from tradewire.messages.queries import InstrumentsQuery
from tradewire_cli import OWNER
from tradewire_cli.commands.asking import ask
from tradewire_cli.commands.options import DataOption, JsonOption, PersonOption, console
from tradewire_cli.commands.when import now
from tradewire_cli.views import instruments as view
from tradewire_cli.views import plain

instruments = typer.Typer(no_args_is_help=True, help="Instruments: what brokers say of symbols.")


@instruments.command("search")
def search(
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help="In the symbol, its name, or what a source calls it.")
    ] = "",
    account: Annotated[str, typer.Option(help="Only of this account's broker.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many.")] = 50,
    as_json: JsonOption = False,
    data: DataOption = None,
    person: PersonOption = OWNER,
) -> None:
    """Find instruments: those of symbols that are held, ordered or on a list of allowed symbols."""
    query = InstrumentsQuery(text=text, account=account)
    page = ask(data, person, lambda client: client.ask_all(query, InstrumentsPage, "instruments", limit))
    if as_json:
        print(plain.document({"pos": page.pos, "instruments": page.instruments}))
        return
    out = console()
    if not page.instruments:
        out.print(Text("no instrument like that; a symbol's rules are asked for when it is first ordered", "dim"))
        return
    out.print(view.instruments(page.instruments, out.width, now()))
