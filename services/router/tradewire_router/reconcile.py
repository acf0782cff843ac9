"""Reconciliation: the broker's orders, executions, activities, positions and cash against the log.

It comes before any new work, after every return of the session, from time to time, when a person has said something
about a difference, and at the end of each trading day. What the broker has and the log lacks is appended as facts. What
then still differs, twice a second apart, is a break: see `breaks`.

Both sides can be compared only while nothing comes between the questions. Where orders flow without a gap, new submits
wait for the few milliseconds of a comparison, now and then; the log then says again up to which of the broker's
executions it is complete, and a restart asks from there.
"""

import asyncio
from collections.abc import Sequence

from msgspec import Struct

from tradewire.domain.exact import ZERO, add, subtract
from tradewire.domain.orders import SENT, Order, Status
from tradewire.messages.log import NewEvent
from tradewire.messages.vocabulary import Discrepancy
from tradewire.replica import Replica
from tradewire.runtime.logs import Log
from tradewire_router.attribution import Attribution
from tradewire_router.breaks import Occasion, Recorder
from tradewire_router.brokers.port import Broker
from tradewire_router.brokers.results import Absent, Found
from tradewire_router.brokers.values import TERMINAL, Activity, Balance, BrokerOrder, Cursor, Execution, Position
from tradewire_router.domain.activities import booked
from tradewire_router.domain.comparison import compare, compare_fills, compare_orders, recordable
from tradewire_router.domain.restate import restated
from tradewire_router.domain.state import RouterState
from tradewire_router.domain.translate import Teller, external_end, external_fill, external_order, filled, from_lookup
from tradewire_router.facts import Facts, settled
from tradewire_router.opening import Opening
from tradewire_router.recover import Recoverer
from tradewire_router.submit import Submitter

CONFIRM_SECONDS = 1.0
_TRIES = 5
_PAUSE_SECONDS = 2.0
_LOOKUPS_TOGETHER = 64


class Compared(Struct, frozen=True):
    """One comparison: what differs, and what the broker said. `external` are its orders that are none of ours."""

    differences: tuple[Discrepancy, ...]
    positions: list[Position]
    balances: list[Balance]
    external: list[BrokerOrder]


class Reconciler:
    """Compares one account with its broker."""

    def __init__(
        self,
        state: RouterState,
        replica: Replica,
        broker: Broker,
        facts: Facts,
        submitter: Submitter,
        attribution: Attribution,
        log: Log,
        recorder: Recorder,
        opening: Opening,
        recoverer: Recoverer,
    ) -> None:
        self._state, self._replica, self._broker, self._facts = state, replica, broker, facts
        self._submitter, self._attribution, self._log = submitter, attribution, log
        self._recorder, self._opening, self._recoverer = recorder, opening, recoverer
        self._cursor: Cursor = ""
        self._activities: Cursor = ""
        self._compared_at = asyncio.get_running_loop().time()
        self.opened = asyncio.Event()
        """Set once the log has what the account began with, so that fills may be booked."""

    @property
    def cursor(self) -> Cursor | None:
        """Up to where the broker's executions are booked; None while nothing is known of them."""
        return self._cursor or self._state.cursor or None

    @property
    def day_is_due(self) -> bool:
        """True when a trading day has ended that no comparison has named yet."""
        return bool(self._recorder.ended())

    async def run_once(self, *, patient: bool, occasion: Occasion) -> bool:
        """Brings the log up to the broker, compares, and records what that showed.

        Returns False when nothing could be compared because executions keep coming. Then `patient` pauses new submits;
        without it, that is done only when the last comparison is old.

        Raises:
            BrokerError, Unavailable: a question was not answered, so that nothing is concluded.
        """
        if self.cursor is None:
            await self._opening.book_cash()
            await self._settled()  # where the log begins is in the log
        await self._recoverer.list_lost()
        self._recoverer.again()
        await self._recoverer.step()  # before executions are booked, so that they find their orders
        self.opened.set()
        found = await self._confirmed(patient=patient)
        if found is not None and (asked := self._state.standing.adoption) is not None:
            await self._opening.adopt(asked, found.positions, found.balances, found.external)
            found = await self._confirmed(patient=True)
        if found is None:
            self._log.warning("executions keep coming, so the account could not be compared with its broker")
            return False
        await self._recorder.record(
            recordable(found.differences), found.positions, occasion, self._cursor, self._activities
        )
        return True

    async def _confirmed(self, *, patient: bool) -> Compared | None:
        """What differs twice, a second apart; None when executions came in between every time."""
        first = await self._compared(patient=patient)
        if first is None or not first.differences:
            return first
        await asyncio.sleep(CONFIRM_SECONDS)
        before = {(found.kind, found.key) for found in first.differences}
        found = await self._compared(patient=True)
        if found is None:
            return None
        stays = tuple(each for each in found.differences if (each.kind, each.key) in before)
        return Compared(stays, found.positions, found.balances, found.external)

    async def _compared(self, *, patient: bool) -> Compared | None:
        for _ in range(_TRIES):
            if (found := await self._attempt()) is not None:
                return found
        if not patient and asyncio.get_running_loop().time() - self._compared_at < self._recorder.record_seconds:
            return None
        self._submitter.paused = True
        try:
            async with asyncio.timeout(_PAUSE_SECONDS):
                await self._submitter.drained()
                while (found := await self._attempt()) is None:
                    pass
                return found
        except TimeoutError:
            return None
        finally:
            self._submitter.paused = False
            self._replica.moved.set()

    async def _attempt(self) -> Compared | None:
        """One comparison. What is compared is the account after exactly what the cursors cover."""
        executions, cursor = await self._broker.executions_since(self.cursor)
        activities, mark = await self._happened(self._activities or self._state.activities or None)
        await self._book(executions, activities)
        await self._settled()
        self._state.executions.difference_update((e.execution, e.revision) for e in executions)
        self._recorder.seen += len(executions) + len(activities)
        # What is booked need not be asked for again, also when another question fails from here on.
        self._cursor, self._activities = cursor, mark
        told, external, differing = await self._settle_orders()
        await self._settled()
        positions, balances = await asyncio.gather(self._broker.positions(), self._broker.balances())
        more, _ = await self._broker.executions_since(cursor)
        if more or (await self._happened(mark or None))[0]:
            return None
        self._compared_at = asyncio.get_running_loop().time()
        differing += compare_fills((there, self._state.find(order.order) or order) for order, there in told)
        differing += compare(self._state, positions, balances, self._broker.capabilities.cash_step)
        standing = self._state.standing
        return Compared(tuple(d for d in differing if not standing.passes(d)), positions, balances, external)

    async def _happened(self, cursor: Cursor | None) -> tuple[list[Activity], Cursor]:
        if not self._broker.capabilities.activities:
            return [], ""
        return await self._broker.activities_since(cursor)

    async def _settled(self) -> None:
        """Returns when all that was told so far is in the log and folded."""
        await settled(self._facts, self._replica)

    async def _book(self, executions: Sequence[Execution], activities: Sequence[Activity]) -> None:
        """Books what the log lacks in the order in which it happened, so that a split finds what was held by then."""
        if executions or activities:
            await self._settled()  # what the broker told by itself need not be looked up
        executions = await self._attribution.unbooked(executions)
        orders = await self._attribution.orders_of(execution.client_order_id for execution in executions)
        teller = self._submitter.teller()
        for happened in _in_order(executions, activities):
            if isinstance(happened, Activity):
                await self._settled()
                events = await self._happening(teller, happened)
            elif (order := orders[happened.client_order_id]) is None:
                events = [external_fill(teller, happened)]
            else:
                events = await self._fill(order, happened)
            self._facts.add(events)
            self._recorder.booked += len(events)

    async def _happening(self, teller: Teller, told: Activity) -> list[NewEvent]:
        """An activity; of a split without its ratio, what was held when it happened tells it."""
        state, symbol, traded = self._state, told.symbol, ZERO
        if told.kind == "split" and symbol and told.ratio is None:
            held, pos = state.position(symbol), self._replica.pos
            traded = await self._attribution.traded_since(symbol, told.at, pos)
            await self._settled()
            traded = add(traded, subtract(state.position(symbol), held))  # what came while the reader was asked
        price = state.average_price(symbol) or state.mark(symbol)
        return booked(teller, told, state.position(symbol), price, traded)

    async def _fill(self, order: Order, execution: Execution) -> list[NewEvent]:
        """An execution of an order; a later version of one that is booked takes its place, an earlier one is over."""
        teller = self._submitter.teller()
        if execution.revision:
            await self._settled()
            versions = await self._attribution.versions(order, execution.execution, self._replica.pos)
            if versions:
                return restated(
                    teller, order, execution, versions, busted=False, origin="lookup", evidence="reconciliation"
                )
        return [filled(teller, order, execution, "lookup", "reconciliation")]

    async def _settle_orders(
        self,
    ) -> tuple[list[tuple[Order, BrokerOrder]], list[BrokerOrder], tuple[Discrepancy, ...]]:
        """Asks about every open order of ours that was sent; what the broker has beside them is external.

        Returns ours with what the broker says of each, the external ones, and what differs.
        """
        teller = self._submitter.teller()
        ours = [
            order
            for order in self._state.orders.values()
            if order.status in SENT - {Status.SUBMITTING}
            and (order.order, order.attempt) not in self._submitter.in_hand
        ]
        known_external = dict(self._state.external)
        working = await self._broker.open_orders()
        known = await self._attribution.orders_of(told.client_order_id for told in working)
        renewed = self._recoverer.names()
        external = [t for t in working if known[t.client_order_id] is None and t.client_order_id not in renewed]
        self._facts.add(external_order(teller, told) for told in external)
        there = {told.broker_order_id for told in external}
        gone = [(each, symbol) for each, symbol in known_external.items() if each not in there]
        self._facts.add(external_end(teller, *each) for each in gone)
        contradicted = [(told, order) for told in working if (order := known[told.client_order_id]) is not None]
        theirs = {told.client_order_id: told for told in working}
        found = [(order, theirs[order.client_order_id or ""]) for order in ours if order.client_order_id in theirs]
        # Missing from a list is no proof of anything; asking by name is.
        missing = [order for order in ours if order.client_order_id not in theirs]
        absent: list[Order] = []
        while missing:
            some, missing = missing[:_LOOKUPS_TOGETHER], missing[_LOOKUPS_TOGETHER:]
            answers = await asyncio.gather(
                *(self._broker.find_order(order.client_order_id or "", order.symbol) for order in some)
            )
            for order, answer in zip(some, answers, strict=True):
                if isinstance(answer, Found):
                    found.append((order, answer.order))
                elif isinstance(answer, Absent) and order.status is not Status.UNKNOWN:
                    absent.append(order)
        for asked, told in found:
            order = self._state.find(asked.order) or asked
            if order.client_order_id != told.client_order_id:
                continue  # it was replaced while this was asked
            # An end that came after fills which are not told yet waits for them, so that it is known what was filled.
            if told.status not in TERMINAL or told.filled_quantity <= order.filled:
                superseded = self._state.recovery.superseded(order)
                self._facts.add(from_lookup(teller, order, told, superseded=superseded))
        self._recorder.asked = len(ours)
        return found, external, compare_orders(contradicted, absent)


def _in_order(executions: Sequence[Execution], activities: Sequence[Activity]) -> list[Execution | Activity]:
    """Both by their times; at the same time executions come first."""
    both: list[Execution | Activity] = [*executions, *activities]
    return sorted(both, key=lambda each: each.at)
