"""One HTTP call with the faults that are armed on it, before and after the venue handles it."""

import asyncio
import json
from collections.abc import Callable

from aiohttp import web

from tests.twins.kit import wire
from tests.twins.kit.faults import Armed, Menu
from tests.twins.kit.journal import Journal
from tests.twins.kit.venue import Answer, Call


class GoneError(Exception):
    """The connection was ended on purpose; there is nobody to answer."""


class Calls:
    """Takes calls off the wire and answers them."""

    def __init__(self, menu: Menu, journal: Journal, handle: Callable[[int, Call], Answer]) -> None:
        self._menu, self._journal, self._handle = menu, journal, handle
        self.stopping = asyncio.Event()
        self.counts: dict[str, int] = {}

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answers one request, or ends its connection as a fault says."""
        call = Call(
            method=request.method,
            path=request.path,
            query=dict(request.query),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.text(),
        )
        number = self._journal.write(
            "in", via="http", method=call.method, path=call.path, query=call.query, headers=call.headers, body=call.body
        )
        self.counts[call.name] = self.counts.get(call.name, 0) + 1
        faults = self._menu.bite(call.name)
        try:
            instead = await self._faulted(number, request, faults, "_before")
            if instead is not None:
                return self._out(number, instead)
            answer = self._handle(number, call)
            instead = await self._faulted(number, request, faults, "_after")
            response = self._out(number, instead or self._response(answer))
            if any(armed.fault.kind == "cut_after" for armed in faults):
                return await self._cut(request, response)
        except GoneError:
            return web.Response()
        return response

    async def handshake(self, request: web.Request) -> web.Response | None:
        """What a stream's handshake meets instead of the stream; None lets it through."""
        number = self._journal.write("in", via="http", method="GET", path=request.path, headers=dict(request.headers))
        name = f"GET {request.path}"
        self.counts[name] = self.counts.get(name, 0) + 1
        try:
            return await self._faulted(number, request, self._menu.bite(name), "_before")
        except GoneError:
            return web.Response()

    async def _faulted(self, number: int, request: web.Request, faults: list[Armed], when: str) -> web.Response | None:
        instead = None
        for armed in faults:
            fault = armed.fault
            if not fault.kind.endswith(when):
                continue
            self._journal.write("fault", of=number, fault=fault.kind, on=fault.on)
            match fault.kind.removesuffix(when):
                case "delay":
                    await asyncio.sleep(fault.milliseconds / 1000)
                case "status":
                    instead = web.Response(
                        status=fault.status, text=fault.body, content_type=fault.content_type, headers=fault.headers
                    )
                case "wait":
                    await self._until(armed.free)
                case "drop":
                    wire.drop(request)
                    raise GoneError
                case "reset":
                    wire.reset(request)
                    raise GoneError
                case "hang":
                    await self.stopping.wait()
                    wire.drop(request)
                    raise GoneError
        return instead

    async def _until(self, free: asyncio.Event) -> None:
        """Waits for an event, or for the end of the server."""
        waiting = [asyncio.create_task(event.wait()) for event in (free, self.stopping)]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()

    @staticmethod
    def _response(answer: Answer) -> web.Response:
        if answer.body is None:
            return web.Response(status=answer.status, headers=answer.headers)
        return web.json_response(answer.body, status=answer.status, headers=answer.headers)

    def _out(self, number: int, response: web.Response) -> web.Response:
        text = response.text or ""
        self._journal.write(
            "out", via="http", of=number, status=response.status, headers=dict(response.headers), body=_shown(text)
        )
        return response

    async def _cut(self, request: web.Request, whole: web.Response) -> web.StreamResponse:
        """Sends half of the answer under the length of the whole."""
        body = (whole.text or "").encode()
        half = web.StreamResponse(status=whole.status, headers={"Content-Type": "application/json"})
        half.content_length = len(body)
        await half.prepare(request)
        await half.write(body[: len(body) // 2])
        wire.drop(request)
        return half


def _shown(text: str) -> object:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text
