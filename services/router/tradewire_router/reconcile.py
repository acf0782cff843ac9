"""Reconciliation: the broker's orders, executions, positions and cash against the log, before any new work.

What the broker has and the log lacks is appended as facts. What then still differs, twice a second apart, is a break:
it is recorded, and the account takes only what reduces until a person resumes it.

Both sides can be compared only while no execution comes between the questions. Where orders flow without a gap, new
submits wait for the few milliseconds of a comparison, now and then; the log then says again up to which of the broker's
executions it is complete, and a restart asks from there.
"""

import asyncio
from collections.abc import Callable, Sequence

from tradewire import ids
from tradewire.domain.orders import SENT, Order, Status
from tradewire.domain.switches import control_stream
from tradewire.messages.account_events import CashMoved, Halted, ReconciliationBroken, ReconciliationMended
from tradewire.messages.log import NewEvent
from tradewire.messages.registry import new_event
from tradewire.messages.vocabulary import Discrepancy
from tradewire.replica import Replica
from tradewire.runtime.logs import Log
from tradewire_router.attribution import Attribution
from tradewire_router.brokers.port import Broker
from tradewire_router.brokers.results import Absent, Found
from tradewire_router.brokers.values import Cursor, Execution
from tradewire_router.domain.comparison import compare, compare_orders, news, opening_cash, recordable
from tradewire_router.domain.restate import restated
from tradewire_router.domain.state import RouterState
from tradewire_router.domain.translate import account_event, external_fill, external_order, filled, from_lookup
from tradewire_router.facts import Facts, settled
from tradewire_router.metrics import Metrics
from tradewire_router.submit import Submitter

CONFIRM_SECONDS = 1.0
_TRIES = 5
_PAUSE_SECONDS = 2.0
_LOOKUPS_TOGETHER = 64


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
        metrics: Metrics,
        next_id: Callable[[], str],
        *,
        epoch: int,
        base: str,
        record_seconds: float,
    ) -> None:
        """`next_id` names events of this lease and gives no id twice.

        While executions come, agreement is recorded every `record_seconds`.
        """
        self._state, self._replica, self._broker, self._facts = state, replica, broker, facts
        self._submitter, self._attribution, self._log, self._metrics = submitter, attribution, log, metrics
        self._next_id, self._epoch, self._base, self._record_seconds = next_id, epoch, base, record_seconds
        self._cursor: Cursor = ""
        self._seen = self._booked = self._asked = 0
        self._compared_at = self._recorded_at = asyncio.get_running_loop().time()
        self.opened = asyncio.Event()
        """Set once the log has what the account began with, so that fills may be booked."""

    @property
    def cursor(self) -> Cursor | None:
        """Up to where the broker's executions are booked; None while nothing is known of them."""
        return self._cursor or self._state.cursor or None

    async def run_once(self, *, patient: bool) -> bool:
        """Brings the log up to the broker, compares, and records what that showed.

        Returns False when nothing could be compared because executions keep coming. Then `patient` pauses new submits;
        without it, that is done only when the last comparison is old.

        Raises:
            BrokerError, Unavailable: a question was not answered, so that nothing is concluded.
        """
        if self.cursor is None:
            await self._open()
        self.opened.set()
        differences = await self._compared(patient=patient)
        if differences:
            await asyncio.sleep(CONFIRM_SECONDS)
            before = {(found.kind, found.key) for found in differences}
            differences = await self._compared(patient=True)
            if differences is not None:
                differences = tuple(found for found in differences if (found.kind, found.key) in before)
        if differences is None:
            self._log.warning("executions keep coming, so the account could not be compared with its broker")
            return False
        await self._record(recordable(differences))
        return True

    async def _compared(self, *, patient: bool) -> tuple[Discrepancy, ...] | None:
        """What differs; None when executions came in between every time."""
        for _ in range(_TRIES):
            if (found := await self._attempt()) is not None:
                return found
        if not patient and asyncio.get_running_loop().time() - self._compared_at < self._record_seconds:
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

    async def _attempt(self) -> tuple[Discrepancy, ...] | None:
        """One comparison. What is compared is the account after exactly those executions that the cursor covers."""
        executions, cursor = await self._broker.executions_since(self.cursor)
        await self._book(executions)
        differing = await self._settle_orders()
        await self._settled()
        self._state.executions.difference_update((e.execution, e.revision) for e in executions)
        self._seen += len(executions)
        self._cursor = cursor
        positions, balances = await asyncio.gather(self._broker.positions(), self._broker.balances())
        more, _ = await self._broker.executions_since(cursor)
        if more:
            return None
        self._compared_at = asyncio.get_running_loop().time()
        return differing + compare(self._state, positions, balances)

    async def _settled(self) -> None:
        """Returns when all that was told so far is in the log and folded."""
        await settled(self._facts, self._replica)

    async def _open(self) -> None:
        """The first cash that the log hears of: what the broker has, less what its executions moved."""
        while True:
            executions, cursor = await self._broker.executions_since(None)
            balances = await self._broker.balances()
            more, _ = await self._broker.executions_since(cursor)
            if not more:
                break
        teller = self._submitter.teller()
        for asset, amount in opening_cash(self._base, balances, executions).items():
            data = CashMoved(
                account=teller.account,
                amount=amount,
                currency=asset,
                reason="opening",
                broker=teller.broker,
                base=self._base,
            )
            event_id = ids.derive("opening", teller.broker, teller.account, asset)
            self._facts.add([account_event(teller, event_id, data)])

    async def _book(self, executions: Sequence[Execution]) -> None:
        if executions:
            await self._settled()  # what the broker told by itself need not be looked up
        executions = await self._attribution.unbooked(executions)
        orders = await self._attribution.orders_of(execution.client_order_id for execution in executions)
        teller = self._submitter.teller()
        for execution in executions:
            order = orders[execution.client_order_id]
            events = [external_fill(teller, execution)] if order is None else await self._fill(order, execution)
            self._facts.add(events)
            self._booked += len(events)

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

    async def _settle_orders(self) -> tuple[Discrepancy, ...]:
        """Asks about every open order of ours that was sent; what the broker has beside them is external."""
        teller = self._submitter.teller()
        ours = [
            order
            for order in self._state.orders.values()
            if order.status in SENT - {Status.SUBMITTING}
            and (order.order, order.attempt) not in self._submitter.in_hand
        ]
        working = await self._broker.open_orders()
        known = await self._attribution.orders_of(told.client_order_id for told in working)
        contradicted = []
        for told in working:
            if (order := known[told.client_order_id]) is None:
                self._facts.add([external_order(teller, told)])
            else:
                contradicted.append((told, order))
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
        for order, told in found:
            self._facts.add(from_lookup(teller, order, told))
        self._asked = len(ours)
        return compare_orders(contradicted, absent)

    async def _record(self, differences: tuple[Discrepancy, ...]) -> None:
        """Breaks are recorded when they are new, agreement when something came of it and from time to time."""
        now = asyncio.get_running_loop().time()
        if differences:
            found = news(differences, self._state.differences)
            if found.changed:
                self._break(differences, halt=found.worse)
        elif (
            not self._state.cursor
            or self._state.differences
            or (self._seen and (self._booked or now - self._recorded_at >= self._record_seconds))
        ):
            self._mend()
            self._recorded_at = now
        await self._settled()

    def _break(self, differences: tuple[Discrepancy, ...], *, halt: bool) -> None:
        for difference in differences:
            self._metrics.breaks.labels(difference.kind).inc()
        account = self._state.account
        self._log.error("the broker and the log disagree", account=account, differences=len(differences))
        broken = ReconciliationBroken(
            account=account, broker=self._broker.id, differences=differences, epoch=self._epoch
        )
        if halt:
            self._halt(differences)  # first: what is on record is not halted for again, should this process end here
        self._facts.add([account_event(self._submitter.teller(), self._next_id(), broken)])

    def _halt(self, differences: tuple[Discrepancy, ...]) -> None:
        words = ", ".join(f"{d.kind} {d.key}: log {d.ours}, broker {d.theirs}" for d in differences[:5])
        scope = f"account.{self._state.account}"
        halted = Halted(
            scope=scope,
            level="REDUCE_ONLY",
            by="router",
            reason=f"RECONCILIATION_BREAK: {words}",
            request=self._next_id(),
        )
        time = self._submitter.teller().now
        self._facts.add([new_event(control_stream(scope), None, self._next_id(), halted, time=time, correlation=None)])

    def _mend(self) -> None:
        mended = ReconciliationMended(
            account=self._state.account,
            broker=self._broker.id,
            state_pos=self._replica.pos,
            orders=self._asked,
            executions=self._booked,
            epoch=self._epoch,
            cursor=self._cursor,
        )
        self._seen = self._booked = 0
        self._facts.add([account_event(self._submitter.teller(), self._next_id(), mended)])
