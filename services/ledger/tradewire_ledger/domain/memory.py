"""What the ledger remembers between batches: streams' versions and recent events. Changed only after a commit."""

from collections.abc import Iterable

from tradewire.messages.log import Event

WHOLE = ("control-", "limits-", "lease-", "account-", "system")
"""Streams by prefix of which every one is remembered from the start, so that an absent one is at version 0."""

MAX_STREAMS = 100_000
MAX_EVENTS = 4_096


class Memory:
    """A bounded memory; what falls out of it is looked up again when it is needed."""

    def __init__(self) -> None:
        self._whole: dict[str, int] = {}
        self._versions: dict[str, int] = {}
        self._events: dict[str, Event] = {}
        self._asked_events: dict[str, Event | None] = {}
        self._asked_versions: dict[str, int] = {}

    def version(self, stream: str) -> int | None:
        """A stream's version, or None when it is not remembered."""
        if stream.startswith(WHOLE):
            return self._whole.get(stream, 0)
        known = self._versions.get(stream)
        return self._asked_versions.get(stream) if known is None else known

    def event(self, event_id: str) -> Event | None:
        """An event of the log by its id, if it is recent or was looked up for this batch."""
        return self._events.get(event_id) or self._asked_events.get(event_id)

    def looked_up(self, event_id: str) -> bool:
        """True when it is certain whether the id exists."""
        return event_id in self._events or event_id in self._asked_events

    def start(self, versions: dict[str, int]) -> None:
        """Takes the versions of the streams that are remembered whole."""
        self._whole = dict(versions)

    def answer(self, streams: dict[str, int], events: dict[str, Event | None]) -> None:
        """Takes what was looked up for the batch at hand."""
        self._asked_versions.update(streams)
        self._asked_events.update(events)

    def forget_answers(self) -> None:
        """Drops what was looked up, at a batch's end."""
        self._asked_versions.clear()
        self._asked_events.clear()

    def committed(self, events: Iterable[Event]) -> None:
        """Takes what was committed."""
        versions, recent = self._versions, self._events
        for event in events:
            if event.stream.startswith(WHOLE):
                self._whole[event.stream] = event.version
            else:
                versions.pop(event.stream, None)
                versions[event.stream] = event.version
            recent[event.event_id] = event
        while len(versions) > MAX_STREAMS:
            del versions[next(iter(versions))]
        while len(recent) > MAX_EVENTS:
            del recent[next(iter(recent))]
