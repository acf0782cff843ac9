"""Ending tasks for certain."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

_AGAIN_SECONDS = 1.0


async def end_tasks(*tasks: "asyncio.Future[Any]") -> None:
    """Cancels tasks until they have ended, whatever they raise.

    A cancel that meets a time-out of `wait_for` is lost in Python 3.11, so it is repeated; in between, a task has
    time to clean up undisturbed.
    """
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=_AGAIN_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)


async def undisturbed(work: Coroutine[Any, Any, None]) -> None:
    """Runs a clean-up to its end, also when the task that waits for it is cancelled meanwhile, as at a lost lease."""
    cleaning = asyncio.ensure_future(work)
    try:
        await asyncio.wait({cleaning})
    finally:
        while not cleaning.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait({cleaning})
    cleaning.result()
