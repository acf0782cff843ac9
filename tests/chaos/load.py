"""The load: signals that follow from a seed, and a publisher that asks again with the same id until it has its ack."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any

import msgspec
import nats.errors
from msgspec import Struct
from nats.aio.client import Client
from nats.aio.transport import TcpTransport

from tests.chaos.clocks import Clock
from tests.chaos.twin import Twin
from tradewire.bus import Bus
from tradewire.errors import Unavailable
from tradewire.messages.quotes import Quote, encode_quote
from tradewire.nats_client import NatsClient
from tradewire.nats_credentials import Credentials
from tradewire_cli.engines.testing import Engines

STRATEGIES = ("momo", "reef")
SYMBOLS = ("AAPL", "MSFT", "SPY", "TSLA")
RATE = 50.0
ACK_SECONDS = 1.0
QUOTE_SECONDS = 0.1
PROBE_LIMIT = "50"
LOWEST, HIGHEST = Decimal(98), Decimal(102)
_CENT = Decimal("0.01")


class Script(Struct, frozen=True):
    """One signal to publish: the message is `fields` with the time of its first publication."""

    id: str
    strategy: str
    fields: dict[str, Any]


def script(random: Random, prefix: str, count: int) -> list[Script]:
    """Signals of every kind that is carried out: market and limit orders, closes and cancels."""
    return [_one(random, f"{prefix}-{number:04}") for number in range(count)]


def last_cancels(prefix: str) -> list[Script]:
    """One cancel for everything that may still work."""
    return [
        Script(f"{prefix}-end-{strategy}-{symbol}", strategy, {"symbol": symbol, "action": "cancel"})
        for strategy in STRATEGIES
        for symbol in SYMBOLS
    ]


def probes(prefix: str, **fields: str) -> list[Script]:
    """One order in each symbol that will only work: so far below the market that it trades with nobody."""
    order = {
        "action": "buy",
        "quantity": "1",
        "order_type": "limit",
        "limit_price": PROBE_LIMIT,
        "time_in_force": "gtc",
    }
    return [Script(f"{prefix}-{symbol}", STRATEGIES[0], {"symbol": symbol, **order, **fields}) for symbol in SYMBOLS]


def _one(random: Random, name: str) -> Script:
    strategy, symbol = random.choice(STRATEGIES), random.choice(SYMBOLS)
    kind = random.random()
    fields: dict[str, Any] = {"symbol": symbol, "price": "100"}
    if kind < 0.05:
        return Script(name, strategy, {"symbol": symbol, "action": "cancel"})
    if kind < 0.10:
        return Script(name, strategy, {**fields, "action": "close"})
    fields |= {"action": "sell" if random.random() < 0.4 else "buy", "quantity": str(random.randint(1, 9))}
    if kind < 0.75:
        return Script(name, strategy, fields)
    offset = Decimal(random.randint(-200, 200)) * _CENT
    fields |= {"order_type": "limit", "limit_price": str(100 + offset), "time_in_force": random.choice(_TIMES)}
    return Script(name, strategy, fields)


_TIMES = ("gtc", "gtc", "day", "ioc", "fok")


class Publisher:
    """Publishes as the strategies. `acked` are the ids that JetStream acknowledged, in order of their acks."""

    def __init__(self, engines: Engines, random: Random, prefix: str, clock: Clock) -> None:
        self._engines, self._random, self.prefix, self._clock = engines, random, prefix, clock
        self._clients: dict[str, Client] = {}
        self.acked: dict[str, str] = {}
        """Signal id -> strategy."""
        self.attempted: dict[str, str] = {}
        self.repeats = 0
        self.refused: Counter[int] = Counter()
        """How often JetStream refused, by its own error code; where it said nothing, or another server, by 0."""
        self.started = asyncio.Event()
        self.copies = 1
        """How many times each signal is published at once, without the header by which JetStream removes repeats."""

    async def open(self) -> None:
        """Connects as each strategy."""
        for strategy in STRATEGIES:
            self._clients[strategy] = await self._connect(strategy)

    async def _connect(self, strategy: str) -> Client:
        user = f"strategy-{strategy}"

        async def ignore(_: Exception) -> None:
            """What goes wrong shows at the publish."""

        client = NatsClient(Credentials(self._engines.nats_settings(user)))
        await client.connect(
            [self._engines.nats_url],
            inbox_prefix=f"_INBOX.{user}".encode(),
            max_reconnect_attempts=-1,
            reconnect_time_wait=1,
            connect_timeout=2,
            ping_interval=5,
            max_outstanding_pings=2,
            error_cb=ignore,
        )
        return client

    async def close(self) -> None:
        for client in self._clients.values():
            with contextlib.suppress(nats.errors.Error, OSError, asyncio.TimeoutError):
                await client.close()

    async def run(self, signals: Iterable[Script], rate: float = RATE) -> None:
        """Publishes at `rate` a second and returns when every one has its ack."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.TaskGroup() as tasks:
            for number, signal in enumerate(signals):
                await asyncio.sleep(max(0.0, began + number / rate - loop.time()))
                tasks.create_task(self._deliver(signal))
                self.started.set()

    async def _deliver(self, signal: Script) -> None:
        body = msgspec.json.encode({"id": signal.id, "timestamp": time_text(self._clock.now()), **signal.fields})
        self.attempted[signal.id] = signal.strategy
        headers = {"Nats-Msg-Id": f"{signal.strategy}:{signal.id}"} if self.copies == 1 else None
        while True:
            asked = (self._ask(signal.strategy, body, headers) for _ in range(self.copies))
            if all(await asyncio.gather(*asked)):
                self.acked[signal.id] = signal.strategy
                return
            self.repeats += 1
            await asyncio.sleep(self._random.uniform(0.05, 0.3))

    async def _ask(self, strategy: str, body: bytes, headers: dict[str, str] | None) -> bool:
        """Publishes once; True with an ack, False when it is not known what became of it."""
        try:
            answer = await self._clients[strategy].request(
                f"signals.{strategy}", body, timeout=ACK_SECONDS, headers=headers
            )
        except (nats.errors.Error, OSError, TimeoutError):
            self.refused[0] += 1
            return False
        if answer.headers and answer.headers.get("Status"):
            self.refused[0] += 1
            return False
        said = msgspec.json.decode(answer.data)
        if error := said.get("error"):
            # A refusal names the stream and a sequence as well: 0.
            self.refused[error.get("err_code", 0)] += 1
            return False
        return "seq" in said

    async def die(self) -> None:
        """What a crash does to a publisher: its connections are gone, and with them the acks that were under way."""
        for strategy, client in tuple(self._clients.items()):
            transport = client._transport
            self._clients[strategy] = await self._connect(strategy)
            if isinstance(transport, TcpTransport) and transport._io_writer is not None:
                transport._io_writer.transport.abort()
            with contextlib.suppress(nats.errors.Error, OSError, asyncio.TimeoutError):
                await client.close()


def time_text(micros: int) -> str:
    """A time (µs since the epoch) as signals tell it."""
    at = datetime.fromtimestamp(micros / 1e6, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


Say = Callable[[Quote], Awaitable[None]]


def on_bus(bus: Bus) -> Say:
    """Publishes quotes on NATS; what the link does not take is lost, as with any feed."""

    async def say(quote: Quote) -> None:
        with contextlib.suppress(Unavailable):
            await bus.publish(f"quotes.test.{quote.symbol}", encode_quote(quote))

    return say


def at_twin(twin: Twin, random: Random) -> Say:
    """Moves the market of a twin, whose quotes have sizes, so that some orders fill in parts."""

    async def say(quote: Quote) -> None:
        await twin.quote(quote, random.randint(3, 20))

    return say


class Feed:
    """Quotes of every symbol, ten times a second, walking by chance between LOWEST and HIGHEST."""

    def __init__(self, say: Say, random: Random, clock: Clock) -> None:
        self._say, self._random, self._clock = say, random, clock
        self._prices = dict.fromkeys(SYMBOLS, Decimal(100))
        self.spoilt: Callable[[Quote], Quote | None] = lambda quote: quote
        """What becomes of a quote before it is published; None is said to nobody."""

    async def run(self) -> None:
        """Tells quotes for ever."""
        while True:
            for symbol in SYMBOLS:
                price = self._prices[symbol] + self._random.randint(-5, 5) * _CENT
                self._prices[symbol] = min(max(price, LOWEST), HIGHEST)
                quote = self.spoilt(Quote(symbol, self._clock.now(), price - _CENT, price + _CENT, price))
                if quote is not None:
                    await self._say(quote)
            await asyncio.sleep(QUOTE_SECONDS)
