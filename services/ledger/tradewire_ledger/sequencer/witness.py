"""What the sequencer tells of each commit: a span for each command, and to who debugs a line for each event."""

import contextlib
import logging
from collections.abc import Sequence

from tradewire.messages.log import Event
from tradewire.runtime import logs
from tradewire.runtime.logs import Log
from tradewire.traces.context import read_headers, span_of, trace_of
from tradewire.traces.span import Sink, Span
from tradewire_ledger.sequencer.sequence import Committed

_ORDER = "order-"
_MICROSECOND = 1_000


class Witness:
    """Tells of commits. It raises nothing, because the next commit must not depend on it."""

    def __init__(self, log: Log, sink: Sink | None = None) -> None:
        self._log, self._sink = log, sink

    @property
    def wants(self) -> bool:
        """Whether anything would be said of a commit."""
        return self._sink is not None or logs.wants(logging.DEBUG)

    def tell(self, committed: Committed) -> None:
        """Says each event that is about a signal, and what each command was."""
        aloud = logs.wants(logging.DEBUG)
        for events, headers in committed.commands:
            if self._sink is not None and (span := _span(events, headers, committed)) is not None:
                self._sink.offer([span])
            for event in events if aloud else ():
                if event.correlation_id is not None:
                    self._say(event)

    def _say(self, event: Event) -> None:
        with contextlib.suppress(OSError):  # such as a closed standard output
            self._log.debug(
                "event committed",
                type=event.type,
                writer=event.writer,
                signal=event.correlation_id,
                order=event.stream.removeprefix(_ORDER) if event.stream.startswith(_ORDER) else None,
                event_id=event.event_id,
                pos=event.pos,
            )


def _span(events: Sequence[Event], headers: bytes, committed: Committed) -> Span | None:
    """The commit of a command, as part of what its writer waited for; None where nobody knows which trace that is in.

    A request may be about many signals, so its own header says nothing where an event does.
    """
    first = events[0]
    if first.correlation_id is not None:
        trace, parent = trace_of(first.correlation_id), span_of(first.event_id, "append")
    elif (asked := read_headers(headers)) is not None:
        trace, parent = asked.trace, asked.span
    else:
        return None
    return Span(
        trace=trace,
        span=span_of(first.event_id, "commit"),
        parent=parent,
        name="commit",
        start=committed.began // _MICROSECOND,
        end=committed.ended // _MICROSECOND,
        kind="server",
        attributes={
            "tradewire.writer": first.writer,
            "tradewire.event": first.type,
            "tradewire.event_id": first.event_id,
            "tradewire.pos": events[-1].pos,
            "tradewire.events": len(events),
        },
    )
