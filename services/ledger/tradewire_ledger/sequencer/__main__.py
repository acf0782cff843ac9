"""The sequencer: the only writer of the log. Wiring only."""

import asyncio
import time

import asyncpg

from tradewire.errors import ConfigError, Stopped, Unavailable
from tradewire.runtime.service import Service, run
from tradewire.runtime.tasks import end_tasks
from tradewire.secret_files import Exposed
from tradewire_ledger.access import Access, access_of, unprotected
from tradewire_ledger.fitness import Unfit
from tradewire_ledger.lost import LOST
from tradewire_ledger.sequencer.metrics import Metrics
from tradewire_ledger.sequencer.relay import PostgresBehind, StreamDiffers
from tradewire_ledger.sequencer.sequence import Sequencer
from tradewire_ledger.sequencer.store import HeadLost, Store
from tradewire_ledger.sequencer.witness import Witness

EXIT_STREAM_DIFFERS = 3
RETRY_SECONDS = 0.3
DURABILITY_SECONDS = 60.0


async def _open(service: Service, access: Access) -> Store | None:
    """Connects and takes the lock, again and again, until it is ours or the process is to stop."""
    while not service.stopping.is_set():
        opening = asyncio.ensure_future(Store.open(access, durable=_durable(service)))
        stopping = asyncio.ensure_future(service.stopping.wait())
        service.health.set("postgres", "is not connected, or another ledger holds the lock")
        await asyncio.wait({opening, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not opening.done():
            await end_tasks(opening)
            return None
        try:
            store = opening.result()
        except Exposed:
            raise
        except asyncpg.InvalidPasswordError as error:
            if not access.password_file:
                raise access.refused(error) from None
            await _wait(service, str(access.refused(error)))
        except (*LOST, ConfigError, HeadLost, Unfit) as error:
            await _wait(service, str(error) or type(error).__name__)
        else:
            service.health.set("postgres", None)
            service.facts.pop("postgres", None)
            return store
    return None


async def _wait(service: Service, problem: str) -> None:
    """Says what is wrong with Postgres, in the log when it is news, until the next try."""
    line = problem.partition("\n")[0]
    if service.facts.get("postgres") != line:
        service.log.warning("waits for Postgres", problem=line)
    service.facts["postgres"] = line
    service.health.set("postgres", line)
    await asyncio.sleep(RETRY_SECONDS)


def _durable(service: Service) -> bool:
    """Whether Postgres must prove that it keeps what it commits."""
    return service.settings.postgres.durability == "verified"


async def _reign(service: Service, store: Store, metrics: Metrics) -> None:
    """Sequences under one epoch, until the store is lost or the process stops."""
    replicas = service.settings.nats.replicas
    sequencer = Sequencer(
        service.bus, service.settings.shard, store, metrics.observe, metrics.relayed.observe, replicas=replicas
    )
    sequencer.witness = Witness(service.log, service.traces)
    service.health.set("stream", "is compared with the log")
    service.health.started()
    while not service.stopping.is_set():
        try:
            await sequencer.prepare()
            break
        except Unavailable as error:
            service.health.set("stream", str(error))
            await asyncio.sleep(RETRY_SECONDS)
    await sequencer.open()
    service.health.set("stream", None)
    service.health.note("postgres", store.note)
    service.log.info("sequencing", epoch=store.head.epoch, pos=store.head.pos, log_id=store.head.log_id)

    async def watch_durability() -> None:
        while True:
            await asyncio.sleep(DURABILITY_SECONDS)
            if _durable(service):
                await store.verify_durability()

    async def watch() -> None:
        while True:
            service.facts.update(pos=store.head.pos, epoch=store.head.epoch)
            late = sequencer.relay.lag
            metrics.stands(store.head, late, sequencer.relay.acknowledged)
            metrics.leases(sequencer.leases)
            service.health.set("relay", f"the log stream lags by {late:.0f} s" if late > 5 else None)
            await asyncio.sleep(0.25)

    parts = [
        asyncio.ensure_future(part)
        for part in (
            sequencer.run(),
            sequencer.beat(),
            sequencer.relay.run(),
            watch(),
            watch_durability(),
            store.lost.wait(),
            service.stopping.wait(),
        )
    ]
    try:
        done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        for part in done:
            part.result()
    finally:
        await sequencer.close()
        await end_tasks(*parts)


async def main(service: Service) -> None:
    """Takes the lock, sequences, and starts from the lock again whenever the head is lost."""
    access = access_of(service.settings.postgres, "dsn")
    if not _durable(service):
        service.log.warning("postgres.durability is unverified: a commit may be lost with the machine's power")
    if listened := unprotected(access.dsn):
        service.health.note("postgres_tls", f"postgres.dsn: {listened}")
        service.log.warning("Postgres is not verified", problem=listened)
    metrics = Metrics(service.registry)
    started = time.monotonic()
    while not service.stopping.is_set():
        store = await _open(service, access)
        if store is None:
            return
        try:
            await _reign(service, store, metrics)
        except HeadLost as error:
            service.log.warning("the head is lost, starting from the lock", error=str(error))
            service.health.set("postgres", str(error))
        except PostgresBehind as error:
            raise Stopped(
                EXIT_STREAM_DIFFERS,
                f"{error}. Put the right one back, or restore a backup, after which brokers are asked what was done: "
                "`tradewire restore PLACE`.",
            ) from None
        except StreamDiffers as error:
            raise Stopped(
                EXIT_STREAM_DIFFERS, f"{error}. Restore the right one, or run `tradewire ledger reset-stream`."
            ) from None
        finally:
            await store.close()
        await asyncio.sleep(RETRY_SECONDS if time.monotonic() - started > 1 else 0)


def entry() -> None:
    """The console script."""
    run("sequencer", main)


if __name__ == "__main__":
    entry()
