"""The desk that a rule works at: twins with chosen options, and the vendor's clients pointed at them."""

import asyncio
import shutil
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import mkdtemp
from types import TracebackType
from typing import Any, Self

from alpaca.common.exceptions import APIError
from alpaca.data.historical import CryptoHistoricalDataClient, StockHistoricalDataClient
from alpaca.data.live import CryptoDataStream, StockDataStream
from alpaca.trading.client import TradingClient
from alpaca.trading.stream import TradingStream

from tests.twins.alpaca.options import options
from tests.twins.alpaca.venue import Alpaca
from tests.twins.kit.hosted import hosted
from tests.twins.kit.remote import Remote, until

KEY, SECRET = "twin-key", "twin-secret"
Stream = TradingStream | StockDataStream | CryptoDataStream


async def ended(task: asyncio.Task[None]) -> None:
    """Cancels a stream's task until it has ended: on 3.11 the `wait_for` that it stands in may swallow a cancel."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=0.05)


class Listener:
    """A stream of the vendor's in a thread with its own loop; what it hands over stands in `heard`."""

    def __init__(self, stream: Stream) -> None:
        self.stream: Any = stream
        self.heard: list[Any] = []
        # Fast reconnects: the library waits up to half a minute.
        stream._reconnect_min_backoff = 0.02
        stream._reconnect_max_backoff = 0.05
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="stream")

    async def take(self, message: Any) -> None:
        self.heard.append(message)

    def start(self) -> Self:
        self._thread.start()
        return self

    def _run(self) -> None:
        self._loop.run_until_complete(self._listen())
        self._loop.close()

    async def _listen(self) -> None:
        task = asyncio.create_task(self.stream._run_forever())
        stopping = asyncio.create_task(self._stop.wait())
        await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        await ended(task)
        await self.stream.close()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        """Ends the stream at once; the library's own stop takes up to five seconds."""
        if self.running:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def until(self, count: int) -> None:
        """Waits until so many messages have been heard."""
        until(lambda: len(self.heard) >= count)

    def until_over(self) -> None:
        """Waits until the library has given up by itself."""
        until(lambda: not self.running)

    def until_events(self, *kinds: str) -> None:
        """Waits until exactly these events have been heard."""
        until(lambda: self.events() == list(kinds))

    def events(self) -> list[str]:
        """The kinds of the trade updates that were heard, raw ones."""
        return [message["data"]["event"] for message in self.heard]


class Desk:
    """Makes twins and clients, and ends them all when the rule has been proved."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self.built: set[tuple[str, str]] = set()
        """The options of its twins that the rule named, with their values."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def folder(self) -> Path:
        """A new folder, gone at the end."""
        made = Path(mkdtemp(prefix="alpaca-twin-"))
        self._stack.callback(shutil.rmtree, made, ignore_errors=True)
        return made

    def twin(self, *, data: Path | None = None, **given: object) -> Remote:
        """A twin with these options, and a rate that no rule runs into unless it asks for one."""
        named = {name: str(value) for name, value in given.items()}
        self.built |= named.items()
        chosen = {"rate_per_min": "100000", **named}
        remote = self._stack.enter_context(hosted(Alpaca(options(chosen)), data))
        remote.do("quote", symbol="AAPL", bid="100", ask="100.1")
        return remote

    def client(self, twin: Remote, *, typed: bool = False, key: str = KEY, secret: str = SECRET) -> Any:
        """A TradingClient; its answers are plain JSON, or models when typed."""
        client = TradingClient(key, secret, url_override=twin.url, raw_data=not typed)
        client._retry_wait = 0  # the library sleeps three seconds between its tries
        self._stack.callback(client._session.close)
        return client

    def data(self, twin: Remote, *, typed: bool = False, secret: str = SECRET) -> Any:
        """A client of stocks' data."""
        client = StockHistoricalDataClient(KEY, secret, url_override=twin.url, raw_data=not typed)
        self._stack.callback(client._session.close)
        return client

    def crypto_data(self, twin: Remote) -> Any:
        """A client of crypto's data."""
        client = CryptoHistoricalDataClient(KEY, SECRET, url_override=twin.url, raw_data=True)
        self._stack.callback(client._session.close)
        return client

    def updates(
        self, twin: Remote, *, typed: bool = False, secret: str = SECRET, ready: bool = True, **more: Any
    ) -> Listener:
        """Listens to trade_updates; `more` goes to the library."""
        url = twin.url.replace("http", "ws") + "/stream"
        stream = TradingStream(KEY, secret, raw_data=not typed, url_override=url, **more)
        listener = Listener(stream)
        stream.subscribe_trade_updates(listener.take)
        return self._listening(twin, listener, ready=ready)

    def quotes(
        self,
        twin: Remote,
        *symbols: str,
        typed: bool = False,
        path: str = "/v2/iex",
        secret: str = SECRET,
        ready: bool = True,
        **more: Any,
    ) -> Listener:
        """Listens to quotes, trades, bars and statuses of symbols."""
        kind = CryptoDataStream if "crypto" in path else StockDataStream
        url = twin.url.replace("http", "ws") + path
        stream = kind(KEY, secret, raw_data=not typed, url_override=url, **more)
        listener = Listener(stream)
        for subscribe in (stream.subscribe_quotes, stream.subscribe_trades, stream.subscribe_bars):
            subscribe(listener.take, *symbols)
        return self._listening(twin, listener, ready=ready)

    def _listening(self, twin: Remote, listener: Listener, *, ready: bool) -> Listener:
        before = sum(one["ready"] for one in twin.streams())
        self._stack.callback(listener.start().stop)
        if ready:
            twin.until(lambda: sum(one["ready"] for one in twin.streams()) > before)
        return listener


def refused(call: Callable[..., object], *args: object) -> APIError:
    """The vendor's error that a call ends with."""
    try:
        call(*args)
    except APIError as error:
        return error
    raise AssertionError("the call was not refused")
