"""Tells people of events on core NATS, `events.<shard>.<account>.<type>.<order>`, after the read model holds them.

Nothing acts on these messages and nothing sends them again: who missed some asks the query `events`.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from tradewire import subjects
from tradewire.domain.times import SECOND, instant_text
from tradewire.errors import InvalidValue
from tradewire.messages.answers import PublicEvent, encode
from tradewire_ledger.reader.model import Told

AGE_MAX = 60 * SECOND
"""Older events are history by the time that the reader gets to them, after a long stop or in a rebuild."""

_NOBODY = "-"


def public(told: Told) -> PublicEvent:
    """The event as people see it."""
    event = told.event
    return PublicEvent(
        pos=event.pos,
        at=event.at,
        time=_time_text(event.time),
        stream=event.stream,
        version=event.version,
        type=event.type,
        account=told.account,
        order=told.order,
        signal=told.signal,
        data=event.data,
        event_id=event.event_id,
    )


def announcements(shard: str, told: Iterable[Told], now: int) -> Iterator[tuple[str, bytes]]:
    """Yields subject and message for each event that is recent at `now` (µs), in the order of the log."""
    oldest = now - AGE_MAX
    for one in told:
        if one.event.at >= oldest:
            subject = subjects.people(shard, one.account or _NOBODY, one.event.type, one.order or _NOBODY)
            yield subject, encode(public(one))


def _time_text(microseconds: int) -> str:
    second, fraction = divmod(microseconds, SECOND)
    text = _second_text(second)
    return f"{text}.{fraction:06}Z" if fraction else f"{text}Z"


@lru_cache(maxsize=256)
def _second_text(second: int) -> str:
    try:
        return instant_text(second * SECOND).removesuffix("Z")
    except InvalidValue:
        # The writer's clock is the writer's: a nonsensical time is shown as seconds since the epoch.
        return str(second)
