"""One session of the reader: from the lock, over a rebuild where one is due, to following and answering.

It ends when its connection or its place in the log is lost, and is then begun again; nothing of it is kept.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import asyncpg

from tradewire import subjects
from tradewire.bus import Message, Stoppable
from tradewire.runtime.logs import Log
from tradewire.runtime.service import Service
from tradewire.runtime.tasks import end_tasks
from tradewire.settings import Settings
from tradewire_ledger.access import Access
from tradewire_ledger.backup.records import known
from tradewire_ledger.lost import LOST
from tradewire_ledger.reader.context import Context, open_pool
from tradewire_ledger.reader.follow import Follower
from tradewire_ledger.reader.metrics import Metrics
from tradewire_ledger.reader.model import Model
from tradewire_ledger.reader.queries import Queries
from tradewire_ledger.reader.rebuild import outdated, rebuild
from tradewire_ledger.reader.snapshots import Snapshots
from tradewire_ledger.reader.store import Connection, Head, Store
from tradewire_ledger.reader.told.beginning import Beginning
from tradewire_ledger.reader.told.watch import Watch

BEHIND_SECONDS = 5.0
PROGRESS_SECONDS = 5.0
WATCH_SECONDS = 0.25
FIGURES_SECONDS = 2.0
BACKUP_LOOK_SECONDS = 5.0
WAITING_MAX = 256
"""So many requests may be under way; one more is not answered, and is asked again."""


async def session(service: Service, access: Access, metrics: Metrics) -> None:
    """Runs until cancelled.

    Raises:
        LOST, NotStarted, CheckpointMoved, OutOfStep: begin again.
        LogChanged: Postgres holds another log: begin again, with a rebuild.
        LogError: the log is corrupt or of a newer build; nothing may be told of it.
    """
    store = await Store.open(access)
    try:
        service.health.set("postgres", "waits for another reader to end")
        service.health.started()
        await store.lock()
        service.health.set("postgres", None)
        service.health.set("log", "is being read")
        head = await store.head()
        model = await _load(service, store, head)
        shard = service.settings.shard
        follower = Follower(store, model, service.bus, shard, metrics, service.log, head=head.pos)
        beginning = Beginning(model)
        async with open_pool(access) as pool, _Desk(service) as desk:
            context = Context(
                follower,
                pool,
                lambda: _brokers(service.settings),
                lambda: service.settings.symbol_sources(),  # noqa: PLW0108 - settings are reloaded
            )
            await desk.open(context, metrics)
            service.log.info("reading", pos=follower.pos, log_id=model.checkpoint.log_id)
            await _first_to_end(
                follower.run(),
                _watch(service, follower, metrics),
                _tell(follower, metrics, beginning, pool, service.log),
                metrics.engines.ask_postgres(pool),
                Watch(context, metrics.invariants, service.log, lambda: _currencies(service.settings)).run(),
                _watch_backups(service, pool, metrics),
                _end_of(store),
            )
    finally:
        metrics.engines.lost()
        store.close()


def _brokers(settings: Settings) -> dict[str, str]:
    return {name: account.broker for name, account in settings.accounts.items()}


def _currencies(settings: Settings) -> dict[str, str]:
    return {name: account.currency for name, account in settings.accounts.items()}


async def _load(service: Service, store: Store, head: Head) -> Model:
    at = await store.checkpoint(head)
    if reason := await outdated(store, head, at):
        service.log.warning("the read model is made anew", reason=reason, positions=head.pos)
        service.health.set("log", f"the read model is made anew: {reason}")
        await rebuild(store, _progress(service))
        at = await store.present_checkpoint()
    return await store.load(at)


def _progress(service: Service) -> Callable[[int, int], None]:
    loop = asyncio.get_running_loop()
    said_at = loop.time()

    def tell(pos: int, target: int) -> None:
        nonlocal said_at
        if pos >= target or loop.time() - said_at >= PROGRESS_SECONDS:
            said_at = loop.time()
            service.log.info("folding the log anew", pos=pos, of=target, percent=100 * pos // max(target, 1))

    return tell


async def _watch(service: Service, follower: Follower, metrics: Metrics) -> None:
    """Says how far the reader is; it is ready while it holds what the log held five seconds ago."""
    loop = asyncio.get_running_loop()
    target, since = follower.begun_at, loop.time() - 2 * BEHIND_SECONDS
    while True:
        pos, head = follower.pos, follower.head
        if pos >= target:
            target, since = head, loop.time()
        late = loop.time() - since
        service.health.set("log", f"is {head - pos} positions behind" if late > BEHIND_SECONDS else None)
        service.facts.update(pos=pos, head=head)
        metrics.lag.set(head - pos)
        metrics.late.set(late if head > pos else 0)
        await asyncio.sleep(WATCH_SECONDS)


async def _tell(
    follower: Follower, metrics: Metrics, beginning: Beginning, pool: "asyncpg.Pool[asyncpg.Record]", log: Log
) -> None:
    """Keeps the figures true that are worked out now and then."""
    counting, model = follower.counting, follower.model
    try:
        await beginning.give(pool, counting)
    except LOST:
        raise
    except Exception as error:
        log.error("the figures begin without what was before", exc_info=error)
        counting.begin_without()
    while True:
        metrics.figures.take(
            model.orders.values(),
            model.books,
            counting.results or {},
            counting.steps,
            (metrics.accounts, metrics.strategies),
            time.time_ns() // 1_000,
        )
        await asyncio.sleep(FIGURES_SECONDS)


async def _watch_backups(service: Service, pool: "asyncpg.Pool[asyncpg.Record]", metrics: Metrics) -> None:
    """Keeps what is told of backups true, whoever made them."""
    while True:
        backup = service.settings.backup
        async with pool.acquire() as proxy:
            connection: Connection = proxy  # type: ignore[assignment] # it has all of a connection's methods
            last = await known(connection, backup.to)
        metrics.backups.show(last, backup.every.seconds if backup.to else 0.0)
        await asyncio.sleep(BACKUP_LOOK_SECONDS)


async def _end_of(store: Store) -> None:
    await store.lost.wait()
    raise ConnectionResetError("the connection to Postgres is gone")


async def _first_to_end(*parts: Coroutine[Any, Any, None]) -> None:
    """Runs parts until one ends, which each does by raising, and ends the others."""
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        await end_tasks(*tasks)


class _Desk:
    """Where requests come in: each is answered by a task of its own, all of which end with the session."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._subscriptions: list[Stoppable] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "_Desk":
        return self

    async def __aexit__(self, *_: object) -> None:
        for subscription in self._subscriptions:
            await subscription.stop()
        await end_tasks(*self._tasks)

    async def open(self, context: Context, metrics: Metrics) -> None:
        """Begins to listen."""
        bus, shard = self._service.bus, self._service.settings.shard
        for subject, answer in (
            (subjects.snapshot(shard), Snapshots(context, bus, metrics).answer),
            (subjects.query(shard, "*"), Queries(context, bus, metrics, self._service.log).answer),
        ):
            self._subscriptions.append(await bus.subscribe(subject, self._taker(answer)))

    def _taker(self, answer: Callable[[Message], Awaitable[None]]) -> Callable[[Message], None]:
        async def run(message: Message) -> None:
            try:
                await answer(message)
            except Exception as error:
                self._service.log.error("a request could not be answered", subject=message.subject, exc_info=error)

        def take(message: Message) -> None:
            if message.reply and len(self._tasks) < WAITING_MAX:
                task = asyncio.get_running_loop().create_task(run(message))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

        return take
