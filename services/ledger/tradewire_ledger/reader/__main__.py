"""The reader: projections, snapshots, queries and announcements. Wiring only."""

import asyncio

import asyncpg

from tradewire.errors import ConfigError, LogChanged
from tradewire.runtime.service import Service, run
from tradewire.runtime.tasks import end_tasks
from tradewire.secret_files import Exposed
from tradewire_ledger.access import access_of, unprotected
from tradewire_ledger.lost import LOST
from tradewire_ledger.reader.context import OutOfStep
from tradewire_ledger.reader.metrics import Metrics
from tradewire_ledger.reader.session import session
from tradewire_ledger.reader.store import CheckpointMoved, NotStarted

RETRY_SECONDS = 0.3


async def serve(service: Service) -> None:
    """Runs session after session until the process is to stop."""
    access = access_of(service.settings.postgres, "reader_dsn")
    if listened := unprotected(access.dsn):
        service.health.note("postgres_tls", f"postgres.reader_dsn: {listened}")
        service.log.warning("Postgres is not verified", problem=listened)
    metrics = Metrics(service.registry)
    service.spawn(metrics.engines.ask_nats(lambda: service.settings.nats.monitor_urls, service.log), "nats figures")
    stopping = asyncio.ensure_future(service.stopping.wait())
    while not service.stopping.is_set():
        work = asyncio.ensure_future(session(service, access, metrics))
        await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            await end_tasks(work)
            return
        try:
            work.result()
        except (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError) as error:
            if not access.password_file:
                raise access.refused(error) from None
            service.health.set("postgres", str(access.refused(error)))
        except Exposed:
            raise
        except (ConfigError, NotStarted) as error:
            service.health.set("postgres", str(error))
        except (CheckpointMoved, OutOfStep, LogChanged) as error:
            service.log.warning("the reader begins again", reason=str(error))
        except LOST as error:
            service.log.warning("Postgres is lost, connecting again", error=str(error), kind=type(error).__name__)
            service.health.set("postgres", f"{type(error).__name__}: {error}")
        await asyncio.wait({stopping}, timeout=RETRY_SECONDS)


def main() -> None:
    """The console script."""
    run("reader", serve)


if __name__ == "__main__":
    main()
