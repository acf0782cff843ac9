"""What the reader is asked for the checklist: the account's latest reports, limits and switches, the end of the log."""

import asyncio
from typing import Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from tradewire.errors import LogChanged
from tradewire.messages.account_events import BalancesReported, ReconciliationBroken, ReconciliationMended
from tradewire.messages.answers import ControlState, EventsPage, FramesPage, PublicEvent, StatusReply
from tradewire.messages.log import Frame
from tradewire.messages.queries import ControlQuery, EventsQuery, FramesQuery, StatusQuery
from tradewire_cli.client import Client
from tradewire_cli.views.events import decoded

_FRAMES: Final = 100
"""How much of the log's end is verified; `tradewire check` verifies all of it."""
_LOOKS: Final = 20
_PAUSE_SECONDS: Final = 0.1

Data = TypeVar("Data", bound=Struct)


class Told(Struct, frozen=True):
    """The answers. `behind`: by how many positions the reader was, after a while, behind the log as it was at first.

    What was reported comes with its event, which has the ledger's time.
    """

    status: StatusReply
    behind: int
    control: ControlState
    frames: tuple[Frame, ...]
    balances: tuple[PublicEvent, BalancesReported] | None
    broke: tuple[PublicEvent, ReconciliationBroken] | None
    mended: tuple[PublicEvent, ReconciliationMended] | None


async def ask(client: Client, account: str) -> Told:
    """Asks all of it. Raises as `Client.ask` does."""
    status, head = await _caught_up(client)
    return Told(
        status=status,
        behind=max(head - status.pos, 0),
        control=await client.ask(ControlQuery(), ControlState),
        frames=await _end_of_log(client, status),
        balances=await _last(client, account, BalancesReported),
        broke=await _last(client, account, ReconciliationBroken),
        mended=await _last(client, account, ReconciliationMended),
    )


async def _caught_up(client: Client) -> tuple[StatusReply, int]:
    """Where the reader is once it has read what the log had when it was first asked, or when it takes too long."""
    status = await client.ask(StatusQuery(), StatusReply)
    head = status.head
    for _ in range(_LOOKS):
        if status.pos >= head:
            break
        await asyncio.sleep(_PAUSE_SECONDS)
        status = await client.ask(StatusQuery(), StatusReply)
    return status, head


async def _end_of_log(client: Client, status: StatusReply) -> tuple[Frame, ...]:
    """The last frames, one more than is verified: its hash is where the others begin."""
    query = FramesQuery(after=max(status.frame - _FRAMES - 1, 0))
    found: list[Frame] = []
    while True:
        page = await client.ask(query, FramesPage)
        found.extend(page.frames)
        if not page.more or not page.frames or found[-1].frame >= status.frame:
            break
        query = replace(query, after=found[-1].frame)
    if any(frame.log_id != status.log_id for frame in found):
        raise LogChanged("the log became another one while it was read")
    return tuple(found)


async def _last(client: Client, account: str, kind: type[Data]) -> tuple[PublicEvent, Data] | None:
    query = EventsQuery(stream=f"account-{account}", type=kind.__name__, backward=True, limit=1)
    page = await client.ask(query, EventsPage)
    if not page.events:
        return None
    data = decoded(page.events[0])
    return (page.events[0], data) if isinstance(data, kind) else None
