"""After a restore: what the broker has of ours that the log has lost is listed, adopted, and never sent again.

The client id of an order derives from its signal, so that a signal which comes again leads to an order that the broker
has. First the router says what that is (AccountRecovered); nothing in the account is decided or sent before. Then every
order that the log shows as unsent and the broker has is adopted: it takes the broker's terms, the executions that were
booked as nobody's meanwhile, and its end. One that was sent before takes new terms of the lost time, and the same.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from sys import intern

from tradewire import ids
from tradewire.domain.exact import ZERO, add
from tradewire.domain.orders import Order
from tradewire.errors import Unavailable
from tradewire.messages.account_events import AccountRecovered
from tradewire.messages.log import NewEvent
from tradewire.messages.order_events import FillAttributed, OrderAdopted
from tradewire.messages.vocabulary import LostOrder
from tradewire.replica import Replica
from tradewire.runtime.logs import Log
from tradewire_router.absence import MARGIN_MICROSECONDS
from tradewire_router.attribution import Attribution, is_our_kind
from tradewire_router.brokers.port import Broker
from tradewire_router.brokers.results import Found
from tradewire_router.brokers.values import BrokerOrder, Execution
from tradewire_router.domain.booked import Booked, latest_of
from tradewire_router.domain.state import RouterState
from tradewire_router.domain.translate import Source, Teller, account_event, from_lookup, of_execution, of_order
from tradewire_router.facts import Facts, settled
from tradewire_router.renew import Renewer
from tradewire_router.submit import Submitter

_TICK_SECONDS = 0.25
_TOLD_TOGETHER = 500
_EVIDENCE = "found after a restore"


class Recoverer:
    """Finds and adopts what one account's broker has."""

    def __init__(
        self,
        state: RouterState,
        replica: Replica,
        broker: Broker,
        facts: Facts,
        submitter: Submitter,
        attribution: Attribution,
        log: Log,
    ) -> None:
        self._state, self._replica, self._broker, self._facts = state, replica, broker, facts
        self._submitter, self._attribution, self._log = submitter, attribution, log
        self._renewer = Renewer(state, broker, facts, submitter, log)
        self._whole: set[str] = set()
        """Adopted orders that have all their fills, as far as they were booked before."""

    async def list_lost(self) -> None:
        """Says which orders of ours the broker has and the log does not, once after each restore.

        Raises:
            BrokerError, Unavailable: it is not known yet.
        """
        state, recovery = self._state, self._state.recovery
        if not recovery.waits(state.account):
            return
        await settled(self._facts, self._replica)
        listed = await self._broker.orders_since(recovery.lost_since(state.account) - MARGIN_MICROSECONDS)
        told = {each.client_order_id: each for each in (*listed, *await self._broker.open_orders())}
        ours = await self._attribution.orders_of(each for each in told if is_our_kind(each))
        lost = [
            LostOrder(each, told[each].broker_order_id, told[each].symbol)
            for each, order in sorted(ours.items())
            if order is None
        ]
        self._renewer.listed(told.values())
        self._facts.add(_said(self._submitter.teller(), recovery.restored, lost))
        await settled(self._facts, self._replica)
        self._log.warning("the log was restored; its broker has orders that it lost", orders=len(lost))

    async def step(self) -> None:
        """Adopts what is to be adopted, and completes what an end of this process left half done.

        Raises:
            Unavailable: the reader does not answer.
        """
        state, recovery = self._state, self._state.recovery
        if not recovery.lost(state.account):
            return
        for order in [each for each in state.unsent() if recovery.at_broker(each) is not None]:
            await self._adopt(order)
        await self._renewer.step()
        await settled(self._facts, self._replica)
        for order in [each for each in state.orders.values() if each.adopted and each.order not in self._whole]:
            await self._complete(order)

    async def run(self, may: Callable[[], bool]) -> None:
        """Adopts, while it may, as signals bring orders again."""
        while True:
            if may():
                try:
                    await self.step()
                except Unavailable as error:
                    self._log.warning("cannot adopt an order yet", error=str(error))
            await asyncio.sleep(_TICK_SECONDS)

    def again(self) -> None:
        """Looks at adopted orders once more: a fill that came while one was adopted may be booked as nobody's."""
        self._whole.clear()
        self._renewer.again()

    def names(self) -> set[str]:
        """Names at the broker that are ours, of terms that the log does not give their orders yet."""
        return self._renewer.names()

    async def _adopt(self, order: Order) -> None:
        found = self._state.recovery.at_broker(order)
        if found is None:
            return
        names = [each.client_order_id for each in found.names]
        now = await self._renewer.in_force(names, order.symbol)
        filled = await self._renewer.filled(names[: now.at], order.symbol) if now is not None else None
        if now is None or filled is None:
            self._log.warning("an order of before the restore cannot be asked about", order=order.order)
            return  # it is asked about again, and stays unsent
        revision = found.revisions[now.at][0] if now.open else found.revision
        event = adopted(self._submitter.teller(), order, now.told, found.attempt, revision, filled)
        self._facts.add([event])
        await settled(self._facts, self._replica)
        self._log.warning(
            "adopted: the broker has it already", order=order.order, signal=order.signal, status=now.told.status
        )
        if (known := self._state.find(order.order)) is not None:
            await self._complete(known)

    async def _complete(self, order: Order) -> None:
        """Gives an adopted order what was booked of it as nobody's, then what has become of it."""
        recovery = self._state.recovery
        names = recovery.names(order)
        self._attribution.found(each.client_order_id for each in names)
        there = {each.broker_order_id for each in names} | {order.broker_order_id or ""}
        booked = await self._attribution.external(there - {""}, self._replica.pos)
        self._facts.add(attributed(self._submitter.teller(), order, booked))
        await settled(self._facts, self._replica)
        self._whole.add(order.order)
        answer = await self._broker.find_order(order.client_order_id or "", order.symbol)
        now = self._state.find(order.order)
        if now is not None and isinstance(answer, Found) and answer.order.filled_quantity <= now.filled:
            superseded = recovery.superseded(now)
            self._facts.add(from_lookup(self._submitter.teller(), now, answer.order, superseded=superseded))


def _said(teller: Teller, restored: int, lost: Sequence[LostOrder]) -> list[NewEvent]:
    parts = [tuple(lost[at : at + _TOLD_TOGETHER]) for at in range(0, len(lost), _TOLD_TOGETHER)] or [()]
    return [
        account_event(
            teller,
            ids.derive("recovered", teller.account, str(restored), str(number)),
            AccountRecovered(
                account=teller.account,
                broker=teller.broker,
                restored=restored,
                part=number,
                last=number == len(parts),
                orders=part,
            ),
        )
        for number, part in enumerate(parts, 1)
    ]


def adopted(
    teller: Teller, order: Order, told: BrokerOrder, attempt: int, revision: int, filled: Decimal = ZERO
) -> NewEvent:
    """The order as the broker has it, under the name that it has there; `filled` is what its earlier names were."""
    source = Source(f"{_EVIDENCE}: {told.status}", "lookup", told.broker_order_id, told.submitted_at or None)
    event_id = ids.status_uuid(teller.broker, order.order, "adopted", told.client_order_id)
    return of_order(
        teller,
        order,
        event_id,
        OrderAdopted,
        source,
        client=told.client_order_id,
        attempt=attempt,
        revision=revision,
        symbol=told.symbol,
        side=told.side,
        quantity=add(filled, told.quantity),
        # A default is left out where it is the same object, which what an adapter has read need not be.
        order_type=intern(told.order_type),
        limit_price=told.limit_price,
        stop_price=told.stop_price,
    )


def attributed(teller: Teller, order: Order, booked: Iterable[Booked]) -> list[NewEvent]:
    """The executions of an order that were booked as nobody's, as its own: the latest version of each."""
    versions: dict[str, list[Booked]] = {}
    for each in booked:
        versions.setdefault(each.execution, []).append(each)
    events = []
    for name, known in versions.items():
        latest = latest_of(known)
        if latest.event == "bust":
            continue
        execution = Execution(
            account=latest.account,
            client_order_id=order.client_order_id or "",
            broker_order_id=order.broker_order_id or "",
            execution=name,
            symbol=latest.symbol,
            side=latest.side,
            quantity=latest.quantity,
            price=latest.price,
            at=latest.broker_time or latest.time,
            fee=latest.fee,
            fee_currency=latest.fee_currency,
            revision=latest.revision,
        )
        event_id = ids.derive("attributed", teller.broker, teller.account, name, str(latest.revision))
        source = Source(_EVIDENCE, "lookup", order.broker_order_id, latest.broker_time)
        events.append(of_execution(teller, order, event_id, FillAttributed, execution, source, told_as=latest.told_as))
    return events
