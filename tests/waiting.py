"""The time, and waiting until something holds."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

from tradewire.errors import Unavailable

SOON_SECONDS = 60.0


def now() -> int:
    return time.time_ns() // 1000


async def soon(holds: Callable[[], Awaitable[Any]], seconds: float = SOON_SECONDS) -> None:
    """Waits until something holds; what it asks may fail for a while."""
    last: object = None
    try:
        async with asyncio.timeout(seconds):
            while True:
                try:
                    if last := await holds():
                        return
                except (OSError, asyncpg.PostgresError, Unavailable) as error:
                    last = error
                await asyncio.sleep(0.03)
    except TimeoutError:
        raise AssertionError(f"not so after {seconds} s: {last}") from None
