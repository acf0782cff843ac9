"""The paper broker as one that has prices of its own: as a stream, or by asking.

Its prices are those that its process has heard, over its socket; a test can have it say others, as a broken feed does.
"""

import asyncio
from collections.abc import Collection
from typing import Any, Literal

import msgspec

from tradewire.messages.quotes import Quote
from tradewire.settings import Paper
from tradewire_router.brokers.errors import BrokerError
from tradewire_router.brokers.paper import CAPABILITIES, PaperBroker

_LOOK_SECONDS = 0.02


class Venue(PaperBroker):
    """A venue of quotes. `said` takes the place of what the process knows, by symbol."""

    id = "venue"

    def __init__(self, account: str, paper: Paper, kind: Literal["stream", "poll", "none"], **more: Any) -> None:
        super().__init__(account, paper)
        self.capabilities = msgspec.structs.replace(CAPABILITIES, quotes=kind, **more)
        self.said: dict[str, Quote] = {}
        self.asked: list[str] = []
        self.subscribed: frozenset[str] = frozenset()
        self._streaming: asyncio.Task[None] | None = None

    async def subscribe_quotes(self, symbols: Collection[str]) -> None:
        """As the port says, where the kind is a stream."""
        if self.capabilities.quotes != "stream":
            await super().subscribe_quotes(symbols)
        self.subscribed = frozenset(symbols)
        if self._streaming is None:
            self._streaming = asyncio.create_task(self._stream())

    async def _stream(self) -> None:
        told: dict[str, Quote] = {}
        while True:
            for symbol in self.subscribed:
                try:
                    quote = await self._now(symbol)
                except BrokerError:
                    continue
                if quote is not None and told.get(symbol) != quote:
                    told[symbol] = quote
                    self.tell_quote(quote)
            await asyncio.sleep(_LOOK_SECONDS)

    async def quote(self, symbol: str) -> Quote | None:
        """As the port says."""
        self.asked.append(symbol)
        return await self._now(symbol)

    async def _now(self, symbol: str) -> Quote | None:
        return self.said.get(symbol) or await super().quote(symbol)

    async def close(self) -> None:
        """As the port says."""
        if self._streaming is not None:
            self._streaming.cancel()
        await super().close()
