"""The paper broker's figures, read when somebody asks for them: nothing is counted twice on the way of an order."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tradewire_router.paper.desk import Desk
from tradewire_router.paper.quotes import Feed


class PaperCollector(Collector):
    """What /metrics shows of the paper broker."""

    def __init__(self, desk: Desk, feed: Feed) -> None:
        self._desk, self._feed = desk, feed

    def collect(self) -> Iterator[Metric]:
        """Yields the figures."""
        desk, feed, book = self._desk, self._feed, self._desk.engine.book
        yield CounterMetricFamily("tradewire_paper_submits", "Orders received since the start", desk.submits)
        yield CounterMetricFamily("tradewire_paper_journal_lines", "Lines of the journal", book.seq)
        yield GaugeMetricFamily("tradewire_paper_journal_bytes", "Size of the journal", desk.journal.size)
        yield GaugeMetricFamily("tradewire_paper_connections", "Clients connected", len(desk.sessions))
        working = sum(len(orders) for orders in book.working.values())
        yield GaugeMetricFamily("tradewire_paper_working_orders", "Orders at work", working)
        quotes = CounterMetricFamily("tradewire_paper_quotes", "Quotes by what became of them", labels=["outcome"])
        for outcome, count in (("taken", feed.taken), ("refused", feed.refused), ("old", feed.old)):
            quotes.add_metric([outcome], count)
        yield quotes
        up = feed.bus is not None and feed.bus.connected
        yield GaugeMetricFamily("tradewire_paper_nats_connected", "1 while quotes can come", int(up))
