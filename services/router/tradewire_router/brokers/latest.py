"""Quotes on their way from an adapter to its reader: the newest of each symbol, so that nobody is ever behind."""

import asyncio
from collections.abc import AsyncIterator

from tradewire.messages.quotes import Quote


class LatestQuotes:
    """What an adapter's `quotes` can be made of. It holds a quote a symbol at most, in the order in which they came.

    It belongs to one event loop: a thread puts with `loop.call_soon_threadsafe`.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, Quote] = {}
        self._arrived = asyncio.Event()
        self._closed = False

    def put(self, quote: Quote) -> None:
        """Takes a quote, which takes the place of one of its symbol that nobody has read."""
        self._waiting[quote.symbol] = quote
        self._arrived.set()

    def close(self) -> None:
        """Ends the reading, once what waits is read."""
        self._closed = True
        self._arrived.set()

    async def read(self) -> AsyncIterator[Quote]:
        """The quotes, until `close`; one reader."""
        while True:
            while self._waiting:
                yield self._waiting.pop(next(iter(self._waiting)))
            if self._closed:
                return
            self._arrived.clear()
            await self._arrived.wait()
