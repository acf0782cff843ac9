"""The whole audit, fed row by row."""

from collections.abc import Iterable, Mapping

from tradewire.domain.account_book import AccountBook
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
        self.people = PeopleAudit(self.report)
        self._parts: tuple[Part, ...] = (self.log, self.orders, self.people, self.money)

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

    def recall(self, event: Event) -> None:
        """Takes an event from before the audit begins, in the order of the log: nothing is asserted of it."""
        data = decode(event)
        for part in self._parts:
            if part is not self.log:
                part.feed(event, data)
        if event.type == "LeaseReleased":
            self.orders.recall_lease(data.name, data.epoch)

    def begin(self, pos: int, frame: int, value: bytes, books: Mapping[str, AccountBook]) -> None:
        """Begins after a position, with what was recalled and the books of that position, as if all before were fed."""
        self.log.pos, self.log.hash = pos, value
        self.frames.pos, self.frames.frame = pos, frame
        self.money.begin(books)
        self.report.violations.clear()
        self.report.tested.clear()

    def recall_order(self, events: Iterable[Event]) -> None:
        """Takes the whole stream of an order that the audit did not know, up to where it is."""
        report = self.report
        violations, tested = len(report.violations), dict(report.tested)
        for event in events:
            data = decode(event)
            for part in (self.orders, self.people):
                part.feed(event, data)
        del report.violations[violations:]
        report.tested = tested

    def finish(self) -> Report:
        """Asserts what can only be known at the end."""
        for part in self._parts:
            part.finish()
        return self.report
