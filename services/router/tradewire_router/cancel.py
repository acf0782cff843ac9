"""Canceling: what somebody wants gone, and all that a KILL covers, until the broker says that it works no more."""

import asyncio
from collections.abc import Iterable
from math import inf

from msgspec import Struct

from tradewire import faults, ids
from tradewire.append import Appender
from tradewire.domain.orders import Order
from tradewire.lease import Lease
from tradewire.messages.log import Command
from tradewire.messages.order_events import OrderCancelStarted
from tradewire.messages.registry import new_event
from tradewire.runtime.logs import Log, about
from tradewire_router.brokers.errors import BrokerError
from tradewire_router.brokers.port import Broker
from tradewire_router.brokers.results import Found
from tradewire_router.brokers.values import BrokerOrder, OrderRef
from tradewire_router.domain.state import RouterState
from tradewire_router.domain.translate import from_lookup
from tradewire_router.facts import Facts
from tradewire_router.submit import Submitter

AGAIN_SECONDS = 5.0
AGAIN_SECONDS_MAX = 60.0
SWEEP_SECONDS = 5.0
TOGETHER = 50
"""How many cancels are under way at once."""


class _Asked(Struct):
    """How often a cancel was tried, and from when on (loop time) it may be again."""

    times: int = 0
    again_at: float = 0.0


async def cancel_all(broker: Broker, orders: Iterable[BrokerOrder], log: Log, why: str) -> dict[str, str]:
    """Cancels orders as the broker shows them; returns the outcomes by client order id, or by the broker's own id."""
    outcomes: dict[str, str] = {}
    left = list(orders)
    while left:
        some, left = left[:TOGETHER], left[TOGETHER:]
        refs = [OrderRef(order.client_order_id, order.broker_order_id, order.symbol) for order in some]
        answers = await asyncio.gather(*(broker.cancel(ref) for ref in refs))
        for order, answer in zip(some, answers, strict=True):
            name = order.client_order_id or order.broker_order_id
            outcomes[name] = answer.outcome
            log.warning(why, client_order_id=name, symbol=order.symbol, outcome=answer.outcome)
    return outcomes


class Canceler:
    """Asks the broker to cancel, records that it does, and asks again while an order still works."""

    def __init__(
        self,
        state: RouterState,
        broker: Broker,
        appender: Appender,
        facts: Facts,
        submitter: Submitter,
        lease: Lease,
        log: Log,
        *,
        call_seconds: float,
    ) -> None:
        self._state, self._broker, self._appender, self._facts = state, broker, appender, facts
        self._submitter, self._lease, self._log = submitter, lease, log
        self._call_seconds = call_seconds
        self._asked: dict[str, _Asked] = {}
        self._calls: set[asyncio.Task[None]] = set()
        self._swept_at = 0.0
        self._closed = False
        self._looked_at = -1
        self._look_at = 0.0

    async def step(self) -> None:
        """Starts the cancels that are due."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._state.pos == self._looked_at and now < self._look_at:
            return  # the log has not moved, and nothing is to be tried again yet
        room = TOGETHER - len(self._calls)
        if self._closed or room <= 0 or not self._lease.allows(self._call_seconds):
            return
        for order_id in [o for o in self._asked if o not in self._state.orders]:
            del self._asked[order_id]
        due = [order for order in self._state.to_cancel() if self._due(order, now)]
        due, left = due[:room], due[room:]
        if not left:
            self._looked_at = self._state.pos
            self._look_at = min((asked.again_at for asked in self._asked.values()), default=inf)
        if not due:
            return
        for order in due:
            asked = self._asked.setdefault(order.order, _Asked())
            asked.times += 1
            # An order that cannot be canceled now, in a closed market perhaps, does not fill the log.
            asked.again_at = now + min(AGAIN_SECONDS * 2 ** (asked.times - 1), AGAIN_SECONDS_MAX)
            self._look_at = min(self._look_at, asked.again_at)
        results = await self._appender.append([self._command(order) for order in due], self._lease.fence)
        for order, result in zip(due, results, strict=True):
            if result.code == "appended":
                task = loop.create_task(self._cancel(order))
                self._calls.add(task)
                task.add_done_callback(self._calls.discard)
            elif not result.stored:
                self._asked.pop(order.order, None)  # the order has moved; what it is now decides

    def _due(self, order: Order, now: float) -> bool:
        asked = self._asked.get(order.order)
        return asked is None or now >= asked.again_at

    async def sweep(self) -> None:
        """While a KILL covers the account, cancels what the broker shows and the log does not know as open."""
        now = asyncio.get_running_loop().time()
        if not self._state.killed or now - self._swept_at < SWEEP_SECONDS:
            return
        self._swept_at = now
        try:
            working = await self._broker.open_orders()
        except BrokerError as error:
            self._log.error("KILL cannot see what works", error=str(error))
            return
        strange = [told for told in working if not self._is_ours(told.client_order_id)]
        await cancel_all(self._broker, strange, self._log, "KILL cancels what is nobody's")

    def _is_ours(self, client_order_id: str) -> bool:
        order = self._state.of_client_id(client_order_id) or self._submitter.known.get(client_order_id)
        return order is not None and order.open and order.client_order_id == client_order_id

    def _command(self, order: Order) -> Command:
        ordinal = order.cancels_started
        data = OrderCancelStarted(
            order=order.order, client_order_id=order.client_order_id or "", epoch=self._lease.epoch, ordinal=ordinal
        )
        event = new_event(
            f"order-{order.order}",
            order.version + 1,
            ids.decision_uuid(order.order, "OrderCancelStarted", order.attempt, ordinal),
            data,
            time=self._submitter.teller().now,
            correlation=order.signal,
        )
        return Command((event,))

    async def _cancel(self, order: Order) -> None:
        faults.point("router.before_cancel")
        if not self._lease.allows(self._call_seconds):
            return  # the next holder asks again
        client_order_id = order.client_order_id or ""
        answer = await self._broker.cancel(OrderRef(client_order_id, order.broker_order_id, order.symbol))
        if answer.outcome == "requested":
            return
        lookup = await self._broker.find_order(client_order_id, order.symbol)
        if isinstance(lookup, Found):
            superseded = self._state.recovery.superseded(order)
            self._facts.add(from_lookup(self._submitter.teller(), order, lookup.order, superseded=superseded))
        self._log.warning(
            "a cancel was not taken",
            outcome=answer.outcome,
            error=str(answer.error or ""),
            **about(order),
        )

    async def close(self) -> None:
        """Begins nothing more, and returns when no call is under way."""
        self._closed = True
        while self._calls:
            await asyncio.wait(tuple(self._calls))
