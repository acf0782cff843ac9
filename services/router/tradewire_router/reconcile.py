"""Reconciliation: the broker's orders, executions, positions and cash against the log, before any new work.

What the broker has and the log lacks is appended as facts. What then still differs is a break: it is recorded, and the
account takes only what reduces until a person resumes it.
"""

import asyncio
from decimal import Decimal

from tradewire import ids
from tradewire.domain.account_book import settlement_currency
from tradewire.domain.orders import SENT, Status
from tradewire.domain.switches import control_stream
from tradewire.errors import Unavailable
from tradewire.messages.account_events import CashMoved, Halted, ReconciliationBroken, ReconciliationMended
from tradewire.messages.registry import new_event
from tradewire.messages.vocabulary import Discrepancy
from tradewire.replica import Replica
from tradewire.runtime.logs import Log
from tradewire_router.attribution import Attribution
from tradewire_router.brokers.errors import BrokerError
from tradewire_router.brokers.port import Broker
from tradewire_router.brokers.results import Found
from tradewire_router.brokers.values import Balance, BrokerOrder, Cursor, Execution, Position
from tradewire_router.domain.state import RouterState
from tradewire_router.domain.translate import Teller, external_fill, external_order, filled, from_lookup
from tradewire_router.facts import Facts
from tradewire_router.metrics import Metrics
from tradewire_router.submit import Submitter

_RETRY_SECONDS = 1.0


class Reconciler:
    """Compares one account with its broker. `gate` says why no new order may start, until it has been done once."""

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
        epoch: int,
        base: str,
    ) -> None:
        self._state, self._replica, self._broker, self._facts = state, replica, broker, facts
        self._submitter, self._attribution, self._log, self._metrics = submitter, attribution, log, metrics
        self._epoch, self._base = epoch, base
        self._counter = 0
        self._cursor: Cursor | None = None
        self._broken = False
        self.gate = "has not been reconciled with its broker yet"

    async def first(self) -> None:
        """Reconciles until it has been done once; the broker may take as long as it needs to answer."""
        while True:
            try:
                differences = await self.once()
            except (BrokerError, Unavailable) as error:
                self.gate = f"waits for its broker and the reader: {error}"
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            self.gate = ""
            if not differences:
                return
            self._log.error("the broker and the log disagree", differences=len(differences))
            return

    async def once(self) -> list[Discrepancy]:
        """Brings the log up to the broker and returns what still differs.

        Raises:
            BrokerError, Unavailable: a question was not answered, so that nothing is concluded.
        """
        since = self._cursor or self._state.cursor or None
        executions, cursor = await self._broker.executions_since(since)
        booked = await self._book_executions(executions)
        await self._book_opening(executions, first=since is None)
        orders = await self._settle_orders()
        await self._settled()
        before = self._replica.pos
        positions, balances = await self._broker.positions(), await self._broker.balances()
        more, _ = await self._broker.executions_since(cursor)
        self._cursor = cursor
        if more or self._submitter.in_hand or self._replica.pos != before or self._facts.waiting:
            return []  # something moved meanwhile; the next comparison is as good
        differences = self._compare(positions, balances)
        await self._record(differences, executions=booked, orders=orders, first=since is None)
        return differences

    async def _settled(self) -> None:
        await self._facts.drained()
        await self._replica.tail.reached(self._facts.last_pos)

    def _teller(self) -> Teller:
        return self._submitter.teller()

    async def _book_executions(self, executions: list[Execution]) -> int:
        teller, events = self._teller(), []
        executions = await self._attribution.unbooked(executions)
        orders = await self._attribution.orders_of(execution.client_order_id for execution in executions)
        for execution in executions:
            order = orders[execution.client_order_id]
            if order is None:
                events.append(external_fill(teller, execution))
            else:
                events.append(filled(teller, order, execution, "lookup", "reconciliation"))
        self._facts.add(events)
        return len(events)

    async def _book_opening(self, executions: list[Execution], *, first: bool) -> None:
        """The first cash that the log hears of: what the broker has, less what its executions moved."""
        if not first:
            return
        teller = self._teller()
        balances = await self._broker.balances()
        for balance in sorted(balances, key=lambda found: found.asset != self._base):
            if self._state.cash(balance.asset) is not None:
                continue
            moved = sum((_cash_of(e) for e in executions if _paid_in(e, balance.asset)), Decimal(0))
            if (amount := balance.total - moved) == 0:
                continue
            data = CashMoved(
                account=teller.account,
                amount=amount,
                currency=balance.asset,
                reason="opening",
                broker=teller.broker,
                base=self._base,
            )
            event_id = ids.derive("opening", teller.broker, teller.account, balance.asset)
            stream = f"account-{teller.account}"
            self._facts.add([new_event(stream, None, event_id, data, time=teller.now, correlation=None)])

    async def _settle_orders(self) -> int:
        """Asks about every open order of ours that was sent; what the broker has beside them is external."""
        teller = self._teller()
        working = await self._broker.open_orders()
        theirs = {order.client_order_id: order for order in working}
        known = await self._attribution.orders_of(theirs)
        for told in working:
            if known[told.client_order_id] is None:
                self._facts.add([external_order(teller, told)])
        ours = [
            o
            for o in self._state.orders.values()
            if o.status in SENT - {Status.SUBMITTING} and (o.order, o.attempt) not in self._submitter.in_hand
        ]
        for order in ours:
            found: BrokerOrder | None = theirs.get(order.client_order_id or "")
            if found is None:
                # Missing from a list is no proof of anything; asking by name is.
                lookup = await self._broker.find_order(order.client_order_id or "", order.symbol)
                found = lookup.order if isinstance(lookup, Found) else None
            if found is not None:
                self._facts.add(from_lookup(teller, order, found))
        return len(ours)

    def _compare(self, positions: list[Position], balances: list[Balance]) -> list[Discrepancy]:
        differences: list[Discrepancy] = []
        theirs = {position.symbol: position.quantity for position in positions}
        book = self._state.books.get(self._state.account)
        for symbol in sorted(theirs.keys() | (book.positions.keys() if book else set())):
            ours = self._state.position(symbol)
            if ours != theirs.get(symbol, Decimal(0)):
                differences.append(Discrepancy("position", symbol, str(ours), str(theirs.get(symbol, Decimal(0)))))
        for balance in balances:
            cash = self._state.cash(balance.asset) or Decimal(0)
            if cash != balance.total:
                differences.append(Discrepancy("cash", balance.asset, str(cash), str(balance.total)))
        return differences

    async def _record(self, differences: list[Discrepancy], *, executions: int, orders: int, first: bool) -> None:
        teller = self._teller()
        stream = f"account-{teller.account}"
        if differences and not self._broken:
            self._broken = True
            for difference in differences:
                self._metrics.breaks.labels(difference.kind).inc()
            broken = ReconciliationBroken(
                account=teller.account, broker=teller.broker, differences=tuple(differences), epoch=self._epoch
            )
            scope = f"account.{teller.account}"
            words = ", ".join(f"{d.kind} {d.key}: log {d.ours}, broker {d.theirs}" for d in differences[:5])
            halted = Halted(
                scope=scope,
                level="REDUCE_ONLY",
                by="router",
                reason=f"RECONCILIATION_BREAK: {words}",
                request=self._next_id(),
            )
            self._facts.add(
                [
                    new_event(stream, None, self._next_id(), broken, time=teller.now, correlation=None),
                    new_event(control_stream(scope), None, self._next_id(), halted, time=teller.now, correlation=None),
                ]
            )
        elif not differences and (first or self._broken or executions):
            self._broken = False
            mended = ReconciliationMended(
                account=teller.account,
                broker=teller.broker,
                state_pos=self._replica.pos,
                orders=orders,
                executions=executions,
                epoch=self._epoch,
                cursor=self._cursor or "",
            )
            self._facts.add([new_event(stream, None, self._next_id(), mended, time=teller.now, correlation=None)])
        await self._facts.drained()

    def _next_id(self) -> str:
        self._counter += 1
        return ids.reconciliation_uuid(self._state.account, self._epoch, self._counter)


def _cash_of(execution: Execution) -> Decimal:
    value = execution.quantity * execution.price
    return (-value if execution.side == "buy" else value) - (execution.fee or Decimal(0))


def _paid_in(execution: Execution, asset: str) -> bool:
    return settlement_currency(execution.symbol, "USD") == asset
