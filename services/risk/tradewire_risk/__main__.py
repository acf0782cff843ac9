"""The risk process: decides every requested order, marks accounts, and lapses what nobody acted on. Wiring only."""

import asyncio
from pathlib import Path

from tradewire.append import Appender
from tradewire.lease import Lease
from tradewire.replica import Replica, Snapshot
from tradewire.runtime.clock import Clock
from tradewire.runtime.service import Service, run
from tradewire_risk import plugins
from tradewire_risk.answers import Answers
from tradewire_risk.calendar_cache import Calendars
from tradewire_risk.catch_up import events_between
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
    state = RiskState(setup_of(settings, plugins.installed(service.log)))
    desk = Desk(state, QuoteBoard(), Clock(settings.clock), limit_texts(settings.risk))

    async def catch_up(snapshot: Snapshot) -> None:
        state.catch_up(await events_between(bus, settings.shard, state.counted_from(), snapshot.pos))

    calendars = Calendars(Path(settings.data) / "calendars", desk.clock, service.log)
    state.calendars = calendars.sessions
    replica = Replica(bus, settings.shard, Follower(state), catch_up)
    name, refused = f"risk-{settings.shard}", service.refused_by_the_ledger
    lease = Lease(bus, settings.shard, name, WRITER, service.instance, refused)
    replica.listener = service.narrator(lease.held.is_set)
    appender = Appender(bus, settings.shard, WRITER, traced=service.traces is not None)
    worker = Worker(service, desk, replica, lease, appender, Metrics(service.registry))
    answers = Answers(service, desk, replica, lease)
    service.on_reload.append(worker.configure)

    async def follow() -> None:
        await replica.start()
        await replica.run()

    quotes = await bus.subscribe("quotes.>", worker.hear)
    await answers.open()

    def wanted() -> set[str]:
        return {instrument.calendar for instrument in state.facts.instruments.values()}

    service.spawn(worker.watch(), "watch")
    service.spawn(calendars.keep(wanted), "calendars")
    service.spawn(follow(), "replica")
    leading = service.spawn(lease.lead(worker.work, service.stopping), "lease")
    await service.stopping.wait()
    await asyncio.wait({leading}, timeout=DRAIN_SECONDS)
    await answers.close()
    await quotes.stop()


def main() -> None:
    """The console script."""
    run(WRITER, serve)


if __name__ == "__main__":
    main()
