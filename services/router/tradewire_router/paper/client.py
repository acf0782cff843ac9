"""The other end of the paper broker's wire: one connection, many requests at once, one write a turn of the loop."""

import asyncio
import time
from collections import deque
from math import inf
from typing import Any, Protocol, cast

import msgspec

from tradewire_router.brokers.errors import (
    BrokerConnectionError,
    BrokerError,
    BrokerTimeoutError,
    error_of,
)
from tradewire_router.paper.wire import (
    MAX_ANSWER_BYTES,
    MAX_REQUEST_BYTES,
    Events,
    Framer,
    FrameTooLong,
    Hello,
    Refused,
    Reply,
    Request,
    SubmitOut,
    Welcome,
    decode_reply,
    frame,
)

CONNECT_SECONDS = 3.0
"""How long a session may take to come about, however short a call may be."""


class Owner(Protocol):
    """Who hears, at once and in order, what a link has to say."""

    def welcomed(self, welcome: Welcome) -> None:
        """The broker let us in."""

    def hear(self, events: Events) -> None:
        """Something happened."""

    def lost(self, error: BrokerError) -> None:
        """The link has ended, whether it was ever up or not."""


class Link(asyncio.Protocol):
    """A connection that said Hello. Requests are numbered; each ends by its answer, the time-out, or the link's end."""

    def __init__(self, owner: Owner, timeout: float) -> None:
        self._owner, self._timeout = owner, timeout
        self._loop = asyncio.get_running_loop()
        self._framer = Framer(MAX_ANSWER_BYTES)
        self._transport: asyncio.Transport | None = None
        self._out: list[tuple[float, bytes]] = []
        self._number = 0
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._deadlines: deque[tuple[float, int]] = deque()
        self._watching = False
        self._welcomed: asyncio.Future[None] = self._loop.create_future()
        self._end: BrokerError | None = None
        self.heard_at = 0
        """When anything last came, in microseconds since the epoch; 0 for never."""

    @classmethod
    async def open(cls, host: str, port: int, hello: Hello, owner: Owner, timeout: float) -> "Link":
        """Connects and says Hello, within CONNECT_SECONDS; `timeout` seconds for every request.

        Raises:
            BrokerConnectionError: nobody is there, or no welcome came.
            BrokerAuthenticationError: the token or the account is refused.
        """
        loop = asyncio.get_running_loop()
        link = cls(owner, timeout)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await loop.create_connection(lambda: link, host, port)
                link._send(frame(hello))
                await link._welcomed
                return link
        except TimeoutError:
            link.close()
            raise BrokerConnectionError(f"the paper broker at {host}:{port} does not answer") from None
        except OSError as error:
            raise BrokerConnectionError(f"the paper broker at {host}:{port} cannot be reached: {error}") from None
        except BaseException:
            link.close()
            raise

    @property
    def up(self) -> bool:
        """True while requests can be sent."""
        return self._end is None and self._transport is not None

    def next_number(self) -> int:
        """A number for a request."""
        self._number += 1
        return self._number

    def ask(self, request: Request | SubmitOut) -> asyncio.Future[Any]:
        """Sends a request and returns its answer to come.

        It ends with BrokerTimeoutError, or with BrokerConnectionError when the link breaks. Either way it may have been
        carried out.

        Raises:
            ValueError: the request cannot be written, or is too long; nothing was sent.
        """
        data = frame(request)
        if len(data) > MAX_REQUEST_BYTES:
            raise ValueError(f"{len(data)} bytes are too long; at most {MAX_REQUEST_BYTES} are read")
        answer: asyncio.Future[Any] = self._loop.create_future()
        self._waiting[request.number] = answer
        deadline = self._loop.time() + self._timeout
        self._deadlines.append((deadline, request.number))
        if not self._watching:
            self._watching = True
            self._loop.call_later(self._timeout, self._watch)
        self._send(data, deadline)
        return answer

    def close(self) -> None:
        """Ends the link; what is waited for ends as lost."""
        self._finish(BrokerConnectionError("the link was closed"))

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if self._end is not None:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._finish(BrokerConnectionError(f"the link to the paper broker broke: {exc or 'closed by the broker'}"))

    def data_received(self, data: bytes) -> None:
        self.heard_at = time.time_ns() // 1_000
        try:
            for payload in self._framer.feed(data):
                self._take(decode_reply(payload))
        except (msgspec.DecodeError, UnicodeDecodeError, FrameTooLong) as error:
            self._finish(BrokerConnectionError(f"the paper broker sent what cannot be read: {error}"))

    def _take(self, reply: Reply) -> None:
        match reply:
            case Events():
                self._owner.hear(reply)
            case Welcome():
                if not self._welcomed.done():
                    self._welcomed.set_result(None)
                    self._owner.welcomed(reply)
            case Refused(code=code, message=message):
                self._finish(error_of(code, message, BrokerConnectionError))
            case _:
                answer = self._waiting.pop(reply.number, None)
                if answer is not None and not answer.done():
                    answer.set_result(reply)

    def _send(self, data: bytes, deadline: float = inf) -> None:
        self._out.append((deadline, data))
        if len(self._out) == 1:
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        """Writes what is in time. A process that froze in between must not send on waking what it gave up long ago."""
        if self._transport is not None and self._end is None:
            now = self._loop.time()
            self._transport.write(b"".join(data for deadline, data in self._out if now < deadline))
        self._out.clear()

    def _watch(self) -> None:
        """Ends the requests whose time is over; all have the same time, so the oldest is first."""
        now = self._loop.time()
        while self._deadlines and (self._deadlines[0][0] <= now or self._deadlines[0][1] not in self._waiting):
            _, number = self._deadlines.popleft()
            answer = self._waiting.pop(number, None)
            if answer is not None and not answer.done():
                answer.set_exception(BrokerTimeoutError(f"no answer from the paper broker in {self._timeout:g} s"))
        self._watching = bool(self._deadlines)
        if self._watching:
            self._loop.call_at(self._deadlines[0][0], self._watch)

    def _finish(self, error: BrokerError) -> None:
        if self._end is not None:
            return
        self._end = error
        if self._transport is not None:
            self._transport.abort()
        if not self._welcomed.done():
            self._welcomed.set_exception(error)
            self._welcomed.exception()  # seen, also when nobody waits any more
        waiting, self._waiting = self._waiting, {}
        for answer in waiting.values():
            if not answer.done():
                answer.set_exception(BrokerConnectionError(error.message, code=error.code))
        self._owner.lost(error)
