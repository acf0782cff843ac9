"""A writer's appends: what is waiting goes in one request."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Generic, TypeVar

from nats.aio.client import Client

from bench.floor.bare.subjects import append_subject
from tradewire.messages.log import (
    MAX_COMMANDS,
    MAX_EVENTS,
    AppendRequest,
    Command,
    Result,
    decode_append_reply,
    encode,
)

_REPLY_SECONDS = 20.0

Item = TypeVar("Item")


class AppendError(Exception):
    """An append was not stored for the first time: in a bench, where nothing fails, the run is void."""


async def append(client: Client, writer: str, commands: Sequence[Command]) -> tuple[Result, ...]:
    """Appends and returns a result a command. Raises AppendError if one was not appended."""
    reply = await client.request(append_subject(writer), encode(AppendRequest(tuple(commands))), timeout=_REPLY_SECONDS)
    results = decode_append_reply(reply.data).results
    for result in results:
        if result.code != "appended":
            raise AppendError(f"an append of {writer} came to {result.code}: {result.message}")
    return results


class Waiting(Generic[Item]):
    """Items that wait for the next request."""

    def __init__(self, events_per_item: int) -> None:
        self._limit = min(MAX_COMMANDS, MAX_EVENTS // events_per_item)
        self._items: deque[Item] = deque()
        self._some = asyncio.Event()

    def put(self, item: Item) -> None:
        """Adds an item."""
        self._items.append(item)
        self._some.set()

    async def take(self) -> list[Item]:
        """Waits for items and removes as many as one request holds."""
        while not self._items:
            self._some.clear()
            await self._some.wait()
        return [self._items.popleft() for _ in range(min(self._limit, len(self._items)))]
