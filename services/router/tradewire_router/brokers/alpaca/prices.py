"""Quotes and halts of the market-data WebSocket, as they change, of what is subscribed; connections come back.

Shares and coins have one each, open while something of theirs is subscribed. Halts are asked for when the quotes have
been confirmed, and a feed that has none of them tells quotes all the same. The library's own loop takes no account of
a subscription that is refused, so its parts are used, and the loop is this one.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import msgpack
from alpaca.data.live import CryptoDataStream, StockDataStream
from websockets.exceptions import WebSocketException

from tradewire.messages.quotes import Quote
from tradewire_router.brokers.alpaca import figures
from tradewire_router.brokers.alpaca.halts import Halts
from tradewire_router.brokers.alpaca.settings import AlpacaSettings
from tradewire_router.brokers.alpaca.stream import BACK_OFF_SECONDS, START_SECONDS, broken, socket_params
from tradewire_router.brokers.alpaca.words import SHAPELESS
from tradewire_router.brokers.errors import (
    BrokerAuthenticationError,
    BrokerConnectionError,
    BrokerError,
    BrokerTimeoutError,
    NoDataRightsError,
    SessionConflictError,
)

_REFUSALS: dict[str, type[BrokerError]] = {
    "insufficient subscription": NoDataRightsError,
    "connection limit exceeded": SessionConflictError,
    "auth failed": BrokerAuthenticationError,
    "not authenticated": BrokerAuthenticationError,
}


class Prices:
    """Tells quotes until it is closed."""

    def __init__(
        self, settings: AlpacaSettings, tell: Callable[[Quote], None], trouble: Callable[[str], None], halts: Halts
    ) -> None:
        """`tell` takes the quotes, and `trouble` why some do not come, once a reason, and nothing when all do."""
        self._trouble = trouble
        self._troubles: dict[str, str] = {}
        """Why a line tells no quotes, by the kind that it is for."""
        keys: Any = {"api_key": settings.key.reveal(), "secret_key": settings.secret.reveal(), "raw_data": True}
        shares = StockDataStream(
            **keys, url_override=f"{settings.quotes_url}/v2/{settings.feed}", websocket_params=socket_params()
        )
        coins = CryptoDataStream(
            **keys, url_override=f"{settings.quotes_url}/v1beta3/crypto/us", websocket_params=socket_params()
        )
        self._shares = _Line(shares, settings, tell, partial(self._of, "shares"), halts, delayed=settings.delayed)
        self._coins = _Line(coins, settings, tell, partial(self._of, "coins"), None, delayed=False)

    def _of(self, kind: str, trouble: str) -> None:
        before = bool(self._troubles)
        self._troubles.pop(kind, None)
        if trouble:
            self._troubles[kind] = trouble
        if trouble or (before and not self._troubles):
            self._trouble(trouble)

    async def subscribe(self, symbols: Collection[str]) -> None:
        """Has these symbols told, and no others. Raises BrokerError when that is not confirmed in time."""
        coins = frozenset(symbol for symbol in symbols if "/" in symbol)
        shares = frozenset(symbols) - coins
        both = await asyncio.gather(self._shares.want(shares), self._coins.want(coins), return_exceptions=True)
        for error in both:
            if error is not None:
                raise error

    async def close(self) -> None:
        """Ends the connections."""
        await self._shares.want(frozenset())
        await self._coins.want(frozenset())


class _Line:
    """One connection: `want` says what is to be subscribed, and a task sees to it."""

    def __init__(
        self,
        library: Any,
        settings: AlpacaSettings,
        tell: Callable[[Quote], None],
        trouble: Callable[[str], None],
        halts: Halts | None,
        *,
        delayed: bool,
    ) -> None:
        self._library, self._settings, self._tell, self._trouble = library, settings, tell, trouble
        self._halts, self._delayed = halts, delayed
        self._asked: deque[str] = deque()
        """What was asked for and is not answered, in its order; an error does not say what it is about."""
        self._watched = frozenset[str]()
        """Of which symbols halts are told."""
        self._unwatchable = False
        self._wanted = self._subscribed = frozenset[str]()
        self._open = False
        self._error: BrokerError | None = None
        self._complained = ""
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def want(self, symbols: frozenset[str]) -> None:
        """Returns when just these symbols are subscribed. Raises BrokerError."""
        self._wanted, self._error = symbols, None
        if not symbols:
            await self._end()
            self._well()  # nothing is missing of what nobody wants
            return
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())
        try:
            async with asyncio.timeout(self._settings.call_seconds):
                if self._open:
                    await self._ask()
                while self._subscribed != self._wanted:
                    self._news.clear()
                    await self._news.wait()
                    if self._error is not None:
                        raise self._error
        except TimeoutError:
            raise BrokerTimeoutError(f"{self._url} does not confirm the subscription to quotes") from None
        except (WebSocketException, OSError) as error:
            raise BrokerConnectionError(f"{self._url}: {type(error).__name__}") from None

    async def _end(self) -> None:
        task, self._task = self._task, None
        while task is not None and not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=0.1)
        await self._hang_up()

    async def _run(self) -> None:
        tries = 0
        while True:
            try:
                async with asyncio.timeout(START_SECONDS):
                    await self._start()
                tries = 0
                while True:
                    self._take(await self._library._ws.recv())  # noqa: SLF001
                    await self._watch()
            except Exception as error:  # noqa: BLE001 - whatever it was, the quotes go on, and are asked for meanwhile
                self._fail(error if isinstance(error, BrokerError) else broken(self._settings, self._url, error))
            await self._hang_up()
            await asyncio.sleep(BACK_OFF_SECONDS[min(tries, len(BACK_OFF_SECONDS) - 1)])
            tries += 1

    async def _start(self) -> None:
        """Connects, logs in and subscribes."""
        await self._library._connect()  # noqa: SLF001
        try:
            await self._library._auth()  # noqa: SLF001
        except ValueError as error:
            raise _refusal(self._settings.hidden(str(error))) from None
        self._open = True
        await self._ask()

    async def _ask(self) -> None:
        """Asks for what is wanted; the answer says what then is subscribed."""
        if gone := sorted(self._subscribed - self._wanted):
            self._asked.append("quotes")
            await self._library._send_unsubscribe_msg("quotes", gone)  # noqa: SLF001
        if self._wanted - self._subscribed:
            self._asked.append("quotes")
            self._library._handlers["quotes"] = dict.fromkeys(self._wanted)  # noqa: SLF001
            await self._library._send_subscribe_msg()  # noqa: SLF001

    async def _watch(self) -> None:
        """Asks for the halts of what is quoted, when nothing else waits for its answer."""
        if self._halts is None or self._unwatchable or self._asked or self._watched == self._subscribed:
            return
        changes = {"unsubscribe": self._watched - self._subscribed, "subscribe": self._subscribed - self._watched}
        for action, symbols in changes.items():
            if symbols:
                self._asked.append("statuses")
                asked = {"action": action, "statuses": sorted(symbols)}
                await self._library._ws.send(msgpack.packb(asked))  # noqa: SLF001

    def _take(self, frame: bytes) -> None:
        received: Any = msgpack.unpackb(frame)
        for message in received:
            match message.get("T"):
                case "q":
                    with contextlib.suppress(BrokerError, *SHAPELESS):  # what is no quote is none
                        at = message["t"].to_unix_nano() // 1000
                        self._tell(figures.quote_of(str(message["S"]), message, at, delayed=self._delayed))
                case "s" if self._halts is not None:
                    self._halts.take(message)
                case "subscription":
                    self._answered()
                    self._subscribed = frozenset(message.get("quotes") or ())
                    self._watched = frozenset(message.get("statuses") or ())
                    if self._halts is not None:
                        self._halts.forget(but=self._watched)
                    self._well()
                    self._news.set()
                case "error" if self._answered() == "statuses":
                    self._unwatchable = True
                case "error":
                    self._fail(_refusal(self._settings.hidden(str(message.get("msg")))))

    def _answered(self) -> str:
        """What the answer that came is about."""
        return self._asked.popleft() if self._asked else ""

    def _fail(self, error: BrokerError) -> None:
        self._error = error
        self._news.set()
        if error.message != self._complained:
            self._complained = error.message
            self._trouble(error.message)

    def _well(self) -> None:
        if self._complained and self._subscribed == self._wanted:
            self._complained = ""
            self._trouble("")

    async def _hang_up(self) -> None:
        self._open, self._subscribed, self._watched, self._unwatchable = False, frozenset(), frozenset(), False
        self._asked.clear()
        if self._halts is not None:
            self._halts.forget()
        with contextlib.suppress(WebSocketException, OSError, TimeoutError, EOFError):
            await self._library.close()

    @property
    def _url(self) -> str:
        return str(self._library._endpoint)  # noqa: SLF001


def _refusal(words: str) -> BrokerError:
    kind = next((kind for known, kind in _REFUSALS.items() if known in words), BrokerError)
    return kind(f"Alpaca gives no quotes: {words}")
