"""A task is ended even when a cancel of it is lost."""

import asyncio

from tradewire.runtime.tasks import end_tasks


async def test_a_task_that_loses_a_cancel_is_ended_all_the_same() -> None:
    lost = 0

    async def run() -> None:
        nonlocal lost
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if lost:
                    raise
                lost += 1

    task = asyncio.create_task(run())
    await asyncio.sleep(0)

    await end_tasks(task)

    assert lost == 1
    assert task.cancelled()


async def test_what_a_task_raised_is_taken() -> None:
    async def run() -> None:
        raise ValueError

    task = asyncio.create_task(run())
    await asyncio.sleep(0)

    await end_tasks(task)

    assert isinstance(task.exception(), ValueError)
