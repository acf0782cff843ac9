"""The router: approved orders to one account's broker, and what the broker says to the log. Wiring only."""

from functools import partial
from pathlib import Path

from tradewire.append import Appender
from tradewire.build import build_id
from tradewire.bus import Message
from tradewire.lease import Lease
from tradewire.messages.quotes import decode_quote
from tradewire.runtime.clock import Clock
from tradewire.runtime.service import Service, run
from tradewire_router.brokers.opening import open_broker
from tradewire_router.facts import Facts
from tradewire_router.metrics import Metrics
from tradewire_router.panic import Panic
from tradewire_router.router import Router
from tradewire_router.upstream import Upstream


async def serve(service: Service) -> None:
    """Runs the router of `router.account` whenever its lease is held."""
    settings = service.settings
    account = settings.router.account
    service.facts["account"] = account
    clock = Clock(settings.clock)
    if settings.clock == "quotes":

        def hear(message: Message) -> None:
            clock.hear(decode_quote(message.data).at)

        await service.bus.subscribe("quotes.>", hear)
    broker = settings.accounts[account].broker
    metrics = Metrics(service.registry, account, broker)
    name, refused = f"router-{account}", service.refused_by_the_ledger
    lease = Lease(service.bus, settings.shard, name, "router", service.instance, refused)
    traced = service.traces is not None
    appender, fact_appender = (Appender(service.bus, settings.shard, "router", traced=traced) for _ in range(2))
    facts = Facts(fact_appender, lease, service.log)
    opening = partial(open_broker, settings, account)
    await opening().close()  # a setting that is wrong is said now, and not when the lease is held
    panic = Panic(Path(settings.data), account, broker, clock, lease, opening, service.log)
    await panic.listen(service.bus)
    service.spawn(panic.run(), "panic")
    upstream = Upstream(build_id())
    await upstream.listen(service.bus, settings.shard)
    router = Router(service, opening, lease, clock, panic, facts, appender, metrics, upstream)
    service.health.set("lease", lease.waiting)
    service.health.started()

    async def reign() -> None:
        service.health.set("work", "reads the log before it takes its work up")
        service.health.set("lease", None)
        metrics.lease.set(1)
        service.log.info("routing", account=account, epoch=lease.epoch, broker=broker)
        try:
            await router.reign()
        finally:
            metrics.lease.set(0)
            service.health.set("lease", lease.waiting)
            service.health.set("work", None)

    await lease.lead(reign, service.stopping)


def main() -> None:
    """The console script."""
    run("router", serve)


if __name__ == "__main__":
    main()
