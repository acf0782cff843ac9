"""The risk process: decides every requested order, marks accounts, and lapses what nobody acted on. Wiring only."""

import asyncio

from tradewire.append import Appender
from tradewire.lease import Lease
from tradewire.replica import Replica
from tradewire.runtime.clock import Clock
from tradewire.runtime.service import Service, run
from tradewire_risk.domain.prices import QuoteBoard
from tradewire_risk.domain.state import RiskState
from tradewire_risk.handlers import Desk
from tradewire_risk.metrics import Metrics
from tradewire_risk.settings import limit_texts, setup_of
from tradewire_risk.worker import Follower, Worker

WRITER = "risk"
DRAIN_SECONDS = 3.0


async def serve(service: Service) -> None:
    """Works until the service is asked to stop, then finishes what is in hand and gives the lease back."""
    settings, bus = service.settings, service.bus
    state = RiskState(setup_of(settings))
    desk = Desk(state, QuoteBoard(), Clock(settings.clock), limit_texts(settings.risk))
    replica = Replica(bus, settings.shard, Follower(state))
    lease = Lease(bus, settings.shard, f"risk-{settings.shard}", WRITER, service.instance)
    appender = Appender(bus, settings.shard, WRITER)
    worker = Worker(service, desk, replica, lease, appender, Metrics(service.registry))
    service.on_reload.append(worker.configure)

    async def follow() -> None:
        await replica.start()
        await replica.run()

    quotes = await bus.subscribe("quotes.>", worker.hear)
    service.spawn(worker.watch(), "watch")
    service.spawn(follow(), "replica")
    leading = service.spawn(lease.lead(worker.work, service.stopping), "lease")
    await service.stopping.wait()
    await asyncio.wait({leading}, timeout=DRAIN_SECONDS)
    await quotes.stop()


def main() -> None:
    """The console script."""
    run(WRITER, serve)


if __name__ == "__main__":
    main()
