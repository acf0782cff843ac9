"""The engine with a journal in memory, for tests."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from tradewire.messages.quotes import Quote
from tradewire.settings import Paper
from tradewire_router.paper.book import AccountBook, Book, apply
from tradewire_router.paper.engine import Engine
from tradewire_router.paper.judge import judge
from tradewire_router.paper.lines import Line, decode_line, encode_line
from tradewire_router.paper.wire import PaperOrder

NOON = 1_772_992_800_000_000
"""2026-03-08 18:00 UTC, a Sunday."""
HOUR = 3_600_000_000


class Scene:
    """An engine with one account, and all lines that it wrote."""

    def __init__(self, **terms: Any) -> None:
        self.data: list[bytes] = []
        self.engine = Engine(Book(), Paper(**{"price_from_signal": False, **terms}), self._record)
        self.at = NOON
        self.account: AccountBook = self.engine.open_account("paper", "USD", self.at)
        self._count = 0

    def _record(self, line: Line) -> int:
        self.data.append(encode_line(line))
        return len(self.data) - 1

    @property
    def lines(self) -> list[Any]:
        """The journal, read back."""
        return [decode_line(data) for data in self.data]

    def of(self, kind: type) -> list[Any]:
        """Its lines of one kind."""
        return [line for line in self.lines if isinstance(line, kind)]

    def submit(self, side: str = "buy", quantity: str | None = "10", *, pieces: int = 0, **fields: Any) -> str:
        """Receives an order and places it unless its id is known; returns its client order id."""
        self._count += 1
        client_order_id: str = fields.pop("client_order_id", f"{self._count:032x}")
        order = PaperOrder(
            client_order_id=client_order_id,
            order=fields.pop("order", f"order-{self._count}"),
            symbol=fields.pop("symbol", "AAPL"),
            side=side,  # type: ignore[arg-type]
            quantity=quantity,
            **fields,
        )
        if self.engine.receive(self.account, order, self.at):
            self.engine.place(self.account, client_order_id, self.at, pieces=pieces)
        return client_order_id

    def quote(self, bid: str | None, ask: str | None, last: str | None = None, symbol: str = "AAPL") -> None:
        """Moves the market, a second later."""
        self.at += 1_000_000
        prices = {"bid": bid, "ask": ask, "last": last}
        amounts: dict[str, Any] = {name: Decimal(text) for name, text in prices.items() if text is not None}
        self.engine.quote(Quote(symbol=symbol, at=self.at, **amounts), self.at)

    def rebuilt(self) -> Book:
        """The state that the journal gives."""
        book = Book()
        for offset, line in enumerate(self.lines):
            apply(book, line, offset)
        return book

    def verdict(self, folder: Path) -> dict[str, Any]:
        """What the judge says of the journal."""
        path = folder / "journal.jsonl"
        path.write_bytes(b"".join(data + b"\n" for data in self.data))
        return judge(path)
