"""Acting on orders at Alpaca: submit, groups, cancel, replace, and asking what became of one.

Nothing here raises for what Alpaca does, and nothing is sent twice. A refusal that may be an echo of our own earlier
request is looked up by our id first.
"""

from typing import Any

from tradewire.domain.money import plain
from tradewire_router.brokers import results as r
from tradewire_router.brokers import values as v
from tradewire_router.brokers.alpaca import groups, words
from tradewire_router.brokers.alpaca.answers import NoAnswer, NotSent, Refused, call_error, is_duplicate, order_error
from tradewire_router.brokers.alpaca.budget import Urgency
from tradewire_router.brokers.alpaca.capabilities import BROKER, CAPABILITIES, QUANTITY_DIGITS
from tradewire_router.brokers.alpaca.desk import Desk
from tradewire_router.brokers.alpaca.known import Known
from tradewire_router.brokers.alpaca.lane import Request
from tradewire_router.brokers.alpaca.naming import Naming
from tradewire_router.brokers.base import now
from tradewire_router.brokers.errors import (
    BrokerError,
    DuplicateClientOrderIdError,
    InvalidOrderError,
    OrderNotCancelableError,
    OrderNotFoundError,
)
from tradewire_router.brokers.shape import refusal

_ENDED = ("filled", "canceled", "expired", "replaced", "rejected")


class Orders:
    """The orders of one account."""

    def __init__(self, account: str, desk: Desk, known: Known) -> None:
        self._account, self._desk, self._known = account, desk, known
        self.naming = Naming(desk, known)

    async def submit(self, order: v.OrderRequest) -> r.SubmitResult:
        if (error := unfit(order)) is not None:
            return r.SubmitRejected(order.client_order_id, error)
        told = await self.post(order, words.fields_of(order))
        return told if isinstance(told, r.SubmitRejected | r.SubmitUnknown) else self.taken(order.client_order_id, told)

    async def post(self, order: v.OrderRequest, fields: dict[str, Any]) -> Any:
        """Posts an order once; the order as Alpaca has it, or why there is none."""
        ours = order.client_order_id
        try:
            return _about(ours, await self._desk.act(Request("POST", "/orders", fields), Urgency.SUBMIT))
        except NotSent as failed:
            return r.SubmitUnknown(ours, failed.error, sent=False)
        except NoAnswer as failed:
            return r.SubmitUnknown(ours, failed.error)
        except Refused as refused:
            if not refused.definite:
                return r.SubmitUnknown(ours, call_error(refused))
            if refused.status != 422:
                return r.SubmitRejected(ours, order_error(refused), now())
            return await self._looked_up(order, refused)

    async def _looked_up(self, order: v.OrderRequest, refused: Refused) -> Any:
        """After a 422, which may be about an echo of a request that was carried out: what Alpaca has by our id."""
        ours = order.client_order_id
        try:
            told = await self._by_client_id(ours, Urgency.SUBMIT)
        except (NotSent, NoAnswer) as failed:
            return r.SubmitUnknown(ours, failed.error)
        except Refused as failed:
            return r.SubmitUnknown(ours, call_error(failed))
        if told is None:
            # That the id is taken, and that nobody has it, cannot both be: one of the two is old.
            unknown = is_duplicate(refused)
            error = order_error(refused)
            return r.SubmitUnknown(ours, error) if unknown else r.SubmitRejected(ours, error, now())
        if words.is_that(told, order):
            return told
        message = f"{ours} is the id of another order, {told.get('id')}. {refused.said()}"
        existing = words.order_of(self._account, told, ours)
        return r.SubmitRejected(ours, DuplicateClientOrderIdError(message, existing=existing), now())

    async def submit_group(self, group: v.GroupRequest) -> list[r.SubmitResult]:
        members = [each for each in (group.entry, group.take_profit, group.stop_loss) if each is not None]
        error = groups.unfit(group) or next(filter(None, map(unfit, members)), None)
        if error is not None:
            return [r.SubmitRejected(each.client_order_id, error) for each in members]
        head = groups.head(group)
        self.naming.begin(group)
        told = await self.post(head, groups.fields_of(group))
        if isinstance(told, r.SubmitRejected):
            self.naming.forget(head.client_order_id)
            return [r.SubmitRejected(each.client_order_id, told.error, told.at) for each in members]
        if isinstance(told, r.SubmitUnknown):
            if not told.sent:
                self.naming.forget(head.client_order_id)
            return [r.SubmitUnknown(each.client_order_id, told.error, told.sent) for each in members]
        self.naming.take(head.client_order_id, told)
        names, shown = groups.names_of(group), groups.exits_told(told)
        found = {head.client_order_id: told, **{names[kind]: leg for kind, leg in shown.items() if kind in names}}
        lost = BrokerError("Alpaca has the group and did not tell this order of it", code="UNREADABLE")
        return [
            self.taken(each.client_order_id, found[each.client_order_id])
            if each.client_order_id in found
            else r.SubmitUnknown(each.client_order_id, lost)
            for each in members
        ]

    def taken(self, client_order_id: str, told: Any) -> r.SubmitResult:
        """An order that Alpaca has."""
        if not isinstance(told, dict) or not told.get("id"):
            return r.SubmitUnknown(client_order_id, words.unreadable("an order", told))
        self._known.learn(str(told["id"]), client_order_id)
        try:
            at = words.time_of(told, "submitted_at")
        except BrokerError:
            at = 0
        return r.SubmitAccepted(client_order_id, str(told["id"]), at or now())

    async def cancel(self, ref: v.OrderRef) -> r.CancelResult:
        ours = ref.client_order_id
        try:
            broker_id = ref.broker_order_id or self._known.broker_id(ours)
            if broker_id is None and (head := self.naming.head_of(ours)) is not None:
                await self.naming.settle_one(head)
                broker_id = self._known.broker_id(ours)
            if broker_id is None:
                told = await self._by_client_id(ours, Urgency.CANCEL)
                if told is None:
                    return r.CancelResult(ours, "not_found")
                broker_id = str(told["id"])
            await self._desk.act(Request("DELETE", f"/orders/{broker_id}"), Urgency.CANCEL)
        except (NotSent, NoAnswer) as failed:
            return r.CancelResult(ours, "unknown", failed.error)
        except BrokerError as error:
            return r.CancelResult(ours, "unknown", error)
        except Refused as refused:
            return _not_canceled(ours, refused)
        return r.CancelResult(ours, "requested")

    async def replace(self, ref: v.OrderRef, changes: v.OrderChanges) -> r.SubmitResult:
        """Replaces an order of which nothing is filled: what the quantity of a replacement counts is written nowhere.

        Where something is filled in between, and the new order could fill more than is meant, it is canceled at once.
        """
        ours = changes.client_order_id
        try:
            old = await self._old(ref)
        except (NotSent, NoAnswer) as failed:
            return r.SubmitUnknown(ours, failed.error, sent=False)
        except Refused as refused:
            return r.SubmitRejected(ours, call_error(refused))
        if old is None:
            return r.SubmitRejected(ours, OrderNotFoundError(f"Alpaca knows no order {ref.client_order_id}"))
        if words.amount(old, "filled_qty"):
            message = f"{ref.client_order_id} is filled in part; cancel it, and send what is left anew"
            return r.SubmitRejected(ours, OrderNotCancelableError(message))
        terms = (("qty", changes.quantity), ("limit_price", changes.limit_price), ("stop_price", changes.stop_price))
        fields = {name: plain(value) for name, value in terms if value is not None}
        try:
            request = Request("PATCH", f"/orders/{old['id']}", {"client_order_id": ours, **fields})
            told = _about(ours, await self._desk.act(request, Urgency.SUBMIT))
        except NotSent as failed:
            return r.SubmitUnknown(ours, failed.error, sent=False)
        except NoAnswer as failed:
            return r.SubmitUnknown(ours, failed.error)
        except Refused as refused:
            if not refused.definite:
                return r.SubmitUnknown(ours, call_error(refused))
            lookup = await self.find(ours) if refused.status == 422 else None
            if isinstance(lookup, r.Found):
                return r.SubmitAccepted(ours, lookup.order.broker_order_id, lookup.order.submitted_at)
            if isinstance(lookup, r.Inconclusive):
                return r.SubmitUnknown(ours, lookup.error)
            return r.SubmitRejected(ours, order_error(refused), now())
        result = self.taken(ours, told)
        if isinstance(result, r.SubmitAccepted):
            await self._never_more(ref, result, changes.quantity or words.amount(old, "qty"))
        return result

    async def _never_more(self, ref: v.OrderRef, new: r.SubmitAccepted, meant: Any) -> None:
        """Cancels a replacement that, with what the old order got meanwhile, could fill more than is meant."""
        before = await self.find(ref.client_order_id)
        after = await self.find(new.client_order_id)
        if not isinstance(before, r.Found) or not isinstance(after, r.Found) or meant is None:
            return
        if before.order.filled_quantity + after.order.quantity > meant:
            await self.cancel(v.OrderRef(new.client_order_id, new.broker_order_id))

    async def _old(self, ref: v.OrderRef) -> words.Json | None:
        broker_id = ref.broker_order_id or self._known.broker_id(ref.client_order_id)
        if broker_id is None:
            return await self._by_client_id(ref.client_order_id, Urgency.SUBMIT)
        return await self._by_id(broker_id, Urgency.SUBMIT)

    async def find(self, client_order_id: str) -> r.Lookup:
        """What became of an order; one that goes by a name which Alpaca does not know is asked for by its own."""
        try:
            if (head := self.naming.head_of(client_order_id)) is not None:
                if not await self.naming.settle_one(head):
                    return r.Absent(client_order_id, now())
                if self.naming.head_of(client_order_id) is not None:
                    lost = BrokerError("Alpaca has the group and does not tell of this order", code="UNREADABLE")
                    return r.Inconclusive(client_order_id, lost)
            exit_ = client_order_id in self._known.exits
            told = None if exit_ else await self._by_client_id(client_order_id)
            if told is None and (broker_id := self._known.broker_id(client_order_id)) is not None:
                told = await self._by_id(broker_id)
            if told is None:
                return r.Absent(client_order_id, now())
            self._known.learn(str(told["id"]), client_order_id)
            return r.Found(words.order_of(self._account, told, client_order_id))
        except (NotSent, NoAnswer) as failed:
            return r.Inconclusive(client_order_id, failed.error)
        except Refused as refused:
            return r.Inconclusive(client_order_id, call_error(refused))
        except BrokerError as error:
            return r.Inconclusive(client_order_id, error)
        except words.SHAPELESS as error:
            return r.Inconclusive(client_order_id, words.unreadable("an order", error))

    async def _by_client_id(self, client_order_id: str, urgency: Urgency | None = None) -> words.Json | None:
        told = await self._named("/orders:by_client_order_id", {"client_order_id": client_order_id}, urgency)
        return told and _about(client_order_id, told)

    async def _by_id(self, broker_id: str, urgency: Urgency | None = None) -> words.Json | None:
        told = await self._named(f"/orders/{broker_id}", None, urgency)
        return told and _about(broker_id, told, "id")

    async def _named(self, path: str, data: Any = None, urgency: Urgency | None = None) -> words.Json | None:
        """An order, or None when Alpaca itself says that it has none; an urgent question goes with what acts."""
        try:
            told = await self._desk.look(path, data, urgency or Urgency.LOOKUP, acting=urgency is not None)
        except Refused as refused:
            if refused.unknown_id:
                return None
            raise
        if not isinstance(told, dict) or not told.get("id"):
            raise NoAnswer(words.unreadable("an order", told))
        return told


def _about(name: str, told: Any, field: str = "client_order_id") -> words.Json:
    """An order, when it is the one of that name. Raises NoAnswer for anything else under a status that says it is fine.

    Were it taken, the order would go by another's id from then on, and never be canceled.
    """
    if not isinstance(told, dict) or not told.get("id") or told.get(field) != name:
        raise NoAnswer(words.unreadable(f"no answer about {name}, and something else", told))
    return told


def unfit(order: v.OrderRequest) -> BrokerError | None:
    """What keeps an order from being sent to Alpaca."""
    if (error := refusal(order, CAPABILITIES, BROKER)) is not None:
        return error
    if order.quantity is not None and -int(order.quantity.normalize().as_tuple().exponent) > QUANTITY_DIGITS:
        return InvalidOrderError(f"quantity {order.quantity} has more than {QUANTITY_DIGITS} digits behind the point")
    return None


def _not_canceled(client_order_id: str, refused: Refused) -> r.CancelResult:
    if refused.unknown_id:
        return r.CancelResult(client_order_id, "not_found")
    if refused.status == 422:
        if any(f'"{status}"' in refused.words for status in _ENDED):
            return r.CancelResult(client_order_id, "already_terminal")
        if '"pending_cancel"' in refused.words:
            return r.CancelResult(client_order_id, "requested")
        return r.CancelResult(client_order_id, "unknown", OrderNotCancelableError(refused.said()))
    return r.CancelResult(client_order_id, "unknown", call_error(refused))
