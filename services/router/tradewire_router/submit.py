"""Submitting: the intent is committed, then the broker is called, once (DESIGN §1, rule 4, and §2, steps 4 and 5).

Only `appended` under the lease that is held licenses the call. `replayed`, or an intent found in the log that this
process did not itself receive so, means that somebody may have called: then the broker is asked, never called again.
"""

import asyncio
from collections.abc import Callable

from msgspec.structs import replace

from tradewire import faults, ids
from tradewire.append import Appender
from tradewire.domain.orders import Order, Status
from tradewire.domain.switches import control_stream
from tradewire.lease import Lease
from tradewire.messages.log import Command, Guard, NewEvent, Result
from tradewire.messages.order_events import OrderCanceledLocally, OrderSubmitStarted, OrderSubmitUnknown
from tradewire.messages.registry import new_event
from tradewire.runtime.clock import Clock
from tradewire.runtime.logs import Log, about
from tradewire_router.brokers.errors import DuplicateClientOrderIdError
from tradewire_router.brokers.port import Broker
from tradewire_router.brokers.results import SubmitAccepted, SubmitRejected, SubmitResult, SubmitUnknown
from tradewire_router.domain import gates, groups
from tradewire_router.domain.inquiries import Attempt
from tradewire_router.domain.state import RouterState, Verdict
from tradewire_router.domain.translate import Teller, accepted, fact, rejected
from tradewire_router.facts import Facts, give_up
from tradewire_router.metrics import Metrics

BATCH = 200
REST_SECONDS = 1.0
"""How long nothing new is begun after something could not be sent, which soon might not be for the same reason."""
_EVENTS = 400
"""At most so many events are appended together; the ledger takes no more than 500."""
_UNSHOWN = frozenset({Status.REQUESTED, Status.HELD, Status.APPROVED, Status.SUBMITTING})


class Submitter:
    """Turns approved orders into broker calls."""

    def __init__(
        self,
        state: RouterState,
        broker: Broker,
        appender: Appender,
        facts: Facts,
        lease: Lease,
        clock: Clock,
        log: Log,
        metrics: Metrics,
        latched: Callable[[], str],
        ended: Callable[[SubmitResult], None],
        *,
        call_seconds: float,
        max_in_flight: int,
    ) -> None:
        """`latched` says which halt was heard directly, if any; nothing is submitted while it says so.

        `ended` takes how each call ended.
        """
        self._state, self._broker, self._appender, self._facts = state, broker, appender, facts
        self._lease, self._clock, self._log, self._metrics = lease, clock, log, metrics
        self._latched, self._ended = latched, ended
        self._call_seconds, self._max_in_flight = call_seconds, max_in_flight
        self._postponed: dict[str, tuple[int, int]] = {}
        self._calls: set[asyncio.Task[None]] = set()
        self._stepping = asyncio.Lock()
        self._closed = False
        self._unsure: dict[Attempt, str] = {}
        """Attempts that may be at the broker and that the log does not show as unknown yet, with their symbols."""
        self.in_hand: dict[Attempt, str] = {}
        """Attempts begun here of which the log does not show the outcome yet, with their client order ids: nobody
        begins them again or asks about them."""
        self._sending: dict[Attempt, tuple[Order, ...]] = {}
        """What one call is about, by the attempt that it is licensed for: an order, and the exits that go with it."""
        self.unsent: dict[Attempt, str] = {}
        """Attempts in hand of which nothing has left this process, and why: the log is to say so."""
        self._rest_until = 0.0
        self._ahead: set[Attempt] = set()
        """Exits in hand that the log has not shown at all."""
        self._ending: set[str] = set()
        self.known: dict[str, Order] = {}
        """Orders in hand by client order id, for a broker that tells of them before the log does."""
        self.paused = False
        """No new submit is begun while it is set."""
        self.gate = ""
        """Why no new submit may be begun; empty when it may."""

    def teller(self) -> Teller:
        """Who speaks now."""
        return Teller(self._broker.id, self._broker.account, self._clock.now())

    def restored(self) -> None:
        """The state has begun anew, at a snapshot: what it shows as being submitted, somebody may have sent."""
        self._postponed.clear()
        for order in self._state.submitting():
            attempt = (order.order, order.attempt)
            if attempt not in self.in_hand:
                self._unsure[attempt] = order.symbol

    async def step(self) -> bool:
        """Starts what can be started; returns False when there was nothing."""
        async with self._stepping:
            if self._closed:
                return False
            self.forget()
            canceled = self._to_cancel()
            ready = [] if self.paused or self._latched() else (await self._ready())[: BATCH - len(canceled)]
            if not canceled and not ready:
                return False
            commands = [self._cancel_command(*each) for each in canceled] + [self._command(order) for order in ready]
            for order, _ in canceled:
                self.in_hand[order.order, order.attempt] = ""
            results = await self._appender.append(commands, self._lease.fence)
            for (order, reason), result in zip(canceled, results[: len(canceled)], strict=True):
                self._settle(order, result, call=False)
                if result.code == "appended":
                    self._log.info("canceled before it was sent", why=reason, **about(order))
            for order, result in zip(ready, results[len(canceled) :], strict=True):
                self._settle(order, result, call=True)
            return True

    def _to_cancel(self) -> list[tuple[Order, str]]:
        """Unsent orders that are not to be sent any more, and why."""
        state = self._state
        unwanted = [(o, f"canceled by {o.cancel_by} before it was sent") for o in state.canceled_unsent()]
        barred = [
            (o, gates.build("approved by", o.build, state.build) or gates.dry_run(o.account)) for o in state.barred()
        ]
        stranded = [(o, "its entry never arrived with it") for o in state.stranded()]
        return [(order, reason) for order, reason in (*unwanted, *barred, *stranded) if self._free(order)][:BATCH]

    async def _ready(self) -> list[Order]:
        if self.gate or not self._lease.allows(self._call_seconds):
            return []
        room = min(BATCH, self._max_in_flight - len(self._calls))
        if (left := (await self._broker.health()).submits_left) is not None:
            room = min(room, left - len(self._calls))  # those under way may not have been counted yet
        if room <= 0 or asyncio.get_running_loop().time() < self._rest_until:
            return []
        now, frozen = self._clock.now(), self._state.frozen_symbols()
        frozen.update(self._unsure.values())
        ready: list[Order] = []
        events = 0
        for order in self._state.approved():
            if len(ready) >= room or events >= _EVENTS:
                break
            if self._free(order) and self._state.verdict(order, now, frozen) is Verdict.SUBMIT:
                ready.append(order)
                events += 2 * (1 + len(order.exits)) if order.exits else 1
        return ready

    def _free(self, order: Order) -> bool:
        """Not begun, not refused by the ledger in the state that it still has, and not at the broker already."""
        attempt = (order.order, order.attempt)
        if attempt in self.in_hand or attempt in self._unsure or self._state.recovery.holds(order):
            return False
        refused = self._postponed.get(order.order)
        return refused != (order.version, self._state.controls.generation)

    def forget(self) -> None:
        """Forgets what the log has shown."""
        for attempt, client_order_id in tuple(self.in_hand.items()):
            if self._shown(attempt):
                del self.in_hand[attempt]
                self.unsent.pop(attempt, None)
                self.known.pop(client_order_id, None)
        for attempt in tuple(self._unsure):
            if self._shown(attempt):
                del self._unsure[attempt]
        for order_id in tuple(self._postponed):
            if order_id not in self._state.orders:
                del self._postponed[order_id]

    def _shown(self, attempt: Attempt) -> bool:
        order = self._state.find(attempt[0])
        if order is None:
            return attempt not in self._ahead
        self._ahead.discard(attempt)
        return order.status not in _UNSHOWN or order.attempt != attempt[1]

    def _guards(self, order: Order) -> tuple[Guard, ...]:
        versions = self._state.controls.control_versions(self._state.scopes_of(order))
        return tuple(Guard(control_stream(scope), version) for scope, version in versions.items())

    def _command(self, order: Order) -> Command:
        client_order_id, now = ids.client_order_id(order.order, order.attempt), self._clock.now()
        data = OrderSubmitStarted(
            order=order.order,
            attempt=order.attempt,
            client_order_id=client_order_id,
            account=order.account,
            broker=self._broker.id,
            epoch=self._lease.epoch,
            state_pos=self._state.pos,
            clock=self._clock.kind,
            build=self._state.build,
        )
        event_id = ids.decision_uuid(order.order, "OrderSubmitStarted", order.attempt)
        event = new_event(
            f"order-{order.order}",
            order.version + 1,
            event_id,
            data,
            time=now,
            correlation=order.signal,
        )
        members, more = self._with_exits(replace(order, client_order_id=client_order_id), data, now)
        self._sending[order.order, order.attempt] = members
        self.in_hand.update(((each.order, each.attempt), each.client_order_id or "") for each in members)
        return Command((event, *more), self._guards(order))

    def _with_exits(
        self, order: Order, started: OrderSubmitStarted, now: int
    ) -> tuple[tuple[Order, ...], list[NewEvent]]:
        """An order and the exits that are sent with it, and the events that this is besides the order's own."""
        if not order.exits:
            return (order,), []
        asked = groups.exits_of(order)
        self._ahead.update((each.order, 1) for each in asked)
        head = started.client_order_id
        exits = [groups.exit_of(each, client_order_id=groups.client_id_of(each), head=head, now=now) for each in asked]
        known = self._state.groups.get(groups.group_of(order))
        return (order, *exits), groups.opening_events(order, started, asked, known, now)

    def _cancel_command(self, order: Order, reason: str) -> Command:
        data = OrderCanceledLocally(order=order.order, reason=reason)
        event = new_event(
            f"order-{order.order}",
            order.version + 1,
            ids.decision_uuid(order.order, "OrderCanceledLocally", order.attempt),
            data,
            time=self._clock.now(),
            correlation=order.signal,
        )
        return Command((event,))

    def _settle(self, order: Order, result: Result, *, call: bool) -> None:
        members = self._sending.pop((order.order, order.attempt), (order,))
        attempts = [(each.order, each.attempt) for each in members]
        if result.code == "appended" and call:
            self.known.update((each.client_order_id or "", each) for each in members)
            task = asyncio.get_running_loop().create_task(self._call(members))
            self._calls.add(task)
            task.add_done_callback(self._calls.discard)
        elif result.code == "replayed" and call:
            for attempt in attempts:
                del self.in_hand[attempt]  # somebody may have called: the broker is asked
                self._unsure[attempt] = order.symbol
        elif not result.stored:
            for attempt in attempts:
                del self.in_hand[attempt]
            self._ahead.difference_update(attempts)
            self._postponed[order.order] = (order.version, self._state.controls.generation)
            if result.code == "stale_fence":
                give_up(self._lease)
            elif result.code not in {"version_conflict", "guard_changed"}:
                self._log.error("a submit was refused by the ledger", code=result.code, **about(order))

    async def _call(self, members: tuple[Order, ...]) -> None:
        try:
            outcomes = await self._send(members)
        except Exception as error:  # noqa: BLE001 - whatever an adapter raises, the order may be there
            outcomes = [f"{type(error).__name__}: {error}"] * len(members)
        facts: list[NewEvent] = []
        for order, outcome in zip(members, outcomes, strict=True):
            if isinstance(outcome, SubmitUnknown) and not outcome.sent:
                self._keep(order, str(outcome.error))
                continue
            facts.append(self._outcome(order, outcome))
            if facts[-1].type == "OrderSubmitUnknown":
                self._unsure[order.order, order.attempt] = order.symbol
        self._facts.add(facts)

    def _keep(self, order: Order, reason: str) -> None:
        """Nothing of it has left this process, which the log is to say."""
        self.unsent[order.order, order.attempt] = reason
        self._rest_until = asyncio.get_running_loop().time() + REST_SECONDS
        self._log.warning("a submit was not sent", reason=reason, **about(order))

    async def _send(self, members: tuple[Order, ...]) -> list[SubmitResult | str]:
        """Calls the broker, once, unless something has come between; returns its answers, or why it was not called."""
        faults.point("router.after_submit_started")
        if (reason := self._latched()) or not self._lease.allows(self._call_seconds):
            return [reason or "the lease would not outlast the call"] * len(members)
        self._metrics.submits.inc()
        began = asyncio.get_running_loop().time()
        entry, *exits = members
        if exits:
            answers = await self._broker.submit_group(groups.group_request(entry, exits))
        else:
            answers = [await self._broker.submit(groups.order_request(entry))]
        faults.point("router.after_submit")
        took = asyncio.get_running_loop().time() - began
        self._metrics.answered(answers[0] if answers else None, took)
        if answers:
            self._ended(answers[0])
        told = {answer.client_order_id: answer for answer in answers}
        return [told.get(each.client_order_id or "", "its broker did not answer for this order") for each in members]

    def _outcome(self, order: Order, outcome: SubmitResult | str) -> NewEvent:
        teller = self.teller()
        if isinstance(outcome, SubmitAccepted):
            return accepted(teller, order, outcome.broker_order_id, outcome.at, "live", "reply")
        # An id that the broker has already means that an earlier call arrived: ask, do not reject.
        if isinstance(outcome, SubmitRejected) and not isinstance(outcome.error, DuplicateClientOrderIdError):
            error = outcome.error
            self._log.info("rejected by the broker", code=error.code, message=error.message, **about(order))
            self._metrics.rejected(error.code)
            return rejected(teller, order, error.code, error.message, outcome.at, "reply")
        reason = outcome if isinstance(outcome, str) else str(outcome.error)
        self._metrics.unknowns.inc()
        self._log.warning("the outcome of a submit is unknown", reason=reason, **about(order))
        data = OrderSubmitUnknown(
            order=order.order, attempt=order.attempt, client_order_id=order.client_order_id or "", reason=reason
        )
        event_id = ids.decision_uuid(order.order, "OrderSubmitUnknown", order.attempt)
        return fact(order, event_id, data, teller.now)

    def end_groups(self) -> None:
        """Puts on record which groups have nothing left to do."""
        ended = self._state.ended_groups()
        self._ending.intersection_update(ended)
        for name in ended:
            if name not in self._ending:
                self._ending.add(name)
                self._facts.add([groups.closing_event(name, self._state.groups[name], self.teller().now)])

    async def drained(self) -> None:
        """Returns when nothing is under way: neither a call nor a step that may begin some."""
        async with self._stepping:
            while self._calls:
                await asyncio.wait(tuple(self._calls))

    async def close(self) -> None:
        """Begins nothing more, and returns when what was begun has its answer."""
        self._closed = True
        await self.drained()
