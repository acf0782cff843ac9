"""What the read model must say of a log, told event by event, without batches, memory limits or tables."""

from collections.abc import Iterable

from tradewire.domain.account_book import AccountBook
from tradewire.domain.books import fold_book
from tradewire.domain.orders import Order, evolve
from tradewire.domain.switches import Controls
from tradewire.messages.log import Event
from tradewire.messages.registry import decode


class Naive:
    """Every order, every book, every switch."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.orders: dict[str, Order] = {}
        self.books: dict[str, AccountBook] = {}
        self.controls = Controls()
        for event in events:
            data = decode(event)
            if event.stream.startswith("order-"):
                self.orders[event.stream] = evolve(self.orders.get(event.stream), event, data)
            self.controls.fold(event, data)
            fold_book(self.books, event, data)

    @property
    def open_orders(self) -> dict[str, Order]:
        """Orders by stream that are open."""
        return {stream: order for stream, order in self.orders.items() if order.open}
