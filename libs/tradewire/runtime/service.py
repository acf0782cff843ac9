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
import traceback
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any
from uuid import uuid4

import msgspec
import nats.micro
import nats.micro.service
from prometheus_client import CollectorRegistry

import tradewire
from tradewire import subjects
from tradewire.build import build_id
from tradewire.bus import Bus, KeyRefused
from tradewire.errors import ConfigError, Stopped, TradewireError, Unavailable
from tradewire.messages.beats import HEARTBEAT_SECONDS, ServiceBeat
from tradewire.runtime import certificates, exhaustion, health, logs, rights, sync
from tradewire.runtime.metrics import ProcessMetrics
from tradewire.runtime.tasks import end_tasks
from tradewire.secret_files import Exposed
from tradewire.setting_reading import load
from tradewire.settings import Settings
from tradewire.traces.export import Exporter
from tradewire.traces.narrator import Narrator

_BEAT_CHARACTERS = 500
"""Of why a process is not ready, in its beat: /readyz says the whole."""
RETRY_SECONDS = 1.0
TRUST_SECONDS = 60.0


class Service:
    """One running process: its settings, bus, logger, metrics and health."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name, self.settings = name, settings
        self._since = time.time_ns() // 1_000
        # A supervisor names its children, so that it can give back the leases of one that it has reaped.
        self.instance = os.environ.get("TRADEWIRE_INSTANCE") or f"{name}-{uuid4().hex[:8]}"
        log = settings.log
        self.log = logs.configure(name, self.instance, log.level, log.format, log.buffer_bytes)
        self.registry = CollectorRegistry()
        logs.count_dropped(self.registry)
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
        self._metrics = ProcessMetrics(self.registry, name)
        self._expiry = certificates.Expiry(self.registry)

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
            if isinstance(error, MemoryError):
                exhaustion.die()
            self.log.error("a part of the process failed", part=task.get_name(), exc_info=error)
            self._failure = self._failure or error
            self.stopping.set()

    async def serve(self, main: Callable[["Service"], Awaitable[None]]) -> int:
        """Runs `main` between an orderly start and an orderly end; returns the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stopping.set)
        loop.add_signal_handler(signal.SIGHUP, self.reload)
        loop.set_exception_handler(self._unexpected)
        http = self.settings.http
        try:
            port, stop_http = health.serve(self.health, self.registry, http.host, http.port)
        except OSError as error:
            raise ConfigError(
                "http.port", f"{http.port} cannot be used: {error.strerror}", "Choose a free one."
            ) from None
        self.log.info("process started", http_port=port, pid=os.getpid(), shard=self.settings.shard, build=build_id())
        self.spawn(self._pulse(), "pulse")
        connecting = loop.create_task(self._connect())
        stopped = loop.create_task(self.stopping.wait())
        self.health.set("nats", "is not connected")
        try:
            await asyncio.wait({connecting, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not connecting.done():
                await end_tasks(connecting)
                return 0
            self.bus = connecting.result()
            self.spawn(self._watch_closed(), "nats")
            self.spawn(self._watch_certificates(), "certificates")
            await self._trust_at_start()
            self.spawn(self._watch_trust(), "trust")
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

    def _unexpected(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Whatever nobody awaits: said in the log, and the end where memory was what it lacked."""
        if isinstance(context.get("exception"), MemoryError):
            exhaustion.die()
        loop.default_exception_handler(context)

    def reload(self) -> None:
        """Reads the settings again; a bad file keeps the old ones and says why."""
        try:
            settings = load()
        except ConfigError as error:
            self._metrics.reloads.labels("refused").inc()
            self.log.error("settings not reloaded, the old ones stay", error=str(error), key=error.key)
            return
        logs.set_level(settings.log.level)
        logs.set_buffer(settings.log.buffer_bytes)
        self.settings = settings
        self._metrics.reloads.labels("applied").inc()
        for callback in self.on_reload:
            callback(settings)
        self.log.info("settings reloaded")

    def _waits_for_nats(self, problem: str) -> None:
        if self.health.problems.get("nats") != problem:
            self.log.warning("waits for NATS", problem=problem)
        self.health.set("nats", problem)

    async def _pulse(self) -> None:
        metrics, reconnects = self._metrics, 0
        while True:
            self.health.alive_at = time.monotonic()
            exhaustion.verify_or_end()
            metrics.ready.set(self.health.ready)
            if hasattr(self, "bus"):
                connected, again = self.bus.connected, self.bus.reconnects - reconnects
                self.health.set("nats", None if connected else f"is not connected: {self.bus.last_error}")
                metrics.nats_connected.set(connected)
                metrics.nats_reconnects.inc(again)
                reconnects += again
            await asyncio.sleep(0.5)

    async def _watch_closed(self) -> None:
        await self.bus.closed.wait()
        if not self.stopping.is_set():
            raise Unavailable("the connection to NATS was closed for good")

    async def _connect(self) -> Bus:
        """Connects as soon as NATS, the key and the certificates are there and fit. Raises Exposed, Unavailable."""
        while True:
            try:
                return await Bus.connect(self.settings.nats, self.name, self._waits_for_nats)
            except Exposed:
                raise
            except (ConfigError, KeyRefused) as error:
                self._waits_for_nats(str(error))
                await asyncio.sleep(RETRY_SECONDS)

    async def _trust_at_start(self) -> None:
        """Waits until NATS keeps what it acknowledges and lets this service do what it must, and nothing else."""
        for waived, what in (("sync", "an acknowledged signal may be lost with the machine's power"),
                             ("permissions", "what this service may do is what NATS happens to allow")):  # fmt: skip
            if getattr(self.settings.nats, waived) == "unverified":
                self.log.warning(f"nats.{waived} is unverified: {what}")
        while not self.stopping.is_set():
            if await self._trusted():
                return
            await asyncio.sleep(RETRY_SECONDS)

    async def _watch_trust(self) -> None:
        while True:
            well = await self._trusted()
            self.bus.denied.clear()
            with contextlib.suppress(TimeoutError):
                # A subject that is refused is a reason to look at once.
                await asyncio.wait_for(self.bus.denied.wait(), TRUST_SECONDS if well else RETRY_SECONDS)
            await asyncio.sleep(RETRY_SECONDS)

    async def _trusted(self) -> bool:
        nats = self.settings.nats
        try:
            refused = "nats_rights" in self.health.problems
            user = nats.user or self.name
            found = (
                "" if nats.permissions == "unverified" else await rights.problem(self.bus, user, self.settings.shard)
            )
            if refused and not found:
                await self.bus.reconnect()  # what was refused to be heard is asked for again
            self._says("nats_rights", found)
        except Unavailable:
            pass  # the link is down, which is a problem of its own
        self._says("nats_sync", await sync.problem(nats))
        return not {"nats_rights", "nats_sync"} & self.health.problems.keys()

    def refused_by_the_ledger(self, problem: str) -> None:
        """Is told why the ledger will have this process not at work, or nothing when it does."""
        self.health.set("build", problem or None)
        if problem:
            self.log.warning("the ledger refuses this process", problem=problem)

    def _says(self, part: str, problem: str) -> None:
        if problem and self.health.problems.get(part) != problem:
            self.log.warning("NATS is not as it must be", part=part, problem=problem)
        self.health.set(part, problem or None)

    async def _watch_certificates(self) -> None:
        connected = asyncio.Event()

        async def look_again() -> None:
            connected.set()

        self.bus.on_reconnected(look_again)
        while True:
            connected.clear()
            ending = await asyncio.to_thread(self._expiry.look, self.settings, self.bus.server_certificate_ends)
            if self.health.note("certificates", ending) and ending:
                self.log.warning("certificates are to be renewed", ending=ending)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(connected.wait(), certificates.CHECK_SECONDS)

    async def _heartbeat(self) -> None:
        subject = subjects.heartbeat(self.name, self.settings.shard)
        while True:
            beat = ServiceBeat(
                self.name,
                self.instance,
                self.health.ready,
                build_id(),
                problem=health.words(self.health.problems)[:_BEAT_CHARACTERS],
                note=health.words(self.health.notes)[:_BEAT_CHARACTERS],
                since=self._since,
            )
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
        logs.last_words(f"tradewire {name}: {error}")
        code = 2
    except Stopped as error:
        logs.last_words(f"tradewire {name}: {error}")
        code = error.code
    except TradewireError as error:
        logs.last_words(f"tradewire {name}: {error}")
        code = 1
    except KeyboardInterrupt:
        code = 130
    except Exception:  # noqa: BLE001 - said without waiting for a reader, which the interpreter would do
        logs.last_words(traceback.format_exc())
        code = 1
    sys.exit(code)
