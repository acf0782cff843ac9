"""What people asked for in vain goes on record too."""

from hashlib import sha256
from typing import Final

from tradewire import ids
from tradewire.messages.command_events import CommandRefused
from tradewire.messages.control import ControlReply
from tradewire.messages.log import Command
from tradewire.messages.registry import new_event

_NOT_ANSWERED: Final = frozenset({"BUSY", "UNAVAILABLE", "LEDGER_REFUSED"})
_VERB_LENGTH: Final = 32


def attempt(verb: str, identity: str, payload: bytes, reply: ControlReply, now: int) -> Command | None:
    """The event of a command that was refused at a time (µs); None for one that was carried out or may be yet.

    The same bytes of the same person are one attempt, however often they come.
    """
    if reply.ok or reply.code in _NOT_ANSWERED:
        return None
    digest = sha256(payload).hexdigest()
    event_id = ids.derive("refused", identity, verb, digest)
    data = CommandRefused(
        verb=verb[:_VERB_LENGTH],
        by=identity,
        code=reply.code,
        field=reply.field,
        message=reply.message,
        expected=reply.expected,
        sha256=digest,
        size=len(payload),
    )
    return Command((new_event(f"command-{event_id}", 1, event_id, data, time=now, correlation=None),))
