"""`tradewire flatten`: closes every position of an account, and stays until that is so or something is in the way."""

import asyncio
from collections.abc import Mapping
from typing import Annotated

import typer
from msgspec.structs import replace

from tradewire.domain.flattening import STANDS_MICROS
from tradewire.domain.switches import Switch
from tradewire.messages.answers import ControlState
from tradewire.messages.control import FlattenCommand
from tradewire.messages.queries import ControlQuery
from tradewire_cli import OWNER
from tradewire_cli.client import Place, connected, new_request, place_of
from tradewire_cli.commands.flattening import Flattened, Wish, follow, stopped_by
from tradewire_cli.commands.giving import said
from tradewire_cli.commands.options import DataOption, JsonOption, PersonOption, ReasonOption, console
from tradewire_cli.exits import Exit
from tradewire_cli.views import flattening as view
from tradewire_cli.views import plain, text

_AGAIN = "then they are asked for again"


def flatten(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Its name.")],
    reason: ReasonOption,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Stay until everything is closed.")] = True,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", min=0.1, help="How long --wait waits.")] = 30.0,
    as_json: JsonOption = False,
    data: DataOption = None,
    person: PersonOption = OWNER,
) -> int:
    """Cancel every working order of an account and close every position.

    0 when everything that was held is closed and none of those orders works, 1 when something stays, with the reason,
    3 when the time is over. With --no-wait: 0 when the wish is on record, 1 when a switch denies the closes.
    """
    command = FlattenCommand(request=new_request(), account=account, reason=reason)
    return asyncio.run(_flatten(place_of(data, person), command, timeout if wait else 0, as_json=as_json))


async def _flatten(place: Place, command: FlattenCommand, wait: float, *, as_json: bool) -> int:
    out = console()
    account = command.account
    async with connected(place) as client, client.news() as heard:
        reply = await client.command("flatten", command)
        control = await client.ask(ControlQuery(), ControlState)
        scope = stopped_by(control, account)
        stopped = {scope: control.switches[scope]} if scope else {}
        if not as_json:
            orders = f"; {_orders(len(reply.orders))} asked to be canceled" if reply.orders else ""
            wished = replace(reply, positions=reply.positions[:1])  # the cancels lie behind it
            out.print(said(wished, f"every position of {account} is to be closed{orders}"), markup=False)
            for line in _switches(stopped, _AGAIN):
                out.print(line, markup=False, soft_wrap=True)
        if not wait:
            if as_json:
                print(plain.document(reply))
            return Exit.REFUSED if stopped else Exit.DONE
        wish = Wish(account, command.request, min(reply.positions))
        found, code = await follow(
            client,
            heard,
            wish,
            wait,
            lambda row: None if as_json else out.print(view.line(row), markup=False, soft_wrap=True),
        )
    if as_json:
        print(plain.document({**plain.builtins(reply), "symbols": found.rows, "working": found.working}))
        return code
    if found.rows:
        out.print(view.symbols(found.rows, out.width))
    new = {scope: switch for scope, switch in found.switches.items() if scope not in stopped}
    ends = {scope: switch for scope, switch in new.items() if _calls_off(scope, switch)}
    lines = (
        *_switches({scope: switch for scope, switch in new.items() if scope not in ends}, _AGAIN),
        *_switches(ends, "`tradewire flatten` can be given again"),
        *_ending(found, code, ends),
    )
    for line in lines:
        out.print(line, markup=False, soft_wrap=True)
    return code


def _switches(switches: Mapping[str, Switch], then: str) -> list[str]:
    """How each switch that denies the closes is lifted, and what happens then."""
    return [
        f"the switch of {scope} stands at {switch.level} and denies the closes; "
        f"`tradewire resume {scope} --reason …` lifts it, and {then}"
        for scope, switch in switches.items()
    ]


def _calls_off(scope: str, switch: Switch) -> bool:
    """Whether a switch that was thrown after the wish ends it."""
    return scope.startswith(("global", "broker.", "account.")) and switch.by.startswith("person:")


def _ending(found: Flattened, code: Exit, ends: Mapping[str, Switch]) -> list[str]:
    """What is left, and what happens to it; `ends` are the switches that call the wish off."""
    if code is Exit.DONE:
        return ["everything that was held is closed" if found.rows else "nothing was held"]
    ids = text.short_ids(order.order for order in found.working)
    lines = [
        f"order {ids[order.order]}, {order.action} {order.symbol}, still works; "
        f"`tradewire why {ids[order.order]}` tells more"
        for order in found.working
    ]
    if found.left:
        remain = ", ".join(row.symbol for row in found.left)
        again = f"; closes are asked for again until {text.duration(STANDS_MICROS)} after the wish"
        # What a person has called off is settled, although no other switch stands in its way.
        called_off = all(row.settled for row in found.left) and found.switches.keys() <= ends.keys()
        lines.append(f"not closed: {remain}{'' if called_off else again}")
    return lines or ["the last close is not over yet"]


def _orders(count: int) -> str:
    return f"{count} order{'s' if count != 1 else ''}"
