"""All that the router asks its broker for beside orders, put together: what runs while the lease is held."""

import asyncio
from collections.abc import Awaitable
from pathlib import Path

from tradewire.runtime.clock import Clock
from tradewire.runtime.service import Service
from tradewire_router.brokers.port import Broker
from tradewire_router.domain.state import RouterState
from tradewire_router.handlers import Ear
from tradewire_router.market.answers import BarAnswers
from tradewire_router.market.relay import QuoteRelay
from tradewire_router.market.store import BarStore
from tradewire_router.metrics import Metrics
from tradewire_router.reports.balances import Balances
from tradewire_router.reports.bars import Bars
from tradewire_router.reports.instruments import Instruments
from tradewire_router.reports.reporter import Reporter


class Reports:
    """What tells the log of money, symbols and prices of the past, and everybody of prices now."""

    def __init__(
        self, service: Service, state: RouterState, broker: Broker, reporter: Reporter, clock: Clock, metrics: Metrics
    ) -> None:
        settings, log, bus = service.settings, service.log, service.bus
        account = state.account
        seconds = settings.router.call_timeout.seconds
        interval = int(settings.router.reconcile_interval)
        currency = settings.accounts[account].currency
        self._clock = clock
        self._store = BarStore(Path(settings.data) / "market" / f"{account}.sqlite", log)
        self._answers = BarAnswers(bus, settings.shard, account, broker.id, self._store)
        self._balances = Balances(state, broker, reporter, log, interval=interval, call_seconds=seconds)
        self._instruments = Instruments(state, broker, reporter, clock, log, currency=currency, call_seconds=seconds)
        self._bars = Bars(state, broker, reporter, self._store, clock, log)
        self._relay = QuoteRelay(state, broker, bus, clock, log, metrics, call_seconds=seconds)

    def parts(self, ear: Ear, wanted: asyncio.Event) -> list[Awaitable[None]]:
        """What is to run; `wanted` is set when the log shows an order in a symbol without rules."""

        def connected() -> bool:
            return ear.connected and self._clock.started

        def compared() -> bool:
            return not ear.down and self._clock.started

        return [
            self._balances.run(compared),
            self._instruments.run(connected, wanted, ear.outdated),
            self._bars.run(compared),
            self._answers.run(),
            *self._relay.parts(connected),
        ]

    async def close(self) -> None:
        """Closes what is kept on disk."""
        await self._store.close()
