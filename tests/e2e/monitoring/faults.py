"""What may go wrong in the system that is watched, done for real: each fault with the alerts that are for it."""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path
from signal import SIGCONT, SIGHUP, SIGKILL, SIGSTOP
from typing import Final

import psutil
from msgspec import Struct

from tests.e2e.cli.system import Up
from tests.e2e.cli.twin import Twin
from tests.e2e.monitoring.server import Prometheus
from tests.e2e.monitoring.trading import Desk, signal
from tradewire.settings import Paper
from tradewire_router.brokers.paper import PaperBroker
from tradewire_router.paper.wire import Happening

_STARTED: Final = 'process_start_time_seconds{process="paper"} and on (process) tradewire_ready == 1'


class World(Struct, frozen=True):
    """What a fault can lay hands on."""

    data: Path
    up: Up
    served: Twin
    desk: Desk
    watched: Prometheus

    def pid(self, name: str) -> int:
        """A process that runs now."""
        return self.up.run.processes[name].pid


class Fault(Struct, frozen=True):
    """`clears` where its alerts end with it, as those do not that count what was in the last minutes.

    `stood` where the fault was there before, so that its alerts fire already.
    """

    does: Callable[[World], AbstractContextManager[None]]
    alerts: tuple[str, ...]
    clears: bool = True
    stood: bool = False


def _rehearsed(price: str = "190", quantity: int = 1) -> dict[str, object]:
    return signal("buy", "AAPL", quantity, price, account="rehearsal")


@contextmanager
def _halt(world: World) -> Iterator[None]:
    world.desk.tell("halt", "account.play", "--reason", "watched")
    try:
        yield
    finally:
        world.desk.tell("resume", "account.play", "--reason", "watched")


@contextmanager
def _limit(world: World) -> Iterator[None]:
    """One order rests, and one is allowed."""
    world.desk.tell("limits", "set", "account.play", "max_open_orders=1", "--reason", "watched")
    try:
        yield
    finally:
        world.desk.tell("limits", "set", "account.play", "max_open_orders=", "--reason", "watched")


@contextmanager
def _denials(world: World) -> Iterator[None]:
    world.desk.send(*(signal("buy", "KO", 10_000_000, "100") for _ in range(40)))
    yield


@contextmanager
def _refusals(world: World) -> Iterator[None]:
    world.desk.send(*({"symbol": "KO", "action": "perhaps"} for _ in range(8)))
    yield


@contextmanager
def _held(world: World) -> Iterator[None]:
    """An order was held before, and nobody has answered."""
    assert world.desk.held()
    try:
        yield
    finally:
        for order in world.desk.held():
            world.desk.tell("deny", order, "--reason", "watched")


@contextmanager
def _unquoted(_world: World) -> Iterator[None]:
    """What the paper account holds is traded at prices that come with signals; nobody quotes it."""
    yield


@contextmanager
def _bad_fills(_world: World) -> Iterator[None]:
    """The paper broker fills at prices that are worse than approved, as its settings say."""
    yield


@contextmanager
def _no_backups(_world: World) -> Iterator[None]:
    """The place of the backups was taken away once the first one was made."""
    yield


@contextmanager
def _few_files(world: World) -> Iterator[None]:
    """A process may open hardly more files than it has open; one that opens none for what is done meanwhile."""
    process = psutil.Process(world.pid("paper"))
    before = process.rlimit(psutil.RLIMIT_NOFILE)
    process.rlimit(psutil.RLIMIT_NOFILE, (process.num_fds() * 6 // 5 + 1, before[1]))
    try:
        yield
    finally:
        process.rlimit(psutil.RLIMIT_NOFILE, before)


@contextmanager
def _rejections(world: World) -> Iterator[None]:
    with _armed(world, "status_before", "POST /v2/orders", status=403, body='{"code": 40310000, "message": "no"}'):
        world.desk.send(*(_rehearsed() for _ in range(8)))
    yield


@contextmanager
def _unknown(world: World) -> Iterator[None]:
    """The broker takes an order, does not say so, and answers no question about it."""
    with (
        _armed(world, "lose", "push trade_updates *"),
        _armed(world, "status_before", "GET /v2/orders*", status=503),
        _armed(world, "drop_after", "POST /v2/orders", times=1),
    ):
        world.desk.send(_rehearsed())
        yield


@contextmanager
def _slow(world: World) -> Iterator[None]:
    with _armed(world, "delay_before", "POST /v2/orders", milliseconds=2000):
        world.desk.send(*(_rehearsed() for _ in range(5)))
    yield


def _move(world: World, amount: int, *, told: bool) -> None:
    """Money comes to the paper account or leaves it."""
    places = Paper(journal=str(world.data / "paper"), token_file=str(world.data / "secrets" / "paper_token"))

    async def moved() -> None:
        broker = PaperBroker("play", places)
        await broker.connect()
        await broker.happen(Happening(kind="withdrawal", amount=Decimal(amount), told=told))
        await broker.close()

    asyncio.run(moved())


@contextmanager
def _break(world: World) -> Iterator[None]:
    """Money leaves the account, and the broker does not tell."""
    _move(world, -700, told=False)
    try:
        yield
    finally:
        _move(world, 700, told=False)


@contextmanager
def _keys(world: World) -> Iterator[None]:
    """The broker refuses the key, and ends the session."""
    world.served.control.do("keys", revoked=True)
    world.served.control.hang_up()
    try:
        yield
    finally:
        world.served.control.do("keys", revoked=False)


@contextmanager
def _quiet_stream(world: World) -> Iterator[None]:
    """The stream of quotes cannot be had, and the rest can."""
    with (
        _armed(world, "status_before", "GET /v2/iex", status=503),
        _armed(world, "status_before", "GET /v1beta3/crypto/us", status=503),
    ):
        world.served.control.hang_up()
        yield


@contextmanager
def _stopped_risk(world: World) -> Iterator[None]:
    with _frozen(world.pid("risk")):
        world.desk.publish(signal("buy", "KO", 1, "100"))
        yield


@contextmanager
def _stopped_ledger(world: World) -> Iterator[None]:
    with _frozen(world.pid("sequencer")):
        world.desk.publish(signal("buy", "KO", 1, "100"))
        yield


@contextmanager
def _stopped_nats(world: World) -> Iterator[None]:
    """It and who would start it anew after some seconds."""
    with _frozen(world.up.run.pid, world.pid("nats")):
        yield


@contextmanager
def _stopped_postgres(world: World) -> Iterator[None]:
    """All of its processes, and who would start it anew after some seconds."""
    server = psutil.Process(world.pid("postgres"))
    with _frozen(world.up.run.pid, server.pid, *(child.pid for child in server.children(recursive=True))):
        _move(world, -1, told=True)  # a fact that the router cannot append
        yield


def _began_after(world: World, before: float) -> bool:
    """Whether Prometheus has seen another start, so that it counts each."""
    return any(started > before for _, started in world.watched.query(_STARTED))


@contextmanager
def _crashes(world: World) -> Iterator[None]:
    for _ in range(4):
        [(_, started)] = world.watched.query(_STARTED)
        os.kill(world.pid("paper"), SIGKILL)
        world.watched.until(partial(_began_after, world, started), lambda: "paper does not come back")
    yield


@contextmanager
def _wrong_settings(world: World) -> Iterator[None]:
    path = world.data / "tradewire.toml"
    right = path.read_text()
    path.write_text(right.replace('mark_interval = "1s"', 'mark_interval = "soon"'))
    try:
        os.kill(world.up.run.pid, SIGHUP)
        yield
    finally:
        path.write_text(right)


@contextmanager
def _armed(world: World, kind: str, on: str, *, times: int = 0, **rest: object) -> Iterator[None]:
    number = world.served.control.arm(kind, on, times=times, **rest)
    try:
        yield
    finally:
        world.served.control.disarm(number)


@contextmanager
def _frozen(*pids: int) -> Iterator[None]:
    for pid in pids:
        os.kill(pid, SIGSTOP)
    try:
        yield
    finally:
        for pid in reversed(pids):
            os.kill(pid, SIGCONT)


FAULTS: Final = {
    "messages that are no signals": Fault(_refusals, ("TradewireSignalsRefused",), clears=False),
    "orders that are too large": Fault(_denials, ("TradewireMostOrdersDenied",), clears=False),
    "settings that are wrong": Fault(_wrong_settings, ("TradewireReloadRefused",), clears=False),
    "a broker that rejects": Fault(_rejections, ("TradewireBrokerRejects",), clears=False),
    "a broker that is slow": Fault(_slow, ("TradewireSubmitsSlow",), clears=False),
    "a broker that fills badly": Fault(_bad_fills, ("TradewireSlippageHigh",), clears=False, stood=True),
    "a holding that nobody quotes": Fault(_unquoted, ("TradewireHeldUnquoted",), clears=False, stood=True),
    "a process that may open few files": Fault(_few_files, ("TradewireFilesRunOut",)),
    "a halt": Fault(_halt, ("TradewireHalted",)),
    "a limit that is used up": Fault(_limit, ("TradewireLimitNearlyReached",)),
    "a stream that cannot be had": Fault(_quiet_stream, ("TradewireBrokerDegraded",)),
    "money that is gone": Fault(_break, ("TradewireReconciliationBroken",)),
    "a broker that refuses the key": Fault(_keys, ("TradewireBrokerAway",)),
    "an order that waits for a person": Fault(_held, ("TradewireApprovalWaits",), stood=True),
    "a broker that does not say": Fault(_unknown, ("TradewireUnknownOrders",)),
    "risk that hangs": Fault(
        _stopped_risk, ("TradewireProcessDown", "TradewireOrdersUndecided", "TradewireNobodyLeads")
    ),
    "a process that crashes": Fault(_crashes, ("TradewireProcessRestarts",), clears=False),
    "a NATS that hangs": Fault(_stopped_nats, ("TradewireNatsServerAway", "TradewireNatsAway")),
    "a Postgres that hangs": Fault(_stopped_postgres, ("TradewirePostgresAway", "TradewireFactsWaiting")),
    "a ledger that hangs": Fault(_stopped_ledger, ("TradewireNotReady", "TradewireGone", "TradewireSignalsWaiting")),
    "a place that takes no backup": Fault(_no_backups, ("TradewireBackupOld",), clears=False, stood=True),
}
AT_ONCE: Final = (
    ("messages that are no signals", "orders that are too large", "settings that are wrong"),
    ("a broker that rejects", "a broker that is slow", "a broker that fills badly", "a holding that nobody quotes"),
    ("a halt", "a limit that is used up", "a stream that cannot be had", "a process that may open few files"),
    ("money that is gone", "a broker that refuses the key"),
    ("an order that waits for a person", "a broker that does not say", "risk that hangs", "a process that crashes"),
    ("a NATS that hangs",),
    ("a Postgres that hangs",),
    # After two that publish nothing, because its alert asks for a minute in which no signal was appended.
    ("a ledger that hangs",),
    ("a place that takes no backup",),
)
"""Faults of different parts are brought about together, so that their waiting times are one."""
BY_PROMTOOL_ALONE: Final = {
    "TradewireInvariantViolated": "nothing short of a bug or a superuser's hand breaks the log",
    "TradewireReconciliationLate": "five minutes without a comparison",
    "TradewireBrokerBudgetLow": "a minute's budget used up, and a run that is compared too often to keep one",
    "TradewireFeedSilent": "five minutes of silence in an open market",
    "TradewireAppendsSlow": "minutes of a slow disk",
    "TradewireRelayLags": "a JetStream that takes nothing while a ledger commits",
    "TradewireReaderLags": "a reader that is too slow for its log",
    "TradewireRiskLags": "a thousand positions at once",
    "TradewireSignalsFull": "a gigabyte of signals",
    "TradewireTwoLead": "a process that is frozen for longer than its lease, and then read before it knows",
    "TradewireProcessBusy": "ten minutes at full load",
    "TradewireBuildsMixed": "two builds, which one checkout does not have",
    "TradewirePostgresConnections": "ninety connections of somebody else",
    "TradewirePostgresVacuum": "a million transactions",
    "TradewireNatsDiskFull": "a disk that is full",
    "TradewireNatsSlowConsumers": "a client that is cut off for slowness",
}
"""Alerts whose fault takes too long or too much to be done here: promtool's cases alone show them to fire."""
