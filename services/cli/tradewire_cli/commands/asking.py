"""One question to the running system, for commands that ask and are done."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from tradewire_cli.client import Client, connected, place_of

Answer = TypeVar("Answer")


def ask(data: Path | None, person: str, question: Callable[[Client], Awaitable[Answer]]) -> Answer:
    """Connects as a person, asks, and disconnects. Raises as `place_of`, `connected` and the question do."""
    place = place_of(data, person)

    async def asking() -> Answer:
        async with connected(place) as client:
            return await question(client)

    return asyncio.run(asking())
