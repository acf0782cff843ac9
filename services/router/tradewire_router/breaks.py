"""Breaks on the record: what differs between the log and the broker, and that it agrees again.

A break is an event, a metric, and a switch that lets the account only reduce until a person resumes it. Breaks are
recorded when they are new, agreement when something came of it and from time to time. The first comparison after a
trading day's end is recorded in any case, and names the day.
"""

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Literal

from tradewire.domain.switches import control_stream
from tradewire.messages.account_events import Halted, ReconciliationBroken, ReconciliationMended
from tradewire.messages.registry import new_event
from tradewire.messages.vocabulary import Discrepancy
from tradewire.replica import Replica
from tradewire.runtime.logs import Log
from tradewire_router.brokers.values import Cursor, Position
from tradewire_router.domain.comparison import news, prices_of, since_when
from tradewire_router.domain.ends_of_day import TradingDay
from tradewire_router.domain.state import RouterState
from tradewire_router.domain.translate import Teller, account_event
from tradewire_router.facts import Facts, settled
from tradewire_router.metrics import Metrics

Occasion = Literal["start", "reconnect", "interval", "command", "end_of_day"]


class Recorder:
    """Puts on record what comparisons of one account show."""

    def __init__(
        self,
        state: RouterState,
        replica: Replica,
        facts: Facts,
        teller: Callable[[], Teller],
        log: Log,
        metrics: Metrics,
        next_id: Callable[[], str],
        day: TradingDay,
        *,
        epoch: int,
        record_seconds: float,
    ) -> None:
        """`next_id` names events of this lease and gives no id twice.

        While executions come, agreement is recorded every `record_seconds`.
        """
        self._state, self._replica, self._facts, self._teller = state, replica, facts, teller
        self._log, self._metrics, self._next_id, self._day = log, metrics, next_id, day
        self._epoch, self.record_seconds = epoch, record_seconds
        self._recorded_at = asyncio.get_running_loop().time()
        self.seen = self.booked = self.asked = 0
        """Executions and activities that were told, those of them that were booked, and orders that were asked for."""

    def ended(self) -> str:
        """The trading day that ended last, unless a comparison has named it."""
        return self._day.ended(self._teller().now, self._state.standing.day)

    async def record(
        self,
        differences: tuple[Discrepancy, ...],
        positions: Sequence[Position],
        occasion: Occasion,
        cursor: Cursor,
        activities: Cursor,
    ) -> None:
        """Records what a comparison showed, if that is worth it; the cursors are up to where all is booked."""
        now, ended = asyncio.get_running_loop().time(), self.ended()
        self._metrics.compared(differences)
        if differences:
            found = news(differences, self._state.differences)
            if found.changed or ended:
                prices = prices_of(self._state, differences, positions)
                covered = cursor, activities
                self._break(differences, prices, occasion, ended, covered, halt=found.worse)
        elif (
            not (self._state.cursor and self._state.standing.compared)
            or self._state.standing.breaks
            or ended
            or (self.seen and (self.booked or now - self._recorded_at >= self.record_seconds))
        ):
            self._mend(occasion, ended, cursor, activities)
            self._recorded_at = now
        await settled(self._facts, self._replica)

    def _break(
        self,
        differences: tuple[Discrepancy, ...],
        prices: dict[str, Decimal],
        occasion: Occasion,
        ended: str,
        covered: tuple[Cursor, Cursor],
        *,
        halt: bool,
    ) -> None:
        for difference in differences:
            self._metrics.breaks.labels(difference.kind).inc()
        account, teller = self._state.account, self._teller()
        self._log.error("the broker and the log disagree", account=account, differences=len(differences))
        broken = ReconciliationBroken(
            account=account,
            broker=teller.broker,
            differences=differences,
            epoch=self._epoch,
            since=since_when(differences, self._state.standing.left(), teller.now),
            prices=prices,
            occasion=occasion,
            day=ended,
            cursor=covered[0],
            activities=covered[1],
        )
        if halt:
            self._halt(differences)  # first: what is on record is not halted for again, should this process end here
        self._facts.add([account_event(teller, self._next_id(), broken)])

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
        time = self._teller().now
        self._facts.add([new_event(control_stream(scope), None, self._next_id(), halted, time=time, correlation=None)])

    def _mend(self, occasion: Occasion, ended: str, cursor: Cursor, activities: Cursor) -> None:
        teller = self._teller()
        mended = ReconciliationMended(
            account=self._state.account,
            broker=teller.broker,
            state_pos=self._replica.pos,
            orders=self.asked,
            executions=self.booked,
            epoch=self._epoch,
            cursor=cursor,
            activities=activities,
            occasion=occasion,
            day=ended,
        )
        self.seen = self.booked = 0
        self._facts.add([account_event(teller, self._next_id(), mended)])
