"""The one `trade_updates` connection of an account: it reconnects by itself, and says when it works and when not.

The library's own loop never says that keys are refused, and not that it has reconnected; so its parts are used, and
the loop is this one. It works from the moment at which Alpaca confirms the subscription, not before.
"""

import asyncio
import contextlib
import json
from typing import Any, Protocol

from alpaca.trading.stream import TradingStream
from websockets.exceptions import WebSocketException
from websockets.legacy.exceptions import InvalidStatusCode

from tradewire_router.brokers.alpaca.settings import AlpacaSettings
from tradewire_router.brokers.alpaca.words import Json
from tradewire_router.brokers.errors import (
    BrokerAuthenticationError,
    BrokerConnectionError,
    BrokerError,
    SessionConflictError,
)

BACK_OFF_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
START_SECONDS = 10.0
PING_SECONDS, PONG_SECONDS, CLOSE_SECONDS = 4.0, 4.0, 1.0
"""A half-open connection is noticed within ten seconds: after an unanswered ping it is closed in two steps."""


def socket_params() -> dict[str, Any]:
    """How the library is to open a connection."""
    return {
        "ping_interval": PING_SECONDS,
        "ping_timeout": PONG_SECONDS,
        "max_queue": 1024,
        "open_timeout": START_SECONDS,
        "close_timeout": CLOSE_SECONDS,
    }


def broken(settings: AlpacaSettings, url: str, error: Exception) -> BrokerError:
    """What it means that a connection ended, or did not come about."""
    if isinstance(error, InvalidStatusCode):
        if error.status_code in {401, 403}:
            return BrokerAuthenticationError(f"Alpaca: {url} answers HTTP {error.status_code}")
        if error.status_code in {409, 429}:
            return SessionConflictError(f"another program listens to {url}, or too many do")
        return BrokerConnectionError(f"{url} answers HTTP {error.status_code}")
    return BrokerConnectionError(f"{url}: {settings.hidden(str(error)) or type(error).__name__}")


class Owner(Protocol):
    """Who hears, in order, what the stream has to say."""

    async def listening(self) -> None:
        """The subscription works from here on; messages wait until this has returned."""

    async def heard(self, update: Json) -> None:
        """Something happened to an order."""

    def lost(self, error: BrokerError) -> None:
        """The connection is gone, or did not come about."""


class Updates:
    """Listens until it is closed."""

    def __init__(self, settings: AlpacaSettings, owner: Owner) -> None:
        self._settings, self._owner = settings, owner
        self._library: Any = TradingStream(
            settings.key.reveal(),
            settings.secret.reveal(),
            raw_data=True,
            url_override=settings.stream_url,
            websocket_params=socket_params(),
        )
        self._library.subscribe_trade_updates(_nothing)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to connect, and goes on for ever."""
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Ends the connection."""
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
                    await self._subscribe()
                tries = 0
                await self._owner.listening()
                while True:
                    await self._take(await self._next())
            except BrokerError as error:
                self._owner.lost(error)
            except Exception as error:  # noqa: BLE001 - whatever it was, the stream goes on, and what was missed is asked for
                self._owner.lost(broken(self._settings, self._settings.stream_url, error))
            await self._hang_up()
            await asyncio.sleep(BACK_OFF_SECONDS[min(tries, len(BACK_OFF_SECONDS) - 1)])
            tries += 1

    async def _subscribe(self) -> None:
        """Connects, logs in, asks for the updates, and waits until that is confirmed."""
        await self._library._connect()  # noqa: SLF001
        try:
            await self._library._auth()  # noqa: SLF001
        except ValueError:
            raise BrokerAuthenticationError("Alpaca: the keys are refused by the order stream") from None
        await self._library._subscribe_trade_updates()  # noqa: SLF001
        while True:
            message = await self._next()
            if message.get("stream") == "listening":
                return
            await self._take(message)

    async def _next(self) -> dict[str, Any]:
        frame = await self._library._ws.recv()  # noqa: SLF001
        try:
            message = json.loads(self._settings.hidden(frame if isinstance(frame, str) else frame.decode()))
        except ValueError:
            message = None
        if not isinstance(message, dict):
            raise BrokerConnectionError("the order stream sent what is no message")
        return message

    async def _take(self, message: dict[str, Any]) -> None:
        data = message.get("data")
        if message.get("stream") == "trade_updates" and isinstance(data, dict):
            await self._owner.heard(data)

    async def _hang_up(self) -> None:
        with contextlib.suppress(WebSocketException, OSError, TimeoutError, EOFError):
            await self._library.close()


async def _nothing(_message: object) -> None:
    """The library subscribes only where it has a handler; messages are read here."""
