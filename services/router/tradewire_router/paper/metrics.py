"""The paper broker's figures, read when somebody asks for them: nothing is counted twice on the way of an order."""

from collections.abc import Iterable
from typing import Final

from prometheus_client import Metric
from prometheus_client.registry import Collector

from tradewire.runtime.metrics import Family, Sheet
from tradewire_router.paper.desk import Desk
from tradewire_router.paper.quotes import Feed

FAMILIES: Final = {
    "paper_submits": Family("Orders received since the start", rises=True),
    "paper_journal_lines": Family("Lines of the journal", rises=True),
    "paper_journal_bytes": Family("Size of the journal"),
    "paper_connections": Family("Clients connected"),
    "paper_working_orders": Family("Orders at work"),
    "paper_quotes": Family("Quotes by what became of them", ("outcome",), rises=True),
    "paper_nats_connected": Family("1 while quotes can come"),
}


class PaperCollector(Collector):
    """What /metrics shows of the paper broker."""

    def __init__(self, desk: Desk, feed: Feed) -> None:
        self._desk, self._feed = desk, feed

    def describe(self) -> Iterable[Metric]:
        """Every family there is."""
        return Sheet(FAMILIES).families.values()

    def collect(self) -> Iterable[Metric]:
        """The figures."""
        desk, feed, book, sheet = self._desk, self._feed, self._desk.engine.book, Sheet(FAMILIES)
        sheet.put("paper_submits", desk.submits)
        sheet.put("paper_journal_lines", book.seq)
        sheet.put("paper_journal_bytes", desk.journal.size)
        sheet.put("paper_connections", len(desk.sessions))
        sheet.put("paper_working_orders", sum(len(orders) for orders in book.working.values()))
        for outcome, count in (("taken", feed.taken), ("refused", feed.refused), ("old", feed.old)):
            sheet.put("paper_quotes", count, outcome)
        sheet.put("paper_nats_connected", feed.bus is not None and feed.bus.connected)
        return sheet.families.values()
