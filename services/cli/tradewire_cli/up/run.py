"""`tradewire up`: starts everything in order, keeps it running, and stops it in order."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from signal import SIGHUP, SIGINT, SIGTERM
from typing import Any, Final

import psutil
from rich.console import Console

from tradewire.errors import ConfigError, TradewireError
from tradewire.runtime.tasks import end_tasks
from tradewire.setting_reading import load
from tradewire_cli.client import Place
from tradewire_cli.engines.folder import DataFolder
from tradewire_cli.engines.logs import RotatedLog
from tradewire_cli.finding import supervisor_at
from tradewire_cli.preflight.guard import PERSON, keep_from_trading
from tradewire_cli.preflight.record import print_of
from tradewire_cli.up.board import Board
from tradewire_cli.up.lock import hold
from tradewire_cli.up.migrate import migrate
from tradewire_cli.up.notes import tell_notes
from tradewire_cli.up.options import UpOptions
from tradewire_cli.up.plan import Plan, make_plan, read_settings
from tradewire_cli.up.runfile import Run, write_run
from tradewire_cli.up.supervisor import OnReaped, StartFailed, Supervisor
from tradewire_cli.up.survivors import stop_survivors
from tradewire_cli.up.targets import write_targets

_SERVICE_SECONDS: Final = 15.0
_NATS_SECONDS: Final = 15.0
_POSTGRES_SECONDS: Final = 60.0
_INTERRUPTED: Final = 130


Work = Callable[[Plan], Awaitable[int]]


async def run_up(
    options: UpOptions,
    on_reaped: OnReaped | None = None,
    *,
    console: Console | None = None,
    work: Work | None = None,
) -> int:
    """Runs until SIGINT or SIGTERM, or until `work` is done, and returns the exit code.

    0 after an orderly stop, 2 for a setting that is wrong or a folder in use, 3 when the log contradicts its stream, 1
    for another failure to start. SIGHUP makes every process read its settings again, and NATS its users.
    `on_reaped(instance)` is awaited after each end of a service. `work` begins when everything is ready, and what it
    returns is the exit code; what it raises is raised when everything has stopped. Must run in the main thread: the
    kernel ends the children when the thread that started them ends.
    """
    try:
        settings, folder = read_settings(options)
        folder.create()
        with hold(folder.lock):
            log = RotatedLog(folder.logs / "up.log")
            try:
                board = Board(console or Console(), log)
                for name in stop_survivors(folder):
                    board.doing(name, "left over from an earlier run: stopped")
                plan = make_plan(options, settings, folder)
                write_targets(folder, plan.services, settings.shard)
                return await _Up(plan, folder, board, on_reaped, work).run()
            finally:
                await log.close()
    except ConfigError as error:
        print(f"tradewire up: {error}", file=sys.stderr)
        return 2
    except TradewireError as error:
        print(f"tradewire up: {error}", file=sys.stderr)
        return 1


class _Up:
    """One run."""

    def __init__(
        self, plan: Plan, folder: DataFolder, board: Board, on_reaped: OnReaped | None, work: Work | None
    ) -> None:
        self._plan, self._folder, self._board, self._work = plan, folder, board, work
        self._supervisor = Supervisor(board, on_reaped, self._write_run)
        self._started = psutil.Process().create_time()
        self._asked = asyncio.Event()
        self._hurry = asyncio.Event()
        self._notes: asyncio.Task[None] | None = None

    async def run(self) -> int:
        with self._signals():
            code = 0
            try:
                code = await self._start_and_wait()
            finally:
                if self._notes is not None:
                    await end_tasks(self._notes)
                await self._drain()
        self._folder.run_file.unlink(missing_ok=True)
        self._board.line("stopped")
        return code

    async def _start_and_wait(self) -> int:
        starting = asyncio.create_task(self._start(), name="start")
        asked = asyncio.create_task(self._asked.wait(), name="asked to stop")
        failed = self._supervisor.failed
        ends: set[asyncio.Future[Any]] = {starting, asked, failed}
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if not starting.done():
                await end_tasks(starting)
            if failed.done():
                raise failed.result()
            if starting.cancelled():
                return 0
            starting.result()
            if self._work is not None:
                return await self._until_done(self._work(self._plan), {asked, failed})
            await asyncio.wait(ends - {starting}, return_when=asyncio.FIRST_COMPLETED)
            if failed.done():
                raise failed.result()
        except StartFailed as error:
            self._board.line(f"tradewire up: {error}")
            return error.exit_code
        finally:
            asked.cancel()
        return 0

    async def _until_done(self, work: Awaitable[int], ends: set[asyncio.Future[Any]]) -> int:
        working = asyncio.ensure_future(work)
        try:
            await asyncio.wait({working, *ends}, return_when=asyncio.FIRST_COMPLETED)
            if self._supervisor.failed.done():
                raise self._supervisor.failed.result()
            return working.result() if working.done() else _INTERRUPTED
        finally:
            await end_tasks(working)

    async def _start(self) -> None:
        plan = self._plan
        with self._board.progress():
            engines = [engine for engine in (plan.nats, plan.postgres) if engine is not None]
            for engine in engines:
                self._supervisor.launch(engine)
            for engine in engines:
                await self._supervisor.ready(engine.name)
            if plan.postgres is not None:
                await plan.postgres.create_roles()
            if plan.admin_dsn:
                self._board.doing("migrate", "running")
                await migrate(self._folder, plan.admin_dsn)
                self._board.doing("migrate", "done")
            at_once = [service for service in plan.services if service.name not in plan.held]
            for service in at_once:
                self._supervisor.launch(service)
            for service in at_once:
                await self._supervisor.ready(service.name)
            await self._start_held()
        self._board.table(self._rows())
        for held in plan.held.values():
            self._board.line(held.words)
        self._board.line(f"Tradewire is up; {self._folder.path} holds everything. Ctrl-C stops it.")
        self._notes = asyncio.create_task(tell_notes(plan.services, self._board), name="notes")

    async def _start_held(self) -> None:
        """Starts the routers of live accounts that must not trade yet: only once the log has their switch."""
        plan = self._plan
        nats = supervisor_at(self._folder, plan.urls["nats"], plan.settings.nats)
        waiting = [service for service in plan.services if service.name in plan.held]
        for service in waiting:
            held = plan.held[service.name]
            self._board.doing(service.name, f"waits until {held.account} is at {held.level}")
            try:
                await keep_from_trading(held, Place(nats, plan.settings.shard, PERSON))
            except TradewireError as error:
                raise StartFailed(f"{service.name}: {held.account} cannot be kept from trading: {error}", 1) from None
            self._supervisor.launch(service)
        for service in waiting:
            await self._supervisor.ready(service.name)

    async def _drain(self) -> None:
        services = [service.name for service in reversed(self._plan.services)]
        hurrying = asyncio.create_task(self._kill_when_hurried(services), name="hurry")
        for name in services:
            await self._supervisor.drain(name, _SERVICE_SECONDS)
        hurrying.cancel()
        await self._supervisor.drain("nats", _NATS_SECONDS)
        await self._supervisor.drain("postgres", _POSTGRES_SECONDS)

    async def _kill_when_hurried(self, services: list[str]) -> None:
        await self._hurry.wait()
        self._supervisor.kill(services)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (SIGINT, SIGTERM):
            loop.add_signal_handler(number, self._stop)
        loop.add_signal_handler(SIGHUP, self._reload)
        try:
            yield
        finally:
            for number in (SIGINT, SIGTERM, SIGHUP):
                loop.remove_signal_handler(number)

    def _stop(self) -> None:
        """The first time stops in order; the second time kills what has not stopped, but lets the engines end."""
        if self._asked.is_set():
            self._hurry.set()
        self._asked.set()

    def _reload(self) -> None:
        """Passes SIGHUP on, and says here what the services then say in their logs alone."""
        try:
            load(self._plan.config or None)
        except ConfigError as error:
            self._board.line(f"settings not reloaded, the old ones stay: {error}")
        else:
            self._board.line("settings reloaded")
        self._supervisor.reload()

    def _write_run(self) -> None:
        settings = self._plan.settings
        run = Run(
            pid=os.getpid(),
            started=self._started,
            shard=settings.shard,
            ports=self._plan.ports,
            urls=self._plan.urls,
            processes=self._supervisor.processes(),
            config=self._plan.config,
            prints={name: print_of(settings, name) for name in settings.accounts},
            live=tuple(name for name, account in settings.accounts.items() if account.is_live),
        )
        write_run(self._folder.run_file, run)

    def _rows(self) -> list[tuple[str, str, str, str]]:
        addresses = {**self._plan.urls, "postgres": f"127.0.0.1:{self._plan.ports.get('postgres', '')}"}
        return [
            (name, str(process.pid), addresses.get(name, ""), str(self._folder.logs / f"{name}.log"))
            for name, process in self._supervisor.processes().items()
        ]
