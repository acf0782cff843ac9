"""`tradewire approvals`, `approve` and `deny`: orders that wait for a person."""

from typing import Annotated

import typer
from rich.text import Text

from tradewire.domain.orders import Status
from tradewire.messages.answers import OrdersPage
from tradewire.messages.control import ApproveCommand, ControlReply, DenyCommand
from tradewire.messages.queries import OrdersQuery
from tradewire_cli import OWNER
from tradewire_cli.client import Client, new_request
from tradewire_cli.commands.asking import ask
from tradewire_cli.commands.giving import said
from tradewire_cli.commands.options import DataOption, JsonOption, PersonOption, ReasonOption, console
from tradewire_cli.commands.redecision import Redecided, redecided
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
) -> int:
    """Let a held order pass; risk checks it once more. Whoever sent its signal cannot, unless alone.

    0 when it is sent, or not decided once more within two seconds; 1 when it is denied all the same.
    """
    command = ApproveCommand(request=new_request(), order=order)

    async def question(client: Client) -> tuple[ControlReply, Redecided]:
        async with client.news() as heard:
            reply = await client.command("approve", command)
            return reply, await redecided(client, heard, reply.orders[0], reply.positions[0])

    reply, became = ask(data, person, question)
    if as_json:
        print(plain.document({**plain.builtins(reply), "order": became.order}))
    else:
        _say(reply, f"approved{became.words}")
    return became.exit


def deny(
    order: _OrderArgument,
    reason: ReasonOption,
    as_json: JsonOption = False,
    data: DataOption = None,
    person: PersonOption = OWNER,
) -> None:
    """Refuse a held order."""
    command = DenyCommand(request=new_request(), order=order, reason=reason)
    reply = ask(data, person, lambda client: client.command("deny", command))
    if as_json:
        print(plain.document(reply))
    else:
        _say(reply, "denied")


def _say(reply: ControlReply, done: str) -> None:
    [short] = text.short_ids(reply.orders).values()
    print(f"{said(reply, f'{short} is {done}')}; `tradewire why {short}` shows what became of it")
