"""`tradewire approvals`, `approve` and `deny`: orders that wait for a person."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from tradewire.domain.orders import Status
from tradewire.messages.answers import OrdersPage
from tradewire.messages.control import ApproveCommand, DenyCommand
from tradewire.messages.queries import OrdersQuery
from tradewire_cli import OWNER
from tradewire_cli.client import new_request
from tradewire_cli.commands.asking import ask
from tradewire_cli.commands.giving import said
from tradewire_cli.commands.options import DataOption, JsonOption, PersonOption, ReasonOption, console
from tradewire_cli.commands.when import now
from tradewire_cli.views import approvals as view
from tradewire_cli.views import plain, text

_OrderArgument = Annotated[str, typer.Argument(metavar="ORDER", help="Its id, or the beginning of it.")]


def approvals(as_json: JsonOption = False, data: DataOption = None, person: PersonOption = OWNER) -> None:
    """List the orders that wait for a person: what they are, why they wait, and until when."""
    query = OrdersQuery(status=Status.HELD.value)
    page = ask(data, person, lambda client: client.ask_all(query, OrdersPage, "orders"))
    if as_json:
        print(plain.document({"pos": page.pos, "orders": page.orders}))
        return
    out = console()
    if not page.orders:
        out.print(Text("no order waits for a person", "dim"))
        return
    out.print(view.approvals(page.orders, out.width, now()))


def approve(
    order: _OrderArgument, as_json: JsonOption = False, data: DataOption = None, person: PersonOption = OWNER
) -> None:
    """Let a held order pass; risk checks it once more. Whoever sent its signal cannot, unless alone."""
    command = ApproveCommand(request=new_request(), order=order)
    _answer("approve", command, "approved", data, person, as_json=as_json)


def deny(
    order: _OrderArgument,
    reason: ReasonOption,
    as_json: JsonOption = False,
    data: DataOption = None,
    person: PersonOption = OWNER,
) -> None:
    """Refuse a held order."""
    command = DenyCommand(request=new_request(), order=order, reason=reason)
    _answer("deny", command, "denied", data, person, as_json=as_json)


def _answer(
    verb: str, command: ApproveCommand | DenyCommand, done: str, data: Path | None, person: str, *, as_json: bool
) -> None:
    reply = ask(data, person, lambda client: client.command(verb, command))
    if as_json:
        print(plain.document(reply))
        return
    for short in text.short_ids(reply.orders).values():
        print(f"{said(reply, f'{short} is {done}')}; `tradewire why {short}` shows what became of it")
