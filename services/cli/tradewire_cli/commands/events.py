"""`tradewire events`: the log, event by event, and as it grows."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Annotated

import typer
from msgspec.structs import replace
from rich.console import Console
from rich.text import Text

from tradewire.domain.nearest import nearest
from tradewire.domain.quoting import quoted
from tradewire.errors import Unavailable
from tradewire.messages.answers import EventsPage, PublicEvent
from tradewire.messages.queries import MAX_ROWS, EventsQuery
from tradewire.messages.registry import EVENT_TYPES
from tradewire_cli import OWNER
from tradewire_cli.client import Client
from tradewire_cli.commands.asking import ask
from tradewire_cli.commands.options import DataOption, JsonOption, PersonOption, console
from tradewire_cli.commands.when import SinceOption, now, since
from tradewire_cli.exits import Exit, Failed
from tradewire_cli.views import events as view
from tradewire_cli.views import plain

_LOOK_SECONDS = 1.0
_NEAR = 3
Show = Callable[[Sequence[PublicEvent]], None]


def events(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as events come, until Ctrl-C.")] = False,
    kind: Annotated[str, typer.Option("--type", help="Only this type, such as OrderFilled.")] = "",
    account: Annotated[str, typer.Option(help="Only of this account.")] = "",
    strategy: Annotated[str, typer.Option(help="Only of this strategy.")] = "",
    order: Annotated[str, typer.Option(help="Only of this order: its id, the beginning of it, or its signal's.")] = "",
    since_when: SinceOption = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=0, help="The last so many; --since shows all since then.")
    ] = 50,
    as_json: JsonOption = False,
    data: DataOption = None,
    person: PersonOption = OWNER,
) -> None:
    """Show the newest events of the log, in their order. With --json, one line of JSON an event."""
    _known(kind)
    begin = since(since_when)
    out = console()
    show = _show_json if as_json else _shown_on(out)
    shown = 0

    def counted(found: Sequence[PublicEvent]) -> None:
        nonlocal shown
        shown += len(found)
        show(found)

    async def question(client: Client) -> None:
        found = await client.order_id(order) if order else ""
        query = EventsQuery(type=kind, account=account, strategy=strategy, order=found, limit=MAX_ROWS)
        async with client.news() as heard:
            if begin is None:
                last = await _show_last(client, query, limit, counted)
            else:
                after = await _position_before(client, begin)
                last = await _show_from(client, replace(query, after=after), counted)
            if not (shown or follow or as_json) and (limit or begin is not None):
                out.print(Text(_nothing(kind, account, strategy, order, since_when), "dim"))
            if follow:
                await _follow(client, replace(query, after=last), heard, show)

    with contextlib.suppress(KeyboardInterrupt):
        ask(data, person, question)


def _known(kind: str) -> None:
    """Raises Failed, with the types that were probably meant, for one that there is not."""
    if not kind or kind in EVENT_TYPES:
        return
    near = nearest(kind, EVENT_TYPES, _NEAR)
    meant = f" Did you mean {' or '.join(near)}?" if near else ""
    types = ", ".join(sorted(EVENT_TYPES))
    raise Failed(Exit.WRONG_USE, f"--type: no event is of the type {quoted(kind)}.{meant} There are {types}")


def _nothing(kind: str, account: str, strategy: str, order: str, since_when: str | None) -> str:
    parts = {"of the type": kind, "of the account": account, "of the strategy": strategy, "of the order": order}
    parts["since"] = since_when or ""
    return " ".join(["no events", *(f"{words} {value}" for words, value in parts.items() if value)])


async def _show_last(client: Client, query: EventsQuery, limit: int, show: Show) -> int:
    """Shows the last events in their order; returns the position that was reached."""
    found: list[PublicEvent] = []
    page = await client.ask(replace(query, backward=True, limit=min(limit or 1, MAX_ROWS)), EventsPage)
    reached = page.pos
    while True:
        found.extend(page.events)
        if not page.more or len(found) >= limit:
            break
        page = await client.ask(replace(query, backward=True, before=page.next), EventsPage)
    show(found[:limit][::-1])
    return reached


async def _show_from(client: Client, query: EventsQuery, show: Show) -> int:
    """Shows the events after a position, page by page; returns the position that was reached."""
    while True:
        page = await client.ask(query, EventsPage)
        show(page.events)
        query = replace(query, after=max(page.next, query.after))
        if not page.more:
            return query.after


async def _position_before(client: Client, time: int) -> int:
    """The last position that the ledger gave before a time; found by halving, because its clock never goes back."""
    low, high = 0, (await client.ask(EventsQuery(backward=True, limit=1), EventsPage)).pos
    while low < high:
        middle = (low + high) // 2
        page = await client.ask(EventsQuery(after=middle, limit=1), EventsPage)
        if page.events and page.events[0].at < time:
            low = page.events[0].pos
        else:
            high = middle
    return low


async def _follow(client: Client, query: EventsQuery, heard: asyncio.Event, show: Show) -> None:
    """Asks for what is new whenever something was announced, and once a second, because announcements may be lost."""
    while True:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_SECONDS):
                await heard.wait()
        heard.clear()
        with contextlib.suppress(Unavailable):
            query = replace(query, after=await _show_from(client, query, show))


def _show_json(found: Sequence[PublicEvent]) -> None:
    for event in found:
        print(plain.document(event), flush=True)


def _shown_on(out: Console) -> Show:
    def show(found: Sequence[PublicEvent]) -> None:
        for event in found:
            out.print(view.line(event, now(), width=out.width if out.is_terminal else 0), soft_wrap=True)

    return show
