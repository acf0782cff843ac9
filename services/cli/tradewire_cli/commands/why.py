"""`tradewire why`: the whole story of one order."""

from typing import Annotated

import typer
from msgspec.structs import replace

from tradewire.messages.answers import OrderStory
from tradewire.messages.queries import OrderQuery
from tradewire.traces.context import trace_of
from tradewire_cli import OWNER
from tradewire_cli.client import Client
from tradewire_cli.commands.asking import ask
from tradewire_cli.commands.options import DataOption, JsonOption, PersonOption, console
from tradewire_cli.commands.when import now
from tradewire_cli.views import plain
from tradewire_cli.views import why as view


def why(
    order: Annotated[str, typer.Argument(metavar="ORDER", help="Its id, the beginning of it, or its signal's id.")],
    as_json: JsonOption = False,
    data: DataOption = None,
    person: PersonOption = OWNER,
) -> None:
    """Tell an order's whole story: what happened when, and every check with its value, limit and result."""
    story = ask(data, person, lambda client: whole_story(client, order))
    if as_json:
        trace = trace_of(story.order.signal)
        print(plain.document({"pos": story.pos, "order": story.order, "trace_id": trace, "events": story.events}))
        return
    out = console()
    out.print(view.story(story.order, story.events, out.width, now()))


async def whole_story(client: Client, order: str) -> OrderStory:
    """An order with all its events, however many pages that takes."""
    story = await client.ask(OrderQuery(id=order), OrderStory)
    events = list(story.events)
    while story.after is not None:
        story = await client.ask(OrderQuery(id=story.order.order, after=story.after), OrderStory)
        events.extend(story.events)
    return replace(story, events=tuple(events))
