"""One open stream: frames out in order through the faults that are armed on them, frames in to its protocol."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from enum import Enum

from aiohttp import WSMsgType, web

from tests.twins.kit import wire
from tests.twins.kit.faults import Fault, Menu
from tests.twins.kit.journal import Journal
from tests.twins.kit.venue import Push, Session

GOING_AWAY = 1001


class End(Enum):
    """How a stream ends from this side."""

    CLOSE = "close"
    RESET = "reset"


class Line:
    """A stream's connection. `number` names it in the journal."""

    def __init__(self, number: int, request: web.Request, session: Session, menu: Menu, journal: Journal) -> None:
        self.number, self.path, self.session = number, request.path, session
        self._request, self._menu, self._journal = request, menu, journal
        self._socket = web.WebSocketResponse(autoping=False, compress=False)
        self._queue: asyncio.Queue[tuple[float, str | bytes | End]] = asyncio.Queue()
        self._swapped: list[str | bytes] = []
        self._held: list[str | bytes] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> web.StreamResponse:
        """Serves the stream until either side ends it."""
        request = self._request
        await self._socket.prepare(request)
        self._journal.write("open", via=self.number, path=request.path, headers=dict(request.headers))
        self._spawn(self._write())
        for frame in self.session.opened():
            self._put(frame)
        try:
            async for message in self._socket:
                if message.type is WSMsgType.PING and not self._menu.standing("mute", self.session.channel):
                    await self._socket.pong(message.data)
                elif message.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
                    self._received(message.data)
        finally:
            for task in list(self._tasks):
                task.cancel()
            self._journal.write("close", via=self.number)
        return self._socket

    def _received(self, frame: str | bytes) -> None:
        binary = isinstance(frame, bytes)
        self._journal.write("in", via=self.number, binary=binary, frame=self.session.readable(frame))
        for answer in self.session.received(frame):
            self._put(answer)
        if self.session.closing:
            self.close()

    def told(self) -> dict[str, object]:
        """The stream as the control calls show it."""
        return {"id": self.number, "path": self.path, "channel": self.session.channel, "ready": self.session.ready}

    def push(self, push: Push) -> None:
        """Sends a message if the client listens to it, as the faults that are armed on it say."""
        frame = self.session.framed(push)
        if frame is None:
            return
        if self._menu.standing("mute", self.session.channel):
            self._journal.write("fault", fault="mute", on=push.name, via=self.number)
            return
        if self._menu.standing("hold", self.session.channel):
            self._held.append(frame)
            return
        faults = [armed.fault for armed in self._menu.bite(push.name)]
        for fault in faults:
            self._journal.write("fault", fault=fault.kind, on=push.name, via=self.number)
        if any(self._kept_back(fault, frame) for fault in faults):
            return
        after = sum(fault.milliseconds for fault in faults if fault.kind == "delay") / 1000
        for _ in range(1 + sum(fault.copies for fault in faults if fault.kind == "duplicate")):
            self._put(frame, after)
        while self._swapped:
            self._put(self._swapped.pop(0))

    def _kept_back(self, fault: Fault, frame: str | bytes) -> bool:
        """Does what a fault does instead of sending; False for one that lets the message go."""
        match fault.kind:
            case "late":
                self._spawn(self._late(fault.milliseconds / 1000, frame))
            case "swap":
                self._swapped.append(frame)
            case "close":
                self.close()
            case "reset":
                self.reset()
        return fault.kind not in {"duplicate", "delay"}

    def release(self) -> None:
        """Sends what was held, now that it is not any more."""
        if not self._menu.standing("hold", self.session.channel):
            while self._held:
                self._put(self._held.pop(0))

    def close(self) -> None:
        """Ends the stream from this side, after what was sent before."""
        self._queue.put_nowait((0.0, End.CLOSE))

    def reset(self) -> None:
        """Resets the connection, after what was sent before."""
        self._queue.put_nowait((0.0, End.RESET))

    def _put(self, frame: str | bytes, after: float = 0.0) -> None:
        self._queue.put_nowait((after, frame))

    async def _late(self, seconds: float, frame: str | bytes) -> None:
        await asyncio.sleep(seconds)
        self._put(frame)

    async def _write(self) -> None:
        """Sends frame after frame until the end; a connection that has gone takes nothing any more."""
        while True:
            after, frame = await self._queue.get()
            if after:
                await asyncio.sleep(after)
            with suppress(ConnectionError):
                match frame:
                    case End.CLOSE:
                        await self._socket.close(code=GOING_AWAY)
                    case End.RESET:
                        wire.reset(self._request)
                    case str():
                        await self._socket.send_str(frame)
                    case bytes():
                        await self._socket.send_bytes(frame)
                if isinstance(frame, End):
                    return
                binary = isinstance(frame, bytes)
                self._journal.write("out", via=self.number, binary=binary, frame=self.session.readable(frame))

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
