"""`tradewire resolve`: a named person says what became of an order of which the broker tells nothing."""

from typing import Annotated

import typer

from tradewire.messages.control import ControlReply, Outcome, ResolveCommand
from tradewire_cli import OWNER
from tradewire_cli.client import Client, new_request
from tradewire_cli.commands.asking import ask
from tradewire_cli.commands.giving import said
from tradewire_cli.commands.options import DataOption, JsonOption
from tradewire_cli.views import plain, text


def resolve(
    order: Annotated[str, typer.Argument(metavar="ORDER", help="Its id, the beginning of it, or its signal's id.")],
    outcome: Annotated[Outcome, typer.Option("--as", case_sensitive=False, help="What became of it.")],
    evidence: Annotated[
        str, typer.Option(help="Where you have it from, such as the broker's own page; on the record.")
    ],
    quantity: Annotated[
        str, typer.Option(help="What was filled of it. \\[default with --as filled: all that was left]")
    ] = "",
    price: Annotated[str, typer.Option(help="The mean price of what was filled.")] = "",
    fee: Annotated[str, typer.Option(help="What that cost in fees.")] = "",
    as_json: JsonOption = False,
    data: DataOption = None,
    person: Annotated[str, typer.Option("--person", metavar="PERSON", help="Whose key to use.")] = OWNER,
) -> None:
    """Say what became of an order that is unknown, or that the broker says it does not know.

    Position and cash follow. An order that the broker does tell of is refused: cancel it, or wait.
    """

    async def question(client: Client) -> tuple[str, ControlReply]:
        whole = await client.order_id(order)
        command = ResolveCommand(
            request=new_request(),
            order=whole,
            outcome=outcome,
            evidence=evidence,
            quantity=quantity,
            price=price,
            fee=fee,
        )
        return whole, await client.command("resolve", command)

    whole, reply = ask(data, person, question)
    if as_json:
        print(plain.document(reply))
        return
    [short] = text.short_ids([whole]).values()
    print(f"{said(reply, f'{short} is {outcome}')}; `tradewire why {short}` shows it")
