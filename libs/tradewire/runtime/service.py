"""What every process does alike: settings, logs, health, metrics, signals, the bus, and an orderly end.

A process is `run("risk", main)`; `main(service)` sets its parts up, works until `service.stopping`, drains and returns.
"""

import asyncio
import contextlib
import gc
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any
from uuid import uuid4

import msgspec
import nats.micro
import nats.micro.service
from prometheus_client import CollectorRegistry, Counter, Gauge, Info

import tradewire
from tradewire import subjects
from tradewire.build import build_id
from tradewire.bus import Bus
from tradewire.errors import ConfigError, Stopped, TradewireError, Unavailable
from tradewire.messages.beats import ServiceBeat
from tradewire.runtime import health, logs, sync
from tradewire.runtime.tasks import end_tasks
from tradewire.setting_reading import load
from tradewire.settings import Settings
from tradewire.traces.export import Exporter
from tradewire.traces.narrator import Narrator

HEARTBEAT_SECONDS = 1.0


class Service:
    """One running process: its settings, bus, logger, metrics and health."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name, self.settings = name, settings
        # A supervisor names its children, so that it can give back the leases of one that it has reaped.
        self.instance = os.environ.get("TRADEWIRE_INSTANCE") or f"{name}-{uuid4().hex[:8]}"
        self.log = logs.configure(name, self.instance, settings.log.level, settings.log.format)
        self.registry = CollectorRegistry()
        self.traces: Exporter | None = None
        if settings.traces.otlp_endpoint:
            self.traces = Exporter(settings, name, self.instance, self.registry, self.log)
        self.health = health.Health()
        self.stopping = asyncio.Event()
        self.bus: Bus
        self.on_reload: list[Callable[[Settings], None]] = []
        self.facts: dict[str, Any] = {}
        """What the heartbeat says beside readiness, such as the position."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._failure: BaseException | None = None
        self._reloads = Counter("tradewire_config_reloads", "Reloads by outcome", ["outcome"], registry=self.registry)
        self._ready = Gauge("tradewire_ready", "1 while the process is ready", registry=self.registry)
        Info("tradewire_build", "What this process runs", registry=self.registry).info(
            {"version": tradewire.__version__, "build": build_id(), "service": name}
        )

    def narrator(self, leads: Callable[[], bool], account: str = "") -> Narrator:
        """Who tells, in lines and spans, what this process appends; `leads` says whether it is the one that does."""
        return Narrator(self.log, self.name, leads, account, sink=self.traces, clock=self.settings.clock)

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Runs a part of the process; when it fails, the process ends with exit 1 and says why."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.log.error("a part of the process failed", part=task.get_name(), exc_info=error)
            self._failure = self._failure or error
            self.stopping.set()

    async def serve(self, main: Callable[["Service"], Awaitable[None]]) -> int:
        """Runs `main` between an orderly start and an orderly end; returns the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stopping.set)
        loop.add_signal_handler(signal.SIGHUP, self.reload)
        http = self.settings.http
        try:
            port, stop_http = health.serve(self.health, self.registry, http.host, http.port)
        except OSError as error:
            raise ConfigError(
                "http.port", f"{http.port} cannot be used: {error.strerror}", "Choose a free one."
            ) from None
        self.log.info("process started", http_port=port, pid=os.getpid(), shard=self.settings.shard, build=build_id())
        self.spawn(self._pulse(), "pulse")
        connecting = loop.create_task(Bus.connect(self.settings.nats, self.name, self._waits_for_nats))
        stopped = loop.create_task(self.stopping.wait())
        self.health.set("nats", "is not connected")
        try:
            await asyncio.wait({connecting, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not connecting.done():
                await end_tasks(connecting)
                return 0
            self.bus = connecting.result()
            self.spawn(self._watch_closed(), "nats")
            await self._verify_sync_at_start()
            self.spawn(self._verify_sync(), "sync")
            self.spawn(self._heartbeat(), "heartbeat")
            micro = await nats.micro.add_service(
                self.bus.client,
                nats.micro.service.ServiceConfig(name=f"tradewire-{self.name}", version=tradewire.__version__),
            )
            # What is here stays: the collector need not look at it again, nor often at structs that hold no cycles.
            gc.collect()
            gc.freeze()
            gc.set_threshold(50_000, 20, 50)
            await main(self)
            with contextlib.suppress(Exception):
                await micro.stop()
        finally:
            self.stopping.set()
            await end_tasks(stopped, *self._tasks)
            if hasattr(self, "bus"):
                await self.bus.close()
            await loop.run_in_executor(None, stop_http)
            if self.traces is not None:
                await loop.run_in_executor(None, self.traces.close)
        if self._failure is not None:
            self.log.error("process failed", error=str(self._failure))
            return 1
        self.log.info("process stopped")
        return 0

    def reload(self) -> None:
        """Reads the settings again; a bad file keeps the old ones and says why."""
        try:
            settings = load()
        except ConfigError as error:
            self._reloads.labels("refused").inc()
            self.log.error("settings not reloaded, the old ones stay", error=str(error), key=error.key)
            return
        logs.set_level(settings.log.level)
        self.settings = settings
        self._reloads.labels("applied").inc()
        for callback in self.on_reload:
            callback(settings)
        self.log.info("settings reloaded")

    def _waits_for_nats(self, problem: str) -> None:
        if self.health.problems.get("nats") != problem:
            self.log.warning("waits for NATS", problem=problem)
        self.health.set("nats", problem)

    async def _pulse(self) -> None:
        while True:
            self.health.alive_at = time.monotonic()
            self._ready.set(self.health.ready)
            if hasattr(self, "bus"):
                self.health.set("nats", None if self.bus.connected else f"is not connected: {self.bus.last_error}")
            await asyncio.sleep(0.5)

    async def _watch_closed(self) -> None:
        await self.bus.closed.wait()
        if not self.stopping.is_set():
            raise Unavailable("the connection to NATS was closed for good")

    async def _verify_sync_at_start(self) -> None:
        if self.settings.nats.sync == "unverified":
            self.log.warning("nats.sync is unverified: an acknowledged signal may be lost with the machine's power")
        while not self.stopping.is_set():
            found = await sync.problem(self.settings.nats)
            self.health.set("nats_sync", found or None)
            if not found:
                return
            if "has no `sync_interval" in found:
                raise ConfigError(
                    "nats.monitor_urls",
                    found,
                    'Set `jetstream { sync_interval: always }`, or nats.sync = "unverified".',
                )
            await asyncio.sleep(1)

    async def _verify_sync(self) -> None:
        while True:
            await asyncio.sleep(sync.CHECK_SECONDS)
            self.health.set("nats_sync", await sync.problem(self.settings.nats) or None)

    async def _heartbeat(self) -> None:
        subject = subjects.heartbeat(self.name, self.settings.shard)
        while True:
            beat = ServiceBeat(self.name, self.instance, self.health.ready, build_id())
            with contextlib.suppress(Unavailable):
                await self.bus.publish(subject, msgspec.json.encode({**msgspec.structs.asdict(beat), **self.facts}))
            await asyncio.sleep(HEARTBEAT_SECONDS)


def run(name: str, main: Callable[[Service], Awaitable[None]], *, fast_loop: bool = True) -> None:
    """The `main` of a process: exits 0 after an orderly end, 1 after a failure, 2 for a setting that is wrong."""

    async def start() -> int:
        return await Service(name, load()).serve(main)

    try:
        if fast_loop:
            import uvloop  # noqa: PLC0415 - not on Windows, and not beside every library

            code = uvloop.run(start())
        else:
            code = asyncio.run(start())
    except ConfigError as error:
        print(f"tradewire {name}: {error}", file=sys.stderr)  # noqa: T201 - the one line that a bad start says
        code = 2
    except Stopped as error:
        print(f"tradewire {name}: {error}", file=sys.stderr)  # noqa: T201
        code = error.code
    except TradewireError as error:
        print(f"tradewire {name}: {error}", file=sys.stderr)  # noqa: T201
        code = 1
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
