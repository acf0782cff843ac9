"""`tradewire cancel`: asks for the end of one order, or of many."""

from typing import Annotated

import typer

from tradewire.messages.answers import OrdersPage
from tradewire.messages.control import CancelCommand, ControlReply
from tradewire.messages.queries import OrdersQuery
from tradewire_cli import OWNER
from tradewire_cli.client import Client, new_request
from tradewire_cli.commands.asking import ask
from tradewire_cli.commands.options import DataOption, JsonOption, PersonOption
from tradewire_cli.exits import Exit, Failed
from tradewire_cli.views import plain, text


def cancel(
    order: Annotated[str, typer.Argument(metavar="ORDER", help="Its id, or the beginning of it.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Every open order.")] = False,
    account: Annotated[str, typer.Option(help="Every open order of this account.")] = "",
    strategy: Annotated[str, typer.Option(help="Every open order of this strategy.")] = "",
    symbol: Annotated[str, typer.Option(help="Every open order of this symbol.")] = "",
    reason: Annotated[str, typer.Option(help="Why; it goes on the record.")] = "",
    as_json: JsonOption = False,
    data: DataOption = None,
    person: PersonOption = OWNER,
) -> None:
    """Ask for the cancel of one order, or of every open order of an account, a strategy or a symbol."""
    several = account or strategy or symbol
    if bool(order) + everything + bool(several) != 1:
        raise Failed(
            Exit.WRONG_USE, "say what to cancel: ORDER, or --all, or any of --account, --strategy and --symbol"
        )

    async def question(client: Client) -> list[ControlReply]:
        accounts = sorted(await _accounts_with_open_orders(client)) if everything else [account]
        commands = [
            CancelCommand(
                request=new_request(), order=order, account=each, strategy=strategy, symbol=symbol, reason=reason
            )
            for each in accounts
        ]
        return [await client.command("cancel", command) for command in commands]

    replies = ask(data, person, question)
    if as_json:
        print(plain.document({"replies": replies}))
        return
    asked = [each for reply in replies for each in reply.orders]
    ids = text.short_ids(asked)
    for each in asked:
        print(f"{ids[each]} cancel requested; `tradewire why {ids[each]}` shows what became of it")
    if not asked:
        print("no open order matches")


async def _accounts_with_open_orders(client: Client) -> set[str]:
    page = await client.ask_all(OrdersQuery(open=True), OrdersPage, "orders")
    return {order.account for order in page.orders}
