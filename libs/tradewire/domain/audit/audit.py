"""The whole audit, fed row by row."""

from collections.abc import Mapping

from tradewire.domain.audit.chain import FrameAudit, LogAudit
from tradewire.domain.audit.findings import Part, Report
from tradewire.domain.audit.money import MoneyAudit
from tradewire.domain.audit.orders import OrderAudit
from tradewire.domain.audit.people import PeopleAudit
from tradewire.errors import UnknownEvent
from tradewire.messages.log import Event
from tradewire.messages.registry import decode


class Audit:
    """Asserts every invariant that needs the log alone. `settled` asserts as well that nothing is in flight."""

    def __init__(self, log_id: str, currencies: Mapping[str, str], *, settled: bool = False) -> None:
        self.report = Report([], {})
        self.log = LogAudit(self.report, log_id)
        self.frames = FrameAudit(self.report)
        self.orders = OrderAudit(self.report, settled=settled)
        self.money = MoneyAudit(self.report, self.orders, dict(currencies))
        # Money comes last: it asks the orders for their state after the event.
        self._parts: tuple[Part, ...] = (self.log, self.orders, PeopleAudit(self.report), self.money)

    def feed(self, event: Event, stored_hash: bytes) -> None:
        """Takes the next row of the log."""
        self.log.stored(event, stored_hash)
        try:
            data = decode(event)
        except UnknownEvent as error:
            self.report.test("L6", False, event, str(error))
            return
        except ValueError as error:
            self.report.test("L6", False, event, f"cannot be read: {error}")
            return
        for part in self._parts:
            part.feed(event, data)

    def finish(self) -> Report:
        """Asserts what can only be known at the end."""
        for part in self._parts:
            part.finish()
        return self.report
