"""Ending tasks for certain."""

import asyncio
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
