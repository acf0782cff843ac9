"""The paper broker's process: `python -m tradewire_router.paper`. Wiring only."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
from prometheus_client import CollectorRegistry

from tradewire import subjects
from tradewire.build import build_id
from tradewire.errors import ConfigError, Unavailable
from tradewire.messages.beats import HEARTBEAT_SECONDS, ServiceBeat
from tradewire.runtime import exhaustion, health, logs
from tradewire.runtime.clock import Clock
from tradewire.runtime.metrics import ProcessMetrics
from tradewire.runtime.tasks import end_tasks
from tradewire.setting_reading import load
from tradewire.settings import Settings
from tradewire_router.paper import endpoint
from tradewire_router.paper.book import Book, apply
from tradewire_router.paper.desk import Desk
from tradewire_router.paper.engine import Engine
from tradewire_router.paper.faults import Faults
from tradewire_router.paper.journal import Journal, JournalError
from tradewire_router.paper.metrics import PaperCollector
from tradewire_router.paper.quotes import Feed
from tradewire_router.paper.server import Door, listen

TICK_SECONDS = 0.5


class Process:
    """The running paper broker."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.paper = settings, settings.paper
        self.instance = os.environ.get("TRADEWIRE_INSTANCE") or f"paper-{uuid4().hex[:8]}"
        log = settings.log
        self.log = logs.configure("paper", self.instance, log.level, log.format, log.buffer_bytes)
        self.health, self.registry = health.Health(), CollectorRegistry()
        self.metrics = ProcessMetrics(self.registry, "paper")
        logs.count_dropped(self.registry)
        self.stopping = asyncio.Event()
        self.exit_code = 0

    async def run(self) -> int:
        """Works until it is told to stop or can go on no more; returns the exit code."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._unexpected)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stopping.set)
        loop.add_signal_handler(signal.SIGHUP, self.reload)
        desk = self._open_desk()
        feed = Feed(desk, self.log)
        self.registry.register(PaperCollector(desk, feed))
        self._serve_health()
        server = await self._listen(desk)
        works = (feed.run(self.settings.nats), self._tick(desk, feed), self._beat(feed))
        parts = [loop.create_task(work) for work in works]
        for part in parts:
            part.add_done_callback(self._ended)
        self.health.started()
        await self.stopping.wait()
        await end_tasks(*parts)
        server.close()
        desk.close()
        self.log.info("process stopped", exit_code=self.exit_code)
        return self.exit_code

    def _unexpected(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if isinstance(context.get("exception"), MemoryError):
            exhaustion.die()
        self.log.error("unexpected", **_told(context))

    def fail(self, error: BaseException) -> None:
        """Ends the process: what is not durable yet is told to nobody."""
        if isinstance(error, MemoryError):
            exhaustion.die()
        self.log.error("the paper broker must stop", error=str(error), exc_info=error)
        self.exit_code = 1
        self.stopping.set()

    def reload(self) -> None:
        """Reads the settings again for the log; all else is fixed until the next start."""
        try:
            log = load().log
            logs.set_level(log.level)
            logs.set_buffer(log.buffer_bytes)
            self.metrics.reloads.labels("applied").inc()
        except ConfigError as error:
            self.metrics.reloads.labels("refused").inc()
            self.log.error("settings not reloaded, the old ones stay", error=str(error), key=error.key)

    def _open_desk(self) -> Desk:
        journal = Journal(Path(self.paper.journal))
        book = Book()
        journal.replay(lambda line, offset: apply(book, line, offset))
        engine = Engine(book, self.paper, journal.append)
        clock = Clock(self.settings.clock)
        clock.hear(book.at)
        desk = Desk(engine, journal, clock, Faults(allowed=self.paper.faults), self.fail)
        engine.drop_pending(desk.now())
        engine.resume()
        return desk

    def _serve_health(self) -> None:
        """Answers probes from a thread, which ends with the process."""
        http = self.settings.http
        try:
            port, _ = health.serve(self.health, self.registry, http.host, http.port)
        except (OSError, OverflowError) as error:
            raise ConfigError("http.port", f"{http.port} cannot be used: {error}", "Choose a free one.") from None
        self.log.info("process started", http_port=port, pid=os.getpid(), build=build_id())

    async def _listen(self, desk: Desk) -> asyncio.Server:
        accounts = {
            name: account.currency for name, account in self.settings.accounts.items() if account.broker == "paper"
        }
        host, port = endpoint.parse_address(self.paper.address)
        door = Door(desk, endpoint.make_token(self.paper), accounts)
        try:
            server, port = await listen(door, host, port)
        except OSError as error:
            raise ConfigError("paper.address", f"{self.paper.address}: {error}", "Choose a free one.") from None
        endpoint.tell_address(self.paper, host, port)
        self.log.info("listening", address=f"{host}:{port}", journal=self.paper.journal, lines=desk.engine.book.seq)
        return server

    async def _tick(self, desk: Desk, feed: Feed) -> None:
        while True:
            self.health.alive_at = time.monotonic()
            exhaustion.verify_or_end()
            self.metrics.ready.set(self.health.ready)
            self.metrics.nats_connected.set(feed.bus is not None and feed.bus.connected)
            desk.guarded(lambda: desk.engine.expire(desk.now()))
            desk.changed()
            await asyncio.sleep(TICK_SECONDS)

    async def _beat(self, feed: Feed) -> None:
        subject = subjects.heartbeat("paper", self.settings.shard)
        beat = msgspec.json.encode(ServiceBeat("paper", self.instance, ready=True, build=build_id()))
        while True:
            if feed.bus is not None:
                with contextlib.suppress(Unavailable):
                    await feed.bus.publish(subject, beat)
            await asyncio.sleep(HEARTBEAT_SECONDS)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()):
            self.fail(error)


def _run(work: Coroutine[Any, Any, int]) -> int:
    try:
        import uvloop  # noqa: PLC0415 - not on every system
    except ImportError:
        return asyncio.run(work)
    return int(uvloop.run(work))


def _told(context: dict[str, Any]) -> dict[str, Any]:
    return {"error": context["message"], "exc_info": context.get("exception")}


def check(settings: Settings) -> None:
    """Refuses settings that do not go together.

    Raises:
        ConfigError: the key and the fix.
    """
    paper = settings.paper
    for key in ("starting_cash", "commission_per_share", "commission_percent", "slippage_bps", "latency_ms"):
        if getattr(paper, key) < 0:
            raise ConfigError(f"paper.{key}", "is below zero", "Set zero or more.")
    if not 0 <= paper.partial_ratio <= 1:
        raise ConfigError("paper.partial_ratio", f"is {paper.partial_ratio}", "Set a share from 0 to 1.")
    if paper.slippage_bps >= 10_000:
        raise ConfigError("paper.slippage_bps", f"is {paper.slippage_bps}", "Set less than 10000, which is 100 %.")
    if paper.latency_ms and settings.clock == "quotes":
        raise ConfigError("paper.latency_ms", "needs the wall clock", 'Set it to 0, or clock = "wall".')


def main() -> None:
    """Runs the paper broker; exits with 0 when told to stop, 1 after a failure, 2 for a wrong setting."""

    async def start() -> int:
        settings = load()
        check(settings)
        return await Process(settings).run()

    try:
        sys.exit(_run(start()))
    except ConfigError as error:
        logs.last_words(str(error))
        sys.exit(2)
    except JournalError as error:
        logs.last_words(str(error))
        sys.exit(1)


if __name__ == "__main__":
    main()
