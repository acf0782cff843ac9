"""What the sequencer says of each commit, to who debugs: which events of which signal and order."""

import contextlib
import logging

from tradewire.messages.log import Event
from tradewire.runtime import logs
from tradewire.runtime.logs import Log
from tradewire_ledger.sequencer.sequence import Committed

_ORDER = "order-"


class Witness:
    """Tells of commits. It raises nothing, because the next commit must not depend on it."""

    def __init__(self, log: Log) -> None:
        self._log = log

    @property
    def wants(self) -> bool:
        """Whether anything would be said of a commit."""
        return logs.wants(logging.DEBUG)

    def tell(self, committed: Committed) -> None:
        """Says each event that is about a signal."""
        for events in committed.commands:
            for event in events:
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
