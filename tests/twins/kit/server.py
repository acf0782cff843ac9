"""The server of a twin: one loopback port for the broker's REST and streams, and for the calls under `/_twin/`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from tests.twins.kit import control
from tests.twins.kit.calls import Calls
from tests.twins.kit.control import PREFIX
from tests.twins.kit.faults import Fault, Menu
from tests.twins.kit.journal import Journal, digest, told
from tests.twins.kit.lines import Line
from tests.twins.kit.store import Store
from tests.twins.kit.venue import Answer, Call, Venue

STOP_SECONDS = 1.0


class Twin:
    """A running twin, under the hands of the process that it runs in; `/_twin/` gives others the same."""

    def __init__(self, venue: Venue, folder: Path | None = None) -> None:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self.venue: Venue = venue
        self.menu: Menu = Menu()
        self.journal: Journal = Journal(folder / "journal.jsonl" if folder else None, venue.secret_names)
        self._store = Store(folder / "state.jsonl" if folder else None)
        self.calls: Calls = Calls(self.menu, self.journal, self._handled)
        self.lines: dict[int, Line] = {}
        self._opened = 0
        self.url = ""
        try:
            self._store.restore(venue)
        except BaseException:
            self.close()
            raise
        venue.taken()

    def _handled(self, number: int, call: Call) -> Answer:
        at = self.venue.clock.tick()
        if (refusal := self.venue.refused(call)) is not None:
            return refusal
        kept = {"method": call.method, "path": call.path, "query": call.query, "body": call.body}
        try:
            answer = self.venue.handle(call)
        except Exception as error:
            self._keep(call, {"at": at, "call": kept, "failed": repr(error)})
            self._done(number, at, 500, str(error))
            raise
        self._keep(call, {"at": at, "call": kept, "status": answer.status})
        self._done(number, at, answer.status, answer.body)
        return answer

    def _keep(self, call: Call, change: dict[str, Any]) -> None:
        if self.venue.changes(call):
            self._store.append(change)

    def do(self, verb: str, args: dict[str, Any] | None = None) -> Any:
        """Does what only the venue's people can do, keeps it and tells the streams.

        What is refused is kept too: it may have drawn ids, or done a part, before the venue said no.

        Raises:
            ValueError: the venue does not know the verb, or not with these arguments.
        """
        number = self.journal.write("in", via="control", verb=verb, args=args or {})
        at = self.venue.clock.tick()
        try:
            result = self.venue.do(verb, args or {})
        except Exception as error:
            self._store.append({"at": at, "verb": verb, "args": args or {}, "failed": repr(error)})
            self._done(number, at, 400, str(error))
            raise
        self._store.append({"at": at, "verb": verb, "args": args or {}})
        self._done(number, at, 200, result)
        return result

    def _done(self, number: int, at: int, status: int, body: object) -> None:
        """Writes what became of a frame: its answer and its messages. Those go out."""
        pushes = self.venue.taken()
        self.journal.write(
            "handled", of=number, time=at, status=status, digest=digest(body), pushes=[told(push) for push in pushes]
        )
        for push in pushes:
            for line in list(self.lines.values()):
                line.push(push)

    def arm(self, fault: Fault) -> int:
        """Arms a fault; see `faults.Menu.arm`."""
        number = self.menu.arm(fault)
        self.journal.write("armed", id=number, fault=msgspec.to_builtins(fault))
        return number

    def disarm(self, number: int | None = None) -> None:
        """Takes one fault back, or all; what was held goes out."""
        self.journal.write("disarmed", id=number)
        self.menu.disarm(number)
        for line in list(self.lines.values()):
            line.release()

    def hang_up(self, *, reset: bool = False) -> None:
        """Ends all open streams, by a close or by a reset."""
        self.journal.write("hung_up", reset=reset)
        for line in list(self.lines.values()):
            if reset:
                line.reset()
            else:
                line.close()

    async def _any(self, request: web.Request) -> web.StreamResponse:
        if request.path.startswith(PREFIX):
            return control.answer(self, request, await request.read())
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._stream(request)
        return await self.calls.answer(request)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        faulted = await self.calls.handshake(request)
        if faulted is not None:
            return faulted
        others = sum(line.path == request.path for line in self.lines.values())
        headers = {name.lower(): value for name, value in request.headers.items()}
        session = self.venue.session(request.path, headers, others)
        if session is None or isinstance(session, Answer):
            refusal = session or Answer(status=404)
            return web.json_response(refusal.body, status=refusal.status, headers=refusal.headers)
        self._opened += 1
        line = Line(self._opened, request, session, self.menu, self.journal)
        self.lines[line.number] = line
        try:
            return await line.run()
        finally:
            del self.lines[line.number]

    @asynccontextmanager
    async def served(self, port: int = 0) -> AsyncIterator["Twin"]:
        """Listens on a loopback port (0: a free one) until the block ends; `url` says where."""
        app = web.Application(client_max_size=8 << 20)
        app.router.add_route("*", "/{tail:.*}", self._any)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_SECONDS)
        async with AsyncExitStack() as stack:
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            stack.push_async_callback(self._hang_up)
            await web.TCPSite(runner, "127.0.0.1", port).start()
            host, chosen = runner.addresses[0][:2]
            self.url = f"http://{host}:{chosen}"
            yield self
        self.close()

    def close(self) -> None:
        """Closes the files."""
        self.journal.close()
        self._store.close()

    async def _hang_up(self) -> None:
        self.calls.stopping.set()
        for line in list(self.lines.values()):
            line.close()
        await asyncio.sleep(0)
