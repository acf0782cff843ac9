"""What became of an order that a person let pass: risk decides it once more, and the router sends it."""

import asyncio
import contextlib
from typing import Final

from msgspec import Struct

from tradewire.domain.orders import Order, Status
from tradewire.errors import Unavailable
from tradewire_cli.client import Client
from tradewire_cli.exits import Exit
from tradewire_cli.views import orders as order_views

_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 0.2
_WAITS: Final = frozenset({Status.REQUESTED, Status.HELD, Status.APPROVED})
_NOT_TRADED: Final = frozenset({Status.DENIED, Status.REJECTED, Status.LAPSED, Status.CANCELED_LOCALLY})


class Redecided(Struct, frozen=True):
    """How far an approved order came: `words` follow "is approved". `order` is None when nobody told."""

    exit: Exit
    words: str
    order: Order | None = None


async def redecided(client: Client, heard: asyncio.Event, order: str, granted: int) -> Redecided:
    """Waits shortly for what follows the approval at a position; `heard` says when to look."""
    found: Order | None = None
    with contextlib.suppress(TimeoutError, Unavailable):
        async with asyncio.timeout(_SECONDS):
            while True:
                heard.clear()
                if (story := await client.find_order(order, granted)) is not None:
                    found = story.order
                    if found.status not in _WAITS:
                        break
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_SECONDS):
                        await heard.wait()
    return outcome(found)


def outcome(order: Order | None) -> Redecided:
    """What there is to say of an order after its approval."""
    if order is None or order.status in {Status.REQUESTED, Status.HELD}:
        return Redecided(Exit.DONE, ", and risk has not decided it once more yet", order)
    if order.status is Status.APPROVED:
        return Redecided(Exit.DONE, " and passes risk, and is not sent yet", order)
    if order.status not in _NOT_TRADED:
        return Redecided(Exit.DONE, " and sent", order)
    why = ": ".join(part for part in (order.reason, order.message) if part)
    words = f", but now it is {order_views.status(order.status)}{': ' if why else ''}{why}"
    return Redecided(Exit.REFUSED, words, order)
