"""The line to Pebble: calls that are sent once and within their time, and the stream of events after a number."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from types import SimpleNamespace
from typing import Any

import aiohttp

from tradewire_pebble.words import GivenUpError
from tradewire_router.brokers.errors import (
    BrokerAuthenticationError,
    BrokerConnectionError,
    BrokerError,
    BrokerTimeoutError,
)
from tradewire_router.brokers.options import Secret

Json = dict[str, Any]
HEARTBEAT_SECONDS = 5.0


class Line:
    """HTTP and WebSocket at one address. Its errors are those of the port; no call is ever sent twice."""

    def __init__(self, url: str, key: Secret, seconds: float) -> None:
        self._url, self._key, self._seconds = url.rstrip("/"), key, seconds
        self._session: aiohttp.ClientSession | None = None

    async def call(
        self, method: str, path: str, body: Json | None = None, query: Mapping[str, str] | None = None
    ) -> tuple[int, Json]:
        """The answer's status and body.

        Raises:
            BrokerConnectionError: the link broke; the call may have arrived.
            BrokerTimeoutError: no answer in time; it may have arrived, unless it is a GivenUpError.
            BrokerAuthenticationError: the key is refused.
            BrokerError: an answer without shape.
        """
        context = SimpleNamespace(until=asyncio.get_running_loop().time() + self._seconds)
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._opened().request(
                    method, f"{self._url}{path}", json=body, params=query, trace_request_ctx=context
                ) as answer,
            ):
                told = await answer.json(content_type=None)
        except TimeoutError:
            raise BrokerTimeoutError(f"Pebble does not answer within {self._seconds:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise BrokerConnectionError(f"Pebble cannot be reached: {error}") from None
        except ValueError:
            raise BrokerError(f"Pebble answers {method} {path} with what is no JSON") from None
        if answer.status == 401:
            raise BrokerAuthenticationError(f"Pebble: {told['text']}")
        return answer.status, told

    async def stream(self, after: int) -> AsyncGenerator[Json, None]:
        """What happened after a number, then what happens, until the link breaks; `ready` comes first.

        Raises:
            BrokerError: as `call` does, and always in the end.
        """
        try:
            async with asyncio.timeout(self._seconds):
                socket = await self._opened().ws_connect(f"{self._url}/stream/{after}", heartbeat=HEARTBEAT_SECONDS)
            try:
                async for message in socket:
                    yield json.loads(message.data)
            finally:
                await socket.close()
        except aiohttp.WSServerHandshakeError as error:
            kind = BrokerAuthenticationError if error.status == 401 else BrokerConnectionError
            raise kind(f"Pebble refuses the stream (HTTP {error.status})") from None
        except TimeoutError:
            raise BrokerConnectionError(f"the stream of Pebble does not open within {self._seconds:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError, TypeError) as error:
            raise BrokerConnectionError(f"the stream of Pebble broke: {error}") from None
        raise BrokerConnectionError("Pebble has ended the stream")

    async def close(self) -> None:
        """Ends everything; calls under way end as broken."""
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            # A process that was frozen must not send what was given up long ago: the last look is right before sending.
            looking = aiohttp.TraceConfig()
            looking.on_connection_create_end.append(_still_in_time)
            looking.on_connection_reuseconn.append(_still_in_time)
            self._session = aiohttp.ClientSession(
                headers={"X-Key": self._key.reveal()},
                connector=aiohttp.TCPConnector(limit=0),
                timeout=aiohttp.ClientTimeout(total=None),
                trace_configs=[looking],
            )
        return self._session


async def _still_in_time(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
    wanted: SimpleNamespace | None = context.trace_request_ctx
    if wanted is not None and asyncio.get_running_loop().time() > wanted.until:
        raise GivenUpError("the time was over before the call was sent")
