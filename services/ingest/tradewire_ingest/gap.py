"""Whether SIGNALS is the stream that the log knows; another one may have taken acknowledged signals with it."""

from tradewire import ids
from tradewire.messages.log import Command
from tradewire.messages.registry import new_event
from tradewire.messages.signals_events import SignalsGapSuspected, SignalsStreamSeen
from tradewire_ingest.domain.state import StreamSeen
from tradewire_ingest.stream import Seen

SYSTEM = "system"


def announce(known: StreamSeen | None, seen: Seen, now: int) -> Command | None:
    """What to append when the stream is not the known one: nothing, that it is seen, or that there may be a gap.

    `known` is the stream that the log told of last. Ids derive from where that was, so that it is said once.
    """
    if known is not None and known.instance == seen.instance:
        return None
    request = f"signals-stream:{known.pos if known else 0}:{seen.instance}"
    first = new_event(
        SYSTEM,
        None,
        ids.command_uuid(request, "SignalsStreamSeen"),
        SignalsStreamSeen(instance=seen.instance),
        time=now,
        correlation=None,
    )
    if known is None:
        return Command((first,))
    data = SignalsGapSuspected(
        old_instance=known.instance, new_instance=seen.instance, last_sequence=seen.last_sequence
    )
    event_id = ids.command_uuid(request, "SignalsGapSuspected")
    return Command((first, new_event(SYSTEM, None, event_id, data, time=now, correlation=None)))
