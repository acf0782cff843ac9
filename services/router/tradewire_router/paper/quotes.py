"""Quotes from NATS: `quotes.<venue>.<symbol>`, JSON `{symbol, bid, ask, last, at}`.

Amounts are text or numbers, at least one of bid, ask and last; `at` is RFC 3339 with a zone, or microseconds since the
epoch. A quote that is wrong or crossed, or older than or equal to the one before, is counted and not used.
"""

import asyncio
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Raw, Struct

from tradewire.bus import Bus, Message
from tradewire.domain import names, times
from tradewire.errors import InvalidValue, Unavailable
from tradewire.messages.quotes import Quote
from tradewire.settings import Nats
from tradewire_router.paper.checks import amount
from tradewire_router.paper.desk import Desk

SUBJECTS = "quotes.>"
_RETRY_SECONDS = 5.0
_END = times.instant("2200-01-01T00:00:00Z")


class _QuoteText(Struct, frozen=True, gc=False):
    symbol: str
    at: Raw
    bid: Raw = Raw(b"null")
    ask: Raw = Raw(b"null")
    last: Raw = Raw(b"null")
    delayed: bool = False


_decode = msgspec.json.Decoder(_QuoteText).decode
_decode_time = msgspec.json.Decoder(int | str).decode


def parse_quote(data: bytes) -> Quote:
    """Parses a quote.

    Raises:
        InvalidValue: a field is wrong; the message names it.
    """
    try:
        text = _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidValue(
            "QUOTE_INVALID", f"the quote cannot be read: {error}", "an object with symbol, at, bid, ask, last"
        ) from None
    names.symbol(text.symbol)
    bid, ask, last = _price("bid", text.bid), _price("ask", text.ask), _price("last", text.last)
    if bid is None and ask is None and last is None:
        raise InvalidValue("QUOTE_INVALID", f"the quote of {text.symbol} has no price", "bid, ask or last")
    if bid is not None and ask is not None and bid > ask:
        raise InvalidValue("QUOTE_CROSSED", f"the bid {bid} of {text.symbol} is above the ask {ask}", "bid <= ask")
    return Quote(symbol=text.symbol, at=_time(text.at), bid=bid, ask=ask, last=last, delayed=text.delayed)


def _price(name: str, raw: Raw) -> Decimal | None:
    text = bytes(raw).decode(errors="replace")
    if text == "null":
        return None
    try:
        return amount(text[1:-1] if text.startswith('"') else text)
    except InvalidValue as error:
        raise InvalidValue(error.code, f"{name}: {error.message}", error.expected) from None


def _time(raw: Raw) -> int:
    try:
        value = _decode_time(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        value = None
    if isinstance(value, str):
        return times.instant(value)
    if isinstance(value, int) and 0 < value < _END:
        return value
    raise InvalidValue("TIME_INVALID", "at is no time", "RFC 3339 with a zone, or microseconds since the epoch")


class Feed:
    """Brings quotes to the desk; without NATS, or after losing it, it waits for it."""

    def __init__(self, desk: Desk, log: Any) -> None:
        self._desk, self._log = desk, log
        self.bus: Bus | None = None
        self.taken = self.refused = self.old = 0
        self._complained_at = 0.0

    async def run(self, nats: Nats) -> None:
        """Connects, and stays connected until it is cancelled."""
        while True:
            try:
                self.bus = await Bus.connect(nats, "paper")
                await self.bus.subscribe(SUBJECTS, self.take)
                self._log.info("quotes subscribed", url=nats.url)
                await self.bus.closed.wait()
            except Unavailable as error:
                self._log.error("quotes cannot be had; orders go on without them", error=str(error))
            finally:
                if self.bus is not None:
                    await self.bus.close()
                self.bus = None
            await asyncio.sleep(_RETRY_SECONDS)

    def take(self, message: Message) -> None:
        """Takes one message from `quotes.>`."""
        try:
            quote = parse_quote(message.data)
        except InvalidValue as error:
            self.refused += 1
            self._complain(message.subject, error)
            return
        self._desk.guarded(lambda: self._use(quote))

    def _use(self, quote: Quote) -> None:
        desk = self._desk
        before = desk.engine.quotes.get(quote.symbol)
        if before is not None and (quote.at < before.at or quote == before):
            self.old += 1
            return
        self.taken += 1
        desk.clock.hear(quote.at)
        desk.engine.quote(quote, desk.now())
        desk.changed()

    def _complain(self, subject: str, error: InvalidValue) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._complained_at >= 1.0:
            self._complained_at = now
            self._log.warning("quote refused", subject=subject, code=error.code, error=str(error), refused=self.refused)
