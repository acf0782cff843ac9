"""Replacing: approved new terms are sent once, after their intent is committed, and then the broker is asked.

Only `appended` under the lease that is held licenses the call, as for a submit. An intent of which the log shows no
outcome means that somebody may have called: nothing is sent again, and both orders are asked about until it is known
which of them works. That they are not there counts only when it was answered so over the whole grace period.
"""

import asyncio
from collections.abc import Callable

from msgspec.structs import replace

from tradewire import faults, ids
from tradewire.append import Appender
from tradewire.domain.orders import Order, Replacement
from tradewire.domain.switches import control_stream
from tradewire.lease import Lease
from tradewire.messages.log import Command, Guard, NewEvent
from tradewire.messages.order_events import OrderReplaceStarted
from tradewire.messages.registry import new_event
from tradewire.runtime.clock import Clock
from tradewire.runtime.logs import Log, about
from tradewire_router.brokers.errors import DuplicateClientOrderIdError
from tradewire_router.brokers.port import Broker
from tradewire_router.brokers.results import Found, Lookup, SubmitAccepted, SubmitRejected, SubmitResult, SubmitUnknown
from tradewire_router.brokers.values import OrderRef
from tradewire_router.domain import gates, replacing
from tradewire_router.domain.inquiries import Inquiries
from tradewire_router.domain.state import RouterState
from tradewire_router.domain.translate import from_lookup
from tradewire_router.facts import Facts, give_up
from tradewire_router.submit import Submitter

TOGETHER = 20
"""How many replacements are under way at once."""
REQUESTS_EACH = 2
"""An adapter may have to look at the old order before it sends."""


class Replacer:
    """Sends approved new terms, and finds out what became of them."""

    def __init__(
        self,
        state: RouterState,
        broker: Broker,
        appender: Appender,
        facts: Facts,
        submitter: Submitter,
        lease: Lease,
        clock: Clock,
        log: Log,
        latched: Callable[[], str],
        *,
        call_seconds: float,
        grace_seconds: float,
    ) -> None:
        """`latched` says which halt was heard directly, if any; nothing is sent while it says so."""
        self._state, self._broker, self._appender, self._facts = state, broker, appender, facts
        self._submitter, self._lease, self._clock, self._log = submitter, lease, clock, log
        self._latched, self._call_seconds = latched, call_seconds
        self._inquiries = Inquiries(grace_seconds)
        self._calls: set[asyncio.Task[None]] = set()
        self._in_hand: dict[str, int] = {}
        """Orders whose new terms are being sent, and which revision that is; nobody begins or asks about them."""
        self._called: set[str] = set()
        """Those of them whose call has ended, and of which the log does not show yet that it began."""
        self._named: set[str] = set()
        """Client order ids that the log does not show yet."""
        self._said: set[str] = set()
        """New terms of which the outcome is on its way into the log, by their request."""
        self._taken: set[str] = set()
        """New terms that the broker said to have taken, by their request: that it knows nothing of them is no proof."""
        self._closed = False

    async def step(self) -> None:
        """Sends what is due to be sent, and asks about what was."""
        if self._closed:
            return
        self._forget()
        await self._start()
        await self._ask()

    def interrupted(self) -> None:
        """The broker's session is gone: what it said to be absent is asked again from the beginning."""
        self._inquiries.interrupted()

    def _forget(self) -> None:
        """Forgets what the log has shown."""
        on_their_way = {new.request for _, new in self._state.replacements()}
        self._said &= on_their_way
        self._taken &= on_their_way
        for order_id in tuple(self._called):
            order = self._state.orders.get(order_id)
            if order is None or order.revision >= self._in_hand[order_id]:
                self._called.discard(order_id)
                del self._in_hand[order_id]
        for client in [each for each in self._named if self._state.of_client_id(each) is not None]:
            self._named.discard(client)
            self._submitter.known.pop(client, None)

    async def _start(self) -> None:
        if self._submitter.gate or self._latched() or not self._lease.allows(self._call_seconds):
            return
        now = self._clock.now()
        room = TOGETHER - len(self._calls)
        if (left := (await self._broker.health()).submits_left) is not None:
            room = min(room, left // REQUESTS_EACH - len(self._calls))
        due: list[tuple[Order, Replacement]] = []
        for order, new in self._state.replacements("approved"):
            superseded = self._state.recovery.superseded(order)
            if order.order in self._in_hand or superseded or not self._state.may_replace(order):
                continue
            if new.expires_at is None or now >= new.expires_at or self._state.is_barred(new.build):
                self._drop(order, new)
            elif len(due) < room:
                due.append((order, new))
        if not due:
            return
        commands = [self._command(order) for order, _ in due]
        results = await self._appender.append(commands, self._lease.fence)
        for (order, new), result in zip(due, results, strict=True):
            client = replacing.next_id(order)
            if result.code == "appended":
                self._in_hand[order.order] = order.revision + 1
                self._named.add(client)
                self._submitter.known[client] = order
                task = asyncio.get_running_loop().create_task(self._call(order, new, client))
                self._calls.add(task)
                task.add_done_callback(self._calls.discard)
            elif result.code == "stale_fence":
                give_up(self._lease)

    def _drop(self, order: Order, new: Replacement) -> None:
        """An approval that was not used in its time; nothing was sent."""
        if new.request not in self._said:
            message = "the approval of the new terms had expired, or was another build's, before they could be sent"
            if self._state.dry_run:
                message = gates.dry_run(order.account)
            self._tell(order, new, [self._refusal(order, new, replacing.EXPIRED, message, "not sent")])

    def _command(self, order: Order) -> Command:
        data = OrderReplaceStarted(
            order=order.order,
            attempt=order.attempt,
            client_order_id=replacing.next_id(order),
            epoch=self._lease.epoch,
            revision=order.revision + 1,
        )
        event = new_event(
            f"order-{order.order}",
            order.version + 1,
            ids.decision_uuid(order.order, "OrderReplaceStarted", order.attempt, order.revision + 1),
            data,
            time=self._clock.now(),
            correlation=order.signal,
        )
        versions = self._state.controls.control_versions(self._state.scopes_of(order))
        return Command((event,), tuple(Guard(control_stream(scope), version) for scope, version in versions.items()))

    async def _call(self, order: Order, new: Replacement, client: str) -> None:
        """Calls the broker, once, unless something has come between. A refusal is told, and what was not sent."""
        outcome: SubmitResult | str
        try:
            outcome = await self._send(order, new, client)
        except Exception as error:  # noqa: BLE001 - whatever an adapter raises, it may have been done
            outcome = f"{type(error).__name__}: {error}"
        if isinstance(outcome, SubmitRejected) and not isinstance(outcome.error, DuplicateClientOrderIdError):
            code, message = outcome.error.code, outcome.error.message
            self._tell(order, new, [self._refusal(order, new, code, message, "reply")])
        elif isinstance(outcome, SubmitAccepted):
            self._taken.add(new.request)
        elif isinstance(outcome, SubmitUnknown) and not outcome.sent:
            message = f"nothing was sent: {outcome.error}"
            self._tell(order, new, [self._refusal(order, new, replacing.NEVER_ARRIVED, message, "not sent")])
        elif isinstance(outcome, str | SubmitUnknown):
            reason = outcome if isinstance(outcome, str) else str(outcome.error)
            self._log.warning("the outcome of new terms is unknown", reason=reason, **about(order))
        self._called.add(order.order)

    async def _send(self, order: Order, new: Replacement, client: str) -> SubmitResult | str:
        faults.point("router.after_replace_started")
        if (reason := self._latched()) or not self._lease.allows(self._call_seconds):
            return reason or "the lease would not outlast the call"
        ref = OrderRef(order.client_order_id or "", order.broker_order_id, order.symbol)
        outcome = await self._broker.replace(ref, replacing.changes_of(order, new, client))
        faults.point("router.after_replace")
        return outcome

    async def _ask(self) -> None:
        """Asks about both orders of each replacement that was sent and has no outcome."""
        now = asyncio.get_running_loop().time()
        sent = {
            (order.order, order.revision): (order, new)
            for order, new in self._state.replacements("started")
            if order.order not in self._in_hand
            and new.request not in self._said
            and not self._state.recovery.superseded(order)
        }
        self._inquiries.keep(sent, now)
        due = self._inquiries.due(now)
        answers = await asyncio.gather(*(self._lookups(*sent[each]) for each in due))
        for each, (old, found) in zip(due, answers, strict=True):
            order, new = sent[each]
            self._conclude(order, new, old, found)

    async def _lookups(self, order: Order, new: Replacement) -> tuple[Lookup, Lookup]:
        # The old one first: once it is replaced, the one in its place is there; asked the other way round, it may come
        # in between, and would seem to be somebody else's.
        old = await self._broker.find_order(order.client_order_id or "", order.symbol)
        return old, await self._broker.find_order(new.client_order_id or "", order.symbol)

    def _conclude(self, order: Order, new: Replacement, old: Lookup, found: Lookup) -> None:
        in_place = self._broker.capabilities.replace == "in_place"
        what = replacing.settled(new, old, found, in_place=in_place)
        attempt, now = (order.order, order.revision), asyncio.get_running_loop().time()
        lasting = self._inquiries.note(attempt, now, gone=what.kind == "absent")
        if (seconds := self._inquiries.overdue(attempt, now)) is not None:
            self._log.error("new terms are still unknown", seconds=seconds, **about(order))
        teller = self._submitter.teller()
        if what.kind == "replaced" and what.order is not None:
            in_force = replace(order, client_order_id=new.client_order_id, replacing=None)
            told = [replacing.replaced(teller, order, new, what.order), *from_lookup(teller, in_force, what.order)]
            self._tell(order, new, told)
        elif what.kind == "refused":
            told = [self._refusal(order, new, what.code, what.message, "lookup")]
            if isinstance(old, Found):
                told += from_lookup(teller, replace(order, replacing=None), old.order)
            self._tell(order, new, told)
        elif lasting and new.request not in self._taken:
            message = f"{self._broker.id} has no order by that id, and the old one works on"
            self._tell(order, new, [self._refusal(order, new, replacing.NEVER_ARRIVED, message, "lookup")])

    def _refusal(self, order: Order, new: Replacement, code: str, message: str, evidence: str) -> NewEvent:
        return replacing.refused(self._submitter.teller(), order, new, code=code, message=message, evidence=evidence)

    def _tell(self, order: Order, new: Replacement, events: list[NewEvent]) -> None:
        self._said.add(new.request)
        self._facts.add(events)
        self._log.info("new terms are settled", how=events[0].type, **about(order))

    async def close(self) -> None:
        """Begins nothing more, and returns when no call is under way."""
        self._closed = True
        while self._calls:
            await asyncio.wait(tuple(self._calls))
