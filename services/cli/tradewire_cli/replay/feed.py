"""Plays trading days as quotes on `quotes.replay.<SYMBOL>`, each when everybody has dealt with the one before.

So a replay gives the same signals and orders however fast the machine is. Two things tell that a day is over:

- strategies that answer: the day's last quote carries a reply subject, and a strategy that answers it has dealt with
  all quotes of the day and has had its signals acknowledged (NATS keeps one publisher's messages in order);
- `caught_up`, which returns when no signal and no order is left to do.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from decimal import Decimal

from msgspec import Struct

from tradewire import subjects
from tradewire.bus import Bus, Message
from tradewire.errors import Unavailable
from tradewire.messages.quotes import Quote, encode_quote
from tradewire_cli.replay.prices import Day

VENUE = "replay"


class Work(Struct, frozen=True):
    """What the system has done since the replay began."""

    signals: int = 0
    orders: int = 0


class Progress(Struct, frozen=True):
    """Where the replay is: the day just finished, which of how many it was, and what has happened since the start."""

    day: date
    number: int
    days: int
    quotes: int
    work: Work


CaughtUp = Callable[[], Awaitable[Work]]
OnProgress = Callable[[Progress], None]


async def replay(
    bus: Bus,
    days: Sequence[Day],
    *,
    caught_up: CaughtUp,
    on_progress: OnProgress,
    start: date | None = None,
    end: date | None = None,
    answers: int = 0,
    answer_timeout: float = 30.0,
) -> Progress | None:
    """Replays the days from `start` to `end`, both included. Returns where it ended, None when there is no such day.

    A quote has bid, ask and last at the day's close. `answers` is the number of strategies that must answer the last
    quote of a day within `answer_timeout` seconds; 0 waits for none.

    Raises:
        Unavailable: NATS is gone, or a strategy did not answer.
    """
    chosen = [day for day in days if (start is None or day.date >= start) and (end is None or day.date <= end)]
    progress, quotes = None, 0
    async with _Strategies(bus, answers, answer_timeout) as strategies:
        for number, day in enumerate(chosen, 1):
            await strategies.publish(quotes_of(day), day.date)
            quotes += len(day.closes)
            progress = Progress(day.date, number, len(chosen), quotes, await caught_up())
            on_progress(progress)
    return progress


def quotes_of(day: Day) -> list[tuple[str, bytes]]:
    """The quotes of a day, each with its subject."""
    return [_quote(symbol, day.at, close) for symbol, close in day.closes.items()]


def _quote(symbol: str, at: int, close: Decimal) -> tuple[str, bytes]:
    return subjects.quotes(VENUE, symbol), encode_quote(Quote(symbol, at, bid=close, ask=close, last=close))


class _Strategies:
    """Those who listen: a day's quotes go out to them, and their answers to its last quote come back."""

    def __init__(self, bus: Bus, wanted: int, timeout: float) -> None:
        self._bus, self._wanted, self._timeout = bus, wanted, timeout
        self._inbox = bus.inbox()
        self._day, self._got = "", 0
        self._all = asyncio.Event()

    async def __aenter__(self) -> "_Strategies":
        self._subscription = await self._bus.subscribe(f"{self._inbox}.*", self._take)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._subscription.stop()

    async def publish(self, quotes: list[tuple[str, bytes]], day: date) -> None:
        if not self._wanted:
            await self._bus.publish_many(quotes)
            await self._bus.flush()
            return
        self._day, self._got = day.isoformat(), 0
        self._all.clear()
        *most, (subject, payload) = quotes
        await self._bus.publish_many(most)
        await self._bus.publish(subject, payload, reply=f"{self._inbox}.{self._day}")
        try:
            async with asyncio.timeout(self._timeout):
                await self._all.wait()
        except TimeoutError:
            raise Unavailable(
                f"{self._got} of {self._wanted} strategies answered the quotes of {day} within {self._timeout:g} s"
            ) from None

    def _take(self, message: Message) -> None:
        # A status is the server's "nobody listens"; an earlier day is answered late by a strategy that nobody awaited.
        if message.status or not message.subject.endswith(self._day):
            return
        self._got += 1
        if self._got == self._wanted:
            self._all.set()
