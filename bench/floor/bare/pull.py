"""A standing pull: JetStream always holds a request for more, so nothing waits for a time-out or a round trip."""

import asyncio
from collections import deque

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import Header

_LOW, _HIGH = 250, 750
_EXPIRES_SECONDS = 30


class PullError(Exception):
    """JetStream ended a pull for a reason other than its time."""


class Pull:
    """The messages of a durable consumer."""

    def __init__(self, client: Client, stream: str, durable: str) -> None:
        self._client = client
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}"
        self._messages: deque[Msg] = deque()
        self._some = asyncio.Event()
        self._asked = 0

    async def open(self) -> None:
        """Subscribes and asks for the first messages."""
        self._inbox = self._client.new_inbox()
        await self._client.subscribe(self._inbox, cb=self._on_message)
        await self._ask()

    async def take(self, limit: int) -> list[Msg]:
        """Waits for messages and returns those that are here, at most `limit`."""
        while not self._messages:
            self._some.clear()
            await self._some.wait()
        taken = [self._messages.popleft() for _ in range(min(limit, len(self._messages)))]
        if self._asked + len(self._messages) < _LOW:
            await self._ask()
        return taken

    async def _ask(self) -> None:
        batch = _HIGH - self._asked - len(self._messages)
        self._asked += batch
        request = msgspec.json.encode({"batch": batch, "expires": _EXPIRES_SECONDS * 1_000_000_000})
        await self._client.publish(self._subject, request, reply=self._inbox)

    async def _on_message(self, message: Msg) -> None:
        status = (message.headers or {}).get(Header.STATUS.value)
        if status is None:
            self._asked -= 1
            self._messages.append(message)
            self._some.set()
            return
        headers = message.headers or {}
        if status != "408":
            raise PullError(f"{status} {headers.get(Header.DESCRIPTION.value)}")
        self._asked -= int(headers.get("Nats-Pending-Messages", "0"))
        if self._asked + len(self._messages) < _LOW:
            await self._ask()
