"""A role without engines, for the tests of how roles are run: reports what it was told, and can be told to fail."""

import asyncio

from bench.role import Access, Report, Run, Tasks, main

FAILS = 666
NEVER_ENDS = 667


class Idle:
    """Fails in a loop of its own, some time after a run of 666 orders has been reported; never reports one of 667."""

    async def open(self, access: Access, tasks: Tasks) -> None:
        self._tasks = tasks
        self._run = Run(0, 0, None)

    async def begin(self, run: Run) -> None:
        self._run = run
        if run.orders == FAILS:
            self._tasks.create_task(self._fail())

    async def finish(self) -> Report:
        if self._run.orders == NEVER_ENDS:
            await asyncio.Event().wait()
        return Report(first=self._run.first, last=self._run.orders, calls=[*range(self._run.orders)])

    async def _fail(self) -> None:
        await asyncio.sleep(0.2)
        raise RuntimeError("the disk is on fire")


if __name__ == "__main__":
    main(Idle())
