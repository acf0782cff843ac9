"""Work whose time has come."""

from msgspec import Struct

from tradewire.messages.log import Command


class Due(Struct, frozen=True, gc=False):
    """Something to append because its time has come; `event_id` is that of its first event."""

    event_id: str
    command: Command
    account: str
    why: str
