"""R7: what people say in a broker's place: of orders that it does not tell of, and of differences that they accept."""

from typing import Any

from tradewire.domain.audit.findings import Report
from tradewire.domain.breaks import FOLDED, Breaks
from tradewire.messages.log import Event

_INGEST = "ingest"
_OUTCOMES = {
    "OrderFilled": "filled",
    "OrderCanceled": "canceled",
    "OrderRejected": "rejected",
    "OrderExpired": "expired",
}
_PERSON = "person:"


class PeopleAudit:
    """Asks of each such event for its author, reason and evidence, and of each booking for what it rests on."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._breaks = Breaks()
        self._resolved: dict[str, Any] = {}
        """The outcome that a person stated last, by order."""
        self._requests: set[str] = set()
        """Requests to accept or adopt, which alone may book."""

    def feed(self, event: Event, data: Any) -> None:
        kind = event.type
        if kind == "OrderResolved":
            self._resolved[data.order] = data
            self._test(event, data.by.startswith(_PERSON) and data.evidence.strip(), "no person or no evidence")
        elif kind in _OUTCOMES and event.writer == _INGEST:
            self._test(event, self._stated(kind, data), f"{kind} that no person has stated")
        elif kind in {"BreakAccepted", "AdoptionRequested"}:
            self._requests.add(data.request)
            self._test(event, data.by.startswith(_PERSON) and data.reason.strip(), "no person or no reason")
            if kind == "BreakAccepted":
                standing = self._breaks.of(data.account)
                fresh = data.id in standing.breaks and data.id not in standing.accepted
                self._test(event, fresh, "it was not on record, or was accepted before")
        elif kind in {"CashMoved", "PositionAdjusted"} and (data.by or event.writer == _INGEST):
            asked = data.request in self._requests
            self._test(event, asked and data.by.startswith(_PERSON) and data.why.strip(), "booked by nobody's wish")
        if kind in FOLDED:
            self._breaks.fold(kind, event.time, data)

    def _stated(self, kind: str, data: Any) -> bool:
        said = self._resolved.get(data.order)
        if said is None or not data.evidence.startswith(said.by):
            return False
        # What was filled before the end that was stated is part of that statement.
        return kind == "OrderFilled" or bool(said.outcome == _OUTCOMES[kind])

    def _test(self, event: Event, holds: object, message: str) -> None:
        self._report.test("R7", bool(holds), event, message)

    def finish(self) -> None:
        """Nothing is open at the end of a log."""
