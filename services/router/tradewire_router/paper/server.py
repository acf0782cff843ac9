"""The paper broker's door: TCP connections, each of one account, proven by a token."""

import asyncio
import hmac
from itertools import islice
from typing import cast

import msgspec

from tradewire.domain.quoting import quoted
from tradewire_router.paper import handlers
from tradewire_router.paper.desk import Desk
from tradewire_router.paper.lines import EVENT_KINDS, Line
from tradewire_router.paper.wire import (
    MAX_REQUEST_BYTES,
    VERSION,
    Events,
    Failed,
    Framer,
    FrameTooLong,
    Refused,
    Submitted,
    Welcome,
    decode_hello,
    decode_request,
    frame,
)

HELLO_SECONDS = 5.0
CATCH_UP_LINES = 2_000
MAX_UNSENT_BYTES = 32 << 20
"""A connection that reads slower than this is cut; it hears the rest from its cursor when it comes back."""


class Door:
    """Who may come in: the token, and the accounts with their currencies."""

    def __init__(self, desk: Desk, token: str, accounts: dict[str, str]) -> None:
        self.desk, self.accounts = desk, accounts
        self._token = token.encode()

    def knows(self, token: str) -> bool:
        """True for the right token."""
        return hmac.compare_digest(token.encode(), self._token)


class Connection(asyncio.Protocol):
    """One client. It must say Hello before anything else, and soon."""

    def __init__(self, door: Door) -> None:
        self._door, self._desk = door, door.desk
        self.account = ""
        self._framer = Framer(MAX_REQUEST_BYTES)
        self._transport: asyncio.Transport
        self._out: list[bytes] = []
        self._events: list[bytes] = []
        self._live = False
        self._cursor = 0
        self._cut = False
        self._writable = asyncio.Event()
        self._writable.set()
        self._catching_up: asyncio.Task[None] | None = None
        self._too_late: asyncio.TimerHandle | None = None

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._too_late = asyncio.get_running_loop().call_later(HELLO_SECONDS, self._abort)

    def connection_lost(self, exc: Exception | None) -> None:
        self._desk.leave(self)
        self._writable.set()
        for waiting in (self._catching_up, self._too_late):
            if waiting is not None:
                waiting.cancel()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        self._desk.guarded(lambda: self._take(data))

    def _take(self, data: bytes) -> None:
        try:
            frames = self._framer.feed(data)
        except FrameTooLong as error:
            self._refuse(error.code, error.message)
            return
        for payload in frames:
            if self._transport.is_closing():
                return
            if self.account:
                self._request(payload)
            else:
                self._hello(payload)

    def _hello(self, payload: bytes) -> None:
        try:
            hello = decode_hello(payload)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._refuse("INVALID_REQUEST", "the first frame must be a hello")
            return
        if hello.version != VERSION:
            self._refuse("INVALID_REQUEST", f"this broker speaks version {VERSION}, not {hello.version}")
        elif not self._door.knows(hello.token):
            self._refuse("AUTHENTICATION_FAILED", "the token is not the one in paper.token_file")
        elif hello.account not in self._door.accounts:
            self._refuse(
                "PERMISSION_DENIED", f"no paper account is named {quoted(hello.account)}; add it to [accounts]"
            )
        elif hello.cursor is not None and (problem := handlers.ahead(self._desk, hello.cursor)):
            self._refuse("INVALID_CURSOR", problem)
        else:
            self._welcome(hello.account, hello.cursor)

    def _welcome(self, account: str, cursor: int | None) -> None:
        if self._too_late:
            self._too_late.cancel()
        desk = self._desk
        self.account = account
        now, currency = desk.now(), self._door.accounts[account]
        desk.engine.open_account(account, currency, now)
        head = desk.engine.book.seq
        self._cursor = head if cursor is None else cursor
        desk.answer(self, frame(Welcome(head, now, currency)))
        desk.join(self)

    def _request(self, payload: bytes) -> None:
        try:
            request = decode_request(payload)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self._malformed(payload, str(error))
            return
        handlers.HANDLERS[type(request)](self._desk, self, request)

    def _malformed(self, payload: bytes, problem: str) -> None:
        """Answers a frame that is no request, by its number where that can be read."""
        try:
            parts = msgspec.msgpack.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError):
            parts = None
        match parts:
            case ["submit", int(number), *_]:
                answer = Submitted(number, "", self._desk.now(), "INVALID_ORDER", problem)
                self._desk.answer(self, frame(answer))
            case [str(), int(number), *_]:
                self._desk.answer(self, frame(Failed(number, "INVALID_REQUEST", problem)))
            case _:
                self._refuse("INVALID_REQUEST", problem)

    def _refuse(self, code: str, message: str) -> None:
        self._transport.write(frame(Refused(code, message)))
        self._transport.close()

    # desk.Session

    def queue(self, data: bytes) -> None:
        self._out.append(data)

    def tell(self, line: Line, data: bytes, times: int) -> None:
        if self._live and line.seq > self._cursor:
            self._cursor = line.seq
            self._events.extend([data] * times)

    def fall_behind(self) -> None:
        self._live = False
        if self._catching_up:
            self._catching_up.cancel()

    def catch_up(self) -> None:
        self._catching_up = asyncio.get_running_loop().create_task(self._catch_up())
        self._catching_up.add_done_callback(self._caught_up)

    def _caught_up(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled():
            self._desk.guarded(task.result)

    def cut(self) -> None:
        self._cut = True

    def flush(self) -> None:
        if self._cut:
            self._abort()
            return
        if self._events:
            self._out.append(frame(Events(True, self._events)))
            self._events = []
        if self._out:
            self._transport.write(b"".join(self._out))
            self._out.clear()
            if self._transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
                self._abort()

    async def _catch_up(self) -> None:
        while True:
            lines, self._cursor, more = self._missed()
            if lines:
                self._desk.answer(self, frame(Events(False, lines)))
            if not more:
                self._live = True
                return
            await asyncio.sleep(0)
            await self._writable.wait()

    def _missed(self) -> tuple[list[bytes], int, bool]:
        """Reads on in the journal: the account's events, the number read to, and whether there may be more."""
        journal = self._desk.journal
        page = list(islice(journal.after(self._cursor), CATCH_UP_LINES))
        lines = [data for head, data in page if head.account == self.account and head.kind in EVENT_KINDS]
        more = len(page) == CATCH_UP_LINES
        return lines, page[-1][0].seq if more else journal.durable_seq, more

    def _abort(self) -> None:
        self._transport.abort()


async def listen(door: Door, host: str, port: int) -> tuple[asyncio.Server, int]:
    """Opens the door and returns it with the port that it got.

    Raises:
        OSError: the address cannot be used.
    """
    server = await asyncio.get_running_loop().create_server(lambda: Connection(door), host, port)
    return server, server.sockets[0].getsockname()[1]
