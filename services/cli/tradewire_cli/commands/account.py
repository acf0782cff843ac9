"""`tradewire account`: cash, equity, and the day's result."""

from typing import Annotated

import typer
from rich.text import Text

from tradewire.messages.answers import AccountsPage
from tradewire.messages.queries import AccountsQuery
from tradewire_cli import OWNER
from tradewire_cli.commands.asking import ask
from tradewire_cli.commands.options import DataOption, JsonOption, PersonOption, console
from tradewire_cli.views import accounts as view
from tradewire_cli.views import plain


def account(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Only this account.", show_default=False)] = "",
    as_json: JsonOption = False,
    data: DataOption = None,
    person: PersonOption = OWNER,
) -> None:
    """Show the accounts: cash, equity at the last marks, and the day's result."""
    page = ask(data, person, lambda client: client.ask(AccountsQuery(account=name), AccountsPage))
    if as_json:
        print(plain.document({"pos": page.pos, "accounts": page.accounts}))
        return
    out = console()
    if not page.accounts:
        out.print(Text(f"no account {name}".rstrip() + " has moved yet", "dim"))
        return
    out.print(view.accounts(page.accounts, out.width))
