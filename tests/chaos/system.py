"""The whole system on this machine: embedded engines, the processes kept running, and proxies where a row wants."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import msgspec

from tests.chaos.brokers import TWINS
from tests.chaos.clocks import Clock
from tests.chaos.kept import POLL_SECONDS, READY_SECONDS, Kept, Name
from tests.chaos.kept_nats import small_nats
from tests.chaos.load import RATE, STRATEGIES
from tests.chaos.mangle import Mangling
from tests.chaos.proxy import Proxy
from tests.chaos.shape import Shape
from tests.chaos.small_disk import small_logs
from tests.chaos.small_wal import small_wal
from tests.chaos.twin import ALIVE, Twin
from tests.chaos.written import changed, written
from tradewire import subjects
from tradewire.build import build_id
from tradewire.bus import Bus
from tradewire.errors import Unavailable
from tradewire.messages.log import LeaseRequest
from tradewire.setting_reading import load
from tradewire.settings import Postgres, Settings
from tradewire_cli.engines.ports import free_port
from tradewire_cli.engines.testing import Engines, running_engines
from tradewire_ledger.migrate import migrate

MODULES: dict[Name, str] = {
    "sequencer": "tradewire_ledger.sequencer",
    "reader": "tradewire_ledger.reader",
    "paper": "tradewire_router.paper",
    "risk": "tradewire_risk",
    "ingest": "tradewire_ingest",
    "router": "tradewire_router",
}
ALL: tuple[Name, ...] = tuple(MODULES)
AT_TWIN: tuple[Name, ...] = ("sequencer", "reader", "twin", "risk", "ingest", "router")
"""The processes where the account is at a twin."""
TWIN_RATE = 20.0
"""How many signals a second there are at a twin, which is asked for one thing after the other."""
PERSON = "owner"
_REAP_SECONDS = 3.0
_ROOT = Path(__file__).parents[2]


class System:
    """A running system. Its log, journal and processes outlive a seed; a row has one of its own."""

    def __init__(self, folder: Path, engines: Engines, shape: Shape) -> None:
        self.folder, self.engines, self.shape = folder, engines, shape
        self.processes: dict[str, Kept] = {}
        self.links: dict[str, Proxy] = {}
        self.admin: Bus
        self.config = folder / "tradewire.toml"
        self.account: str = shape.broker
        at_twin = TWINS.get(shape.broker)
        self._twin = None if at_twin is None else Twin(folder, at_twin)
        self.names, self.rate = (ALL, RATE) if self._twin is None else (AT_TWIN, TWIN_RATE)
        self.journal = folder / "paper"
        self.by_hand: set[str] = set()
        """The client order ids of what rows sent to the broker past the system."""
        self.settled_by_people: set[str] = set()
        """Those of orders of which people took the broker's word, so that the log has them otherwise than it."""
        self.faults_file = folder / "faults"
        self.releasing = True
        """Whether a reaped process's leases are given back, as `tradewire up` does; without it they run out."""
        self.mangling = Mangling()
        self.world = Clock(folder / "clocks" / "world")
        """The time of those who publish."""
        self.clocks: dict[str, Clock] = {}
        """The time of each process, where the shape has clocks."""
        self._changed = dict(shape.settings)
        if shape.day_rolls_in:
            roll = time.gmtime(time.time() + shape.day_rolls_in)
            self._changed[f"accounts.{self.account}.day_rolls_at"] = time.strftime("%H:%M", roll)
        self._paper_port = free_port()

    @property
    def twin(self) -> Twin:
        """The twin that the account is at."""
        assert self._twin is not None, "the account of this system is at no twin"
        return self._twin

    def settings_text(self, **changes: str) -> str:
        """The settings, with keys changed: those of [risk] by their name, any other by `<section>.<key>`."""
        text = written(self.shape, "" if self._twin is None else self._twin.settings)
        for key, value in {**self._changed, **changes}.items():
            section, _, name = key.rpartition(".")
            text = changed(text, section or "risk", name, value)
        return text

    @property
    def settings(self) -> Settings:
        """The settings as the processes read them, with the database as the reader's role sees it."""
        return msgspec.structs.replace(
            load(str(self.config), {}), postgres=Postgres(reader_dsn=self.engines.dsn("tradewire_reader"))
        )

    async def bus(self, user: str) -> Bus:
        """A new connection past all proxies."""
        return await Bus.connect(self.engines.nats_settings(user), user)

    async def database(self) -> "asyncpg.Connection[asyncpg.Record]":
        """A new connection as the database's owner, past all proxies."""
        return await asyncpg.connect(self.engines.dsn("tradewire_admin"), timeout=10, command_timeout=30)

    async def open(self) -> None:
        """Starts everything and waits until it is ready."""
        migrate(Settings(postgres=Postgres(admin_dsn=self.engines.dsn("tradewire_admin"))))
        self.config.write_text(self.settings_text())
        if self._twin is not None:
            self._twin.write_keys()
        for strategy in STRATEGIES:
            await self.engines.add_user(f"strategy-{strategy}")
        await self.engines.add_user(f"person-{PERSON}")
        for link in self.shape.links:
            mangle = self.mangling.connection if self.shape.mangled and link.endswith(".nats") else None
            self.links[link] = Proxy("127.0.0.1", self._port_behind(link), mangle)
            await self.links[link].start()
        self.admin = await self.bus("admin")
        for name in self.names:
            self.launch(name)
        await self.until_ready()

    def launch(self, name: Name, nickname: str = "") -> Kept:
        """Starts a process and keeps it running; a second one of its kind needs a nickname."""
        called = nickname or name
        log = self.folder / "logs" / f"{called}.log"
        if name == "twin":
            at = self.twin.port, ALIVE
            return self._keep(Kept(called, name, self.twin.program, self._plain, log, self._reaped, at))
        program: tuple[str, ...] = (MODULES[name],)
        if self.shape.planted:
            program = ("tests.chaos.planted", self.shape.planted, MODULES[name])
        if self.shape.clocks:
            clock = self.clocks.setdefault(called, Clock(self.folder / "clocks" / called))
            program = ("tests.chaos.clocks", str(clock.file), *program)
        return self._keep(Kept(called, name, program, self._environment(name), log, self._reaped))

    def _keep(self, kept: Kept) -> Kept:
        self.processes[kept.name] = kept
        kept.start()
        return kept

    async def dismiss(self, nickname: str) -> None:
        """Ends a process that was launched beside the six."""
        await self.processes.pop(nickname).leave()

    async def unready(self) -> list[Name]:
        """The kinds of process of which none is ready; of two of a kind one stands by."""
        ready = await asyncio.gather(*(kept.ready() for kept in self.processes.values()))
        serving = {kept.kind for kept, is_ready in zip(self.processes.values(), ready, strict=True) if is_ready}
        return [name for name in self.names if name not in serving]

    async def until_ready(self) -> None:
        """Waits until of each kind of process one says that it is ready."""
        waiting: list[Name] = list(self.names)
        try:
            async with asyncio.timeout(READY_SECONDS):
                while waiting := await self.unready():
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            said = "; ".join(f"{name} said last: {self.processes[name].said_last}" for name in waiting)
            raise AssertionError(f"not ready after {READY_SECONDS:g} s: {said}") from None

    async def close(self) -> None:
        """Ends every process, doors first."""
        for kept in reversed(tuple(self.processes.values())):
            await kept.leave(kill=True)
        if hasattr(self, "admin"):
            await self.admin.close()
        for link in self.links.values():
            await link.stop()
        for clock in (self.world, *self.clocks.values()):
            clock.close()

    def crashes(self) -> dict[str, list[int]]:
        """The exit codes of processes that ended by themselves."""
        return {name: kept.crashes for name, kept in self.processes.items() if kept.crashes}

    def _port_behind(self, link: str) -> int:
        target = link.partition(".")[2]
        urls = {
            "nats": self.engines.nats_url,
            "postgres": self.engines.dsn("tradewire_sequencer"),
            "paper": f"tcp://127.0.0.1:{self._paper_port}",
        }
        port = urlsplit(urls[target]).port
        assert port is not None
        return port

    @property
    def _plain(self) -> dict[str, str]:
        """The environment of a process that is none of ours."""
        outside = {key: value for key, value in os.environ.items() if not key.startswith("TRADEWIRE_")}
        return {**outside, "PYTHONPATH": os.pathsep.join(filter(None, (str(_ROOT), outside.get("PYTHONPATH"))))}

    def _environment(self, name: Name) -> Mapping[str, str]:
        environment = {
            **self._plain,
            **self.engines.environment(name),
            "TRADEWIRE_BUILD": build_id(),
            "TRADEWIRE_CONFIG": str(self.config),
            "TRADEWIRE_DATA": str(self.folder),
            "TRADEWIRE_PAPER_JOURNAL": str(self.journal),
            "TRADEWIRE_PAPER_ADDRESS": f"127.0.0.1:{self._paper_port}",
            "TRADEWIRE_FAULTS_FILE": str(self.faults_file),
        }
        if link := self.links.get(f"{name}.nats"):
            environment["TRADEWIRE_NATS_URL"] = f"nats://{link.address}"
        if link := self.links.get(f"{name}.paper"):
            environment["TRADEWIRE_PAPER_ADDRESS"] = link.address
        if link := self.links.get(f"{name}.postgres"):
            for key in ("TRADEWIRE_POSTGRES_DSN", "TRADEWIRE_POSTGRES_READER_DSN"):
                if key in environment:
                    environment[key] = _through(environment[key], link)
        return environment

    async def _reaped(self, instance: str) -> None:
        """Gives back what a dead process held, as the supervisor does."""
        if not self.releasing:
            return
        request = msgspec.json.encode(LeaseRequest("release", "", instance))
        subject = subjects.lease(self.engines.shard, "admin")
        try:
            await self.admin.request(subject, request, timeout=_REAP_SECONDS)
        except Unavailable:
            return  # then they run out


def _through(dsn: str, link: Proxy) -> str:
    parts = urlsplit(dsn)
    user = parts.netloc.rpartition("@")[0]
    return urlunsplit(parts._replace(netloc=f"{user}@{link.address}"))


@asynccontextmanager
async def running_system(folder: Path, shape: Shape | None = None) -> AsyncIterator[System]:
    """Starts a system over an empty folder that Postgres's account can reach, and ends it."""
    shape = shape or Shape()
    async with (
        running_engines(folder, tls=shape.tls) as engines,
        small_wal(folder, engines, wanted=shape.small_wal),
        small_nats(folder, engines, wanted=shape.small_nats, planted=shape.planted),
        small_logs(folder, wanted=shape.small_logs),
    ):
        system = System(folder, engines, shape)
        try:
            await system.open()
            yield system
        finally:
            await system.close()
