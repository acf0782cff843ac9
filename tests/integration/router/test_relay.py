"""Quotes of a broker on their way to everybody: which, when, and above all which not.

The broker is the paper broker's process over its socket, taken for a venue of its own; NATS is real.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest
import structlog
from prometheus_client import CollectorRegistry

from tests.contract.brokers.paper_bench import PaperBench, paper_bench
from tests.unit.router.builders import Log
from tests.venue import Venue
from tests.waiting import now, soon
from tradewire.bus import Bus, Message
from tradewire.messages import account_events as a
from tradewire.messages.quotes import Quote, decode_quote
from tradewire.runtime.clock import Clock
from tradewire.runtime.tasks import end_tasks
from tradewire.settings import Nats, Paper
from tradewire_router.brokers.errors import BrokerConnectionError, NotSupportedError
from tradewire_router.brokers.values import RateLimit
from tradewire_router.market.pace import pause_seconds
from tradewire_router.market.relay import QuoteRelay
from tradewire_router.metrics import Metrics

Kind = Literal["stream", "poll", "none"]
SECOND = 1_000_000


class Scene:
    """A relay at work, its venue, and an ear on `quotes.venue.>`."""

    def __init__(self, bench: PaperBench, venue: Venue, router: Bus, clock: Clock) -> None:
        self.bench, self.venue, self.log = bench, venue, Log()
        self.metrics = Metrics(CollectorRegistry(), "alpaca", "alpaca")
        self.heard: list[tuple[str, Quote]] = []
        self.connected = True
        self.relay = QuoteRelay(
            self.log.state, venue, router, clock, structlog.get_logger(), self.metrics, call_seconds=3.0
        )

    def hear(self, message: Message) -> None:
        self.heard.append((message.subject, decode_quote(message.data)))

    def allow(self, symbols: str) -> None:
        """Has the log say which symbols the account may trade."""
        data = a.LimitSet(scope="global", limits={"allowed_symbols": symbols}, old={}, by="x", reason="x")
        self.log.write("limits-global", data)

    def of(self, symbol: str) -> list[Quote]:
        """What was heard of a symbol."""
        return [quote for _, quote in self.heard if quote.symbol == symbol]

    async def until(self, symbol: str, bid: str) -> Quote:
        """Waits until a symbol is quoted at a bid."""

        async def there() -> bool:
            return any(quote.bid == Decimal(bid) for quote in self.of(symbol))

        await soon(there)
        return self.of(symbol)[-1]

    async def refused(self) -> float:
        """How many quotes were refused so far."""
        return float(self.metrics.quotes_refused._value.get())


@asynccontextmanager
async def relaying(folder: Path, kind: Kind, clock: Clock | None = None, **more: Any) -> AsyncIterator[Scene]:
    async with paper_bench(folder) as bench:
        assert bench._engines is not None
        assert bench.feed is not None
        nats = Nats(url=bench._engines.nats_url, nkey_file=str(bench._engines.nkey_file("router")), user="router")
        router = await Bus.connect(nats, "router")
        venue = Venue("paper", Paper(journal=str(bench.journal)), kind, **more)
        await venue.connect()
        scene = Scene(bench, venue, router, clock or Clock("wall"))
        feed_nats = Nats(url=bench._engines.nats_url, nkey_file=str(bench._engines.nkey_file("risk")), user="risk")
        ear = await Bus.connect(feed_nats, "risk")
        await ear.subscribe("quotes.venue.>", scene.hear)
        await ear.flush()
        parts = [asyncio.ensure_future(part) for part in scene.relay.parts(lambda: scene.connected)]
        try:
            yield scene
            assert not any(part.done() for part in parts)
        finally:
            await end_tasks(*parts)
            await venue.close()
            await ear.close()
            await router.close()


@pytest.mark.parametrize("kind", ["stream", "poll"])
async def test_quotes_of_symbols_that_concern_the_account_go_out_with_the_venues_time(
    tmp_path: Path, kind: Kind
) -> None:
    async with relaying(tmp_path, kind) as scene:
        await scene.bench.price("AAPL", "101", "101.20")
        await scene.bench.price("BTC/USDT", "60000", "60001")
        await scene.bench.price("IDLE", "7", "8")
        scene.allow("AAPL,BTC/USDT")
        first = await scene.until("AAPL", "101")
        assert (first.at, first.ask, first.delayed) == (scene.bench.at - 2 * SECOND, Decimal("101.20"), False)
        await scene.until("BTC/USDT", "60000")
        await scene.bench.price("AAPL", "102", "102.20")
        assert (await scene.until("AAPL", "102")).at == scene.bench.at
        scene.log.order(1, symbol="IDLE")
        assert (await scene.until("IDLE", "7")).ask == Decimal(8)
        assert {subject for subject, _ in scene.heard} == {
            "quotes.venue.AAPL",
            "quotes.venue.BTC_USDT",
            "quotes.venue.IDLE",
        }
        if kind == "stream":
            assert scene.venue.subscribed == {"AAPL", "BTC/USDT", "IDLE"}


async def test_a_symbol_that_concerns_nobody_any_more_is_not_quoted(tmp_path: Path) -> None:
    async with relaying(tmp_path, "stream") as scene:
        await scene.bench.price("AAPL", "101", "101.20")
        scene.allow("AAPL,MSFT")
        await scene.until("AAPL", "101")
        scene.allow("MSFT")

        async def gone() -> bool:
            return scene.venue.subscribed == {"MSFT"}

        await soon(gone)
        scene.venue.tell_quote(Quote("AAPL", now(), bid=Decimal(55)))
        scene.venue.tell_quote(Quote("MSFT", now(), bid=Decimal(66)))
        await scene.until("MSFT", "66")
        assert all(quote.bid != Decimal(55) for quote in scene.of("AAPL"))


BROKEN = {
    "zero": {"bid": Decimal(0), "ask": Decimal("101.20")},
    "NaN": {"last": Decimal("NaN")},
    "infinite": {"last": Decimal("Infinity")},
    "negative": {"last": Decimal(-1)},
    "crossed": {"bid": Decimal(102), "ask": Decimal(101)},
    "empty": {},
}


@pytest.mark.parametrize("kind", ["stream", "poll"])
async def test_what_is_no_quote_goes_no_further(tmp_path: Path, kind: Kind) -> None:
    async with relaying(tmp_path, kind) as scene:
        scene.venue.said["AAPL"] = Quote("AAPL", now(), bid=Decimal(100))
        scene.allow("AAPL")
        await scene.until("AAPL", "100")
        broken = [Quote("AAPL", now(), **prices) for prices in BROKEN.values()]  # type: ignore[arg-type]
        broken += [Quote("AAPL", now() + 60 * SECOND, bid=Decimal(103)), Quote("AAPL", 0, bid=Decimal(103))]
        broken += [Quote("AAPL.>", now(), bid=Decimal(103)), Quote("", now(), bid=Decimal(103))]
        for number, quote in enumerate(broken):
            before = await scene.refused()
            scene.venue.said["AAPL"] = quote
            if kind == "stream":
                scene.venue.tell_quote(quote)

            async def counted(before: float = before) -> bool:
                return await scene.refused() > before

            await soon(counted)
            good = Decimal(200 + number)
            scene.venue.said["AAPL"] = Quote("AAPL", now(), bid=good)
            if kind == "stream":
                scene.venue.tell_quote(scene.venue.said["AAPL"])
            await scene.until("AAPL", str(good))
        assert {quote.bid for quote in scene.of("AAPL")} == {Decimal(100), *(Decimal(200 + n) for n in range(10))}


async def test_a_feed_that_stands_still_keeps_its_old_time(tmp_path: Path) -> None:
    """Nobody here makes it younger, so it is stale at whoever listens."""
    async with relaying(tmp_path, "poll") as scene:
        frozen = Quote("AAPL", now() - 600 * SECOND, bid=Decimal(100), ask=Decimal(101))
        scene.venue.said["AAPL"] = frozen
        scene.allow("AAPL")

        async def asked_often() -> bool:
            return scene.venue.asked.count("AAPL") > 5 and bool(scene.heard)

        await soon(asked_often)
        assert set(scene.heard) == {("quotes.venue.AAPL", frozen)}


async def test_what_comes_late_says_so(tmp_path: Path) -> None:
    async with relaying(tmp_path, "poll") as scene:
        scene.venue.said["AAPL"] = Quote("AAPL", now() - 900 * SECOND, bid=Decimal(100), delayed=True)
        scene.allow("AAPL")
        assert (await scene.until("AAPL", "100")).delayed


async def test_a_stream_that_breaks_or_is_silent_is_heard_again(tmp_path: Path) -> None:
    async with relaying(tmp_path, "stream") as scene:
        await scene.bench.price("AAPL", "101", "101.20")
        scene.allow("AAPL")
        await scene.until("AAPL", "101")
        broken = scene.venue._quotes
        scene.venue._quotes = type(broken)()
        broken.close()
        await scene.bench.price("AAPL", "102", "102.20")
        await scene.until("AAPL", "102")
        scene.log.order(1, symbol="NEVER")
        await scene.bench.kill()
        scene.venue.tell_quote(Quote("AAPL", now(), bid=Decimal(103)))
        await scene.until("AAPL", "103")
        await scene.bench.start()
        await scene.bench.price("NEVER", "7", "8")
        await scene.until("NEVER", "7")


async def test_a_broker_that_cannot_be_asked_is_not(tmp_path: Path) -> None:
    async with relaying(tmp_path, "poll") as scene:
        scene.connected = False
        await scene.bench.price("AAPL", "101", "101.20")
        scene.allow("AAPL")
        await asyncio.sleep(0.5)
        assert scene.venue.asked == []
        scene.connected = True
        await scene.until("AAPL", "101")


async def test_no_more_symbols_than_the_broker_quotes_those_first_that_matter_most(tmp_path: Path) -> None:
    async with relaying(tmp_path, "stream", quotes_at_once=2) as scene:
        scene.allow("AAA,BBB,CCC")
        scene.log.order(1, symbol="ZZZ")

        async def followed() -> bool:
            return scene.venue.subscribed == {"ZZZ", "AAA"}

        await soon(followed)
        assert scene.relay.symbols == ("ZZZ", "AAA")


async def test_nothing_is_passed_on_where_there_is_nothing_or_quotes_are_the_clock(tmp_path: Path) -> None:
    for kind, clock in (("none", Clock("wall")), ("stream", Clock("quotes"))):
        async with relaying(tmp_path / kind, kind, clock) as scene:  # type: ignore[arg-type]
            assert scene.relay.parts(lambda: True) == []
            if kind == "none":
                with pytest.raises(NotSupportedError):
                    await scene.venue.subscribe_quotes({"AAPL"})


async def test_a_venue_that_is_gone_says_so(tmp_path: Path) -> None:
    async with relaying(tmp_path, "poll") as scene:
        await scene.bench.kill()
        with pytest.raises(BrokerConnectionError):
            await scene.venue.quote("AAPL")
        await scene.bench.start()


def test_questions_for_prices_leave_room_for_orders() -> None:
    venue = Venue("paper", Paper(), "poll", rate_limits=(RateLimit(200, 60), RateLimit(10, 1)))
    assert pause_seconds(venue.capabilities) == pytest.approx(1.2)
    assert pause_seconds(Venue("paper", Paper(), "poll").capabilities) == pytest.approx(0.05)
