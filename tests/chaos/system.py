"""The whole system on this machine: embedded engines, the six processes kept running, and proxies where a row wants."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import msgspec
from msgspec import Struct

from tests.chaos.clocks import Clock
from tests.chaos.kept import POLL_SECONDS, READY_SECONDS, Kept, Name
from tests.chaos.load import STRATEGIES
from tests.chaos.mangle import Mangling
from tests.chaos.proxy import Proxy
from tests.chaos.small_wal import small_wal
from tradewire import subjects
from tradewire.build import build_id
from tradewire.bus import Bus
from tradewire.errors import Unavailable
from tradewire.messages.log import LeaseRequest
from tradewire.settings import Nats, Postgres, Settings, load
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
PERSON = "owner"
_REAP_SECONDS = 3.0
_ROOT = Path(__file__).parents[2]

_SETTINGS = """\
[accounts.paper]

[strategies.momo]
account = "paper"

[strategies.reef]
account = "paper"

[risk]
max_order_value = "1000000"
max_position_value = "10000000"
max_daily_loss = "10000000"
max_open_orders_per_symbol = 100000
max_open_orders = 100000
max_orders_per_second = "none"
max_orders_per_minute = "none"
max_orders_per_day = "none"
max_repeated_executions = "none"
max_price_away = "none"
max_price_away_passive = "none"
market_order_cushion = "none"
allow_short = "yes"
duplicate_window = "0s"
max_signal_age = "{max_signal_age}"
approval_ttl = "{approval_ttl}"
mark_interval = "5s"

[router]
call_timeout = "1s"
absence_grace = "{absence_grace}"
reconcile_interval = "2s"

[paper]
starting_cash = "100000000"
allow_short = true
partial_ratio = "0.3"
latency_ms = 10
price_from_signal = true
faults = true
"""


class Shape(Struct, frozen=True):
    """How a system is started: what differs from the usual settings, where proxies stand, and planted bugs.

    A link is `<process>.<nats|postgres|paper>`; `planted` names a bug for the processes that it is about.
    """

    links: tuple[str, ...] = ()
    max_signal_age: str = "30s"
    approval_ttl: str = "30s"
    absence_grace: str = "1s"
    mangled: bool = False
    """NATS links pass through a mangler, which a row switches on."""
    small_wal: bool = False
    """Postgres' write-ahead log lies on a file system of its own that can be filled."""
    clocks: bool = False
    """Each process goes by a clock of its own, which a row sets."""
    settings: dict[str, str] = {}
    """Further settings, by `<section>.<key>`."""
    day_rolls_in: int = 0
    """About how many seconds after the start the account's day rolls, instead of at midnight; less by up to 60."""
    planted: str = ""


class System:
    """A running system. Its log, journal and processes outlive a seed; a row has one of its own."""

    def __init__(self, folder: Path, engines: Engines, shape: Shape) -> None:
        self.folder, self.engines, self.shape = folder, engines, shape
        self.processes: dict[str, Kept] = {}
        self.links: dict[str, Proxy] = {}
        self.admin: Bus
        self.config = folder / "tradewire.toml"
        self.journal = folder / "paper"
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
            self._changed["accounts.paper.day_rolls_at"] = time.strftime("%H:%M", roll)
        self._paper_port = free_port()

    def settings_text(self, **changes: str) -> str:
        """The settings, with keys changed: those of [risk] by their name, any other by `<section>.<key>`."""
        shape = self.shape
        text = _SETTINGS.format(
            max_signal_age=shape.max_signal_age, approval_ttl=shape.approval_ttl, absence_grace=shape.absence_grace
        )
        for key, value in {**self._changed, **changes}.items():
            section, _, name = key.rpartition(".")
            text = _with(text, section or "risk", name, value)
        return text

    @property
    def settings(self) -> Settings:
        """The settings as the processes read them, with the database as the reader's role sees it."""
        return msgspec.structs.replace(
            load(str(self.config), {}), postgres=Postgres(reader_dsn=self.engines.dsn("tradewire_reader"))
        )

    async def bus(self, user: str) -> Bus:
        """A new connection past all proxies."""
        settings = Nats(url=self.engines.nats_url, nkey_file=str(self.engines.nkey_file(user)), user=user)
        return await Bus.connect(settings, user)

    async def database(self) -> "asyncpg.Connection[asyncpg.Record]":
        """A new connection as the database's owner, past all proxies."""
        return await asyncpg.connect(self.engines.dsn("tradewire_admin"), timeout=10, command_timeout=30)

    async def open(self) -> None:
        """Starts everything and waits until it is ready."""
        migrate(Settings(postgres=Postgres(admin_dsn=self.engines.dsn("tradewire_admin"))))
        self.config.write_text(self.settings_text())
        for strategy in STRATEGIES:
            await self.engines.add_user(f"strategy-{strategy}")
        await self.engines.add_user(f"person-{PERSON}")
        for link in self.shape.links:
            mangle = self.mangling.connection if self.shape.mangled and link.endswith(".nats") else None
            self.links[link] = Proxy("127.0.0.1", self._port_behind(link), mangle)
            await self.links[link].start()
        self.admin = await self.bus("admin")
        for name in ALL:
            self.launch(name)
        await self.until_ready()

    def launch(self, name: Name, nickname: str = "") -> Kept:
        """Starts a process and keeps it running; a second one of its kind needs a nickname."""
        called = nickname or name
        program: tuple[str, ...] = (MODULES[name],)
        if self.shape.planted:
            program = ("tests.chaos.planted", self.shape.planted, MODULES[name])
        if self.shape.clocks:
            clock = self.clocks.setdefault(called, Clock(self.folder / "clocks" / called))
            program = ("tests.chaos.clocks", str(clock.file), *program)
        kept = Kept(
            called, name, program, self._environment(name), self.folder / "logs" / f"{called}.log", self._reaped
        )
        self.processes[called] = kept
        kept.start()
        return kept

    async def dismiss(self, nickname: str) -> None:
        """Ends a process that was launched beside the six."""
        await self.processes.pop(nickname).leave()

    async def unready(self) -> list[Name]:
        """The kinds of process of which none is ready; of two of a kind one stands by."""
        ready = await asyncio.gather(*(kept.ready() for kept in self.processes.values()))
        serving = {kept.kind for kept, is_ready in zip(self.processes.values(), ready, strict=True) if is_ready}
        return [name for name in ALL if name not in serving]

    async def until_ready(self) -> None:
        """Waits until of each kind of process one says that it is ready."""
        waiting: list[Name] = list(ALL)
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

    def _environment(self, name: Name) -> Mapping[str, str]:
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("TRADEWIRE_")},
            **self.engines.environment(name),
            "TRADEWIRE_BUILD": build_id(),
            "TRADEWIRE_CONFIG": str(self.config),
            "TRADEWIRE_DATA": str(self.folder),
            "TRADEWIRE_PAPER_JOURNAL": str(self.journal),
            "TRADEWIRE_PAPER_ADDRESS": f"127.0.0.1:{self._paper_port}",
            "TRADEWIRE_FAULTS_FILE": str(self.faults_file),
            "PYTHONPATH": os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH")))),
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


def _with(text: str, section: str, key: str, value: str) -> str:
    """Settings with one key of a section changed, or set."""
    lines = text.splitlines()
    first = lines.index(f"[{section}]") + 1
    last = next((number for number in range(first, len(lines)) if lines[number].startswith("[")), len(lines))
    others = [line for line in lines[first:last] if line.partition(" = ")[0] != key]
    return "\n".join([*lines[:first], f'{key} = "{value}"', *others, *lines[last:], ""])


def _through(dsn: str, link: Proxy) -> str:
    parts = urlsplit(dsn)
    user = parts.netloc.rpartition("@")[0]
    return urlunsplit(parts._replace(netloc=f"{user}@{link.address}"))


@asynccontextmanager
async def running_system(folder: Path, shape: Shape | None = None) -> AsyncIterator[System]:
    """Starts a system over an empty folder that Postgres's account can reach, and ends it."""
    shape = shape or Shape()
    async with running_engines(folder) as engines, small_wal(folder, engines, wanted=shape.small_wal):
        system = System(folder, engines, shape)
        try:
            await system.open()
            yield system
        finally:
            await system.close()
