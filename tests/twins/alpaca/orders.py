"""Orders as calls make and change them: submit, replace, cancel, look up, list."""

from typing import Any

from tests.twins.alpaca import groups, intake, legs, permits, views
from tests.twins.alpaca.activities import when
from tests.twins.alpaca.errors import RefusedError, invalid, missing, unprocessable
from tests.twins.alpaca.events import change, tell
from tests.twins.alpaca.matching import arrive
from tests.twins.alpaca.money import ZERO, positive
from tests.twins.alpaca.options import Options
from tests.twins.alpaca.state import DONE, Order, State
from tests.twins.kit.venue import Answer

LIST_LIMIT, LIST_LIMIT_MAX = 50, 500
REPLACEABLE = ("new", "partially_filled", "held")
REPLACED_FIELDS = ("qty", "tif", "limit_price", "stop_price", "trail_price", "trail_percent")


def submit(state: State, options: Options, fields: dict[str, Any], at: int) -> dict[str, Any]:
    """Takes an order. The answer shows it as it was accepted; what happens next is the stream's to tell."""
    one = intake.read(state, options, fields, at)
    one.id, one.sequence = state.new_id("order"), state.next()
    made = legs.legs(state, one, fields)
    permits.check(state, options, one)
    one.legs = [leg.id for leg in made]
    for order in (one, *made):
        state.add(order)
    if one.asset.kind != "crypto" and state.session == "closed":
        one.status = "accepted"
        tell(state, options, "accepted", one, at)
    else:
        tell(state, options, "pending_new", one, at)
    answer = views.order(state, one)
    arrive(state, options, one, at)
    return answer


def replace(state: State, options: Options, order_id: str, fields: dict[str, Any], at: int) -> dict[str, Any]:
    """Replaces an order by a new one, with a new id and a new client id; the old one ends as `replaced`."""
    old = found(state, order_id)
    if old.status in DONE:
        raise unprocessable("unable to replace order, order is not open")
    if old.status not in REPLACEABLE:
        raise unprocessable(f"cannot replace order in {old.status} status")
    if old.notional is not None:
        raise unprocessable("notional orders cannot be replaced")
    trail = positive(fields, "trail")
    asked = positive(fields, "qty") or old.qty or ZERO
    if asked <= old.filled_qty:
        raise unprocessable("qty must be > filled_qty")
    new = Order(
        id="",
        client_order_id=intake.client_id(state, options, fields),
        sequence=0,
        asset=old.asset,
        side=old.side,
        type=old.type,
        tif=str(fields.get("time_in_force") or old.tif),
        order_class=old.order_class,
        created_at=at,
        updated_at=at,
        qty=asked - old.filled_qty if options.replaced_quantity == "rest" else asked,
        limit_price=intake.priced(positive(fields, "limit_price"), "limit_price", old.asset) or old.limit_price,
        stop_price=intake.priced(positive(fields, "stop_price"), "stop_price", old.asset) or old.stop_price,
        trail_price=trail if trail is not None and old.trail_price is not None else old.trail_price,
        trail_percent=trail if trail is not None and old.trail_percent is not None else old.trail_percent,
        extended_hours=old.extended_hours,
        status="held" if old.status == "held" else "pending_new",
        replaces=old.id,
    )
    if new.tif not in intake.TIFS:
        raise invalid(f"invalid time_in_force: {new.tif}")
    if asked == old.qty and all(getattr(new, name) == getattr(old, name) for name in REPLACED_FIELDS if name != "qty"):
        raise unprocessable("order parameters are not changed")
    before, old.status = old.status, "replaced"
    try:
        if new.status != "held":
            permits.check(state, options, new)
    finally:
        old.status = before
    new.id, new.sequence = state.new_id("order"), state.next()
    state.add(new)
    old.replaced_by = new.id
    answer = views.order(state, new)
    if options.replacements == "pending":
        old.before, old.status = old.status, "pending_replace"
        tell(state, options, "pending_replace", old, at)
    else:
        settle(state, options, old, at)
    return answer


def settle(state: State, options: Options, old: Order, at: int) -> None:
    """Does a replacement: the old order ends, the new one takes its place."""
    new = state.orders[old.replaced_by or ""]
    groups.replaced(state, old, new)
    change(state, options, old, "replaced", at)
    arrive(state, options, new, at)


def cancel(state: State, options: Options, order_id: str, at: int) -> None:
    """Asks for the end of an order; its final state comes over the stream."""
    one = found(state, order_id)
    if one.status in DONE or one.status in {"pending_cancel", "pending_replace"}:
        raise unprocessable(f'order is already in "{one.status}" state')
    if options.cancels == "pending":
        one.before, one.status = one.status, "pending_cancel"
        tell(state, options, "pending_cancel", one, at)
        return
    change(state, options, one, "canceled", at)
    groups.ended(state, options, one, at)


def cancel_all(state: State, options: Options, at: int) -> Answer:
    """Cancels whatever is open: one result per order."""
    results = []
    for one in state.open_orders():
        if one.status == "held" or not one.open:
            continue
        try:
            cancel(state, options, one.id, at)
            results.append({"id": one.id, "status": 200, "body": views.order(state, one)})
        except RefusedError as refusal:
            results.append({"id": one.id, "status": refusal.status, "body": refusal.body})
    return Answer(status=207, body=results)


def found(state: State, order_id: str) -> Order:
    """An order by its id."""
    if order_id not in state.orders:
        raise missing(f"order not found for {order_id}")
    return state.orders[order_id]


def by_client_id(state: State, client_order_id: str) -> Order:
    """An order by its client id."""
    if client_order_id not in state.client_ids:
        raise missing(f"order not found for {client_order_id}")
    return state.orders[state.client_ids[client_order_id]]


def listed(state: State, query: dict[str, str]) -> list[dict[str, Any]]:
    """GET /v2/orders. `nested` puts legs under their parent; without it they stand beside it."""
    nested = query.get("nested", "").lower() == "true"
    wanted = query.get("status", "open")
    symbols = set(filter(None, query.get("symbols", "").split(",")))
    after = when(query["after"]) if "after" in query else None
    until = when(query["until"]) if "until" in query else None
    chosen = [
        one
        for one in state.orders.values()
        if not (nested and one.parent)
        and (wanted == "all" or _open(state, one, nested=nested) == (wanted == "open"))
        and (not symbols or one.asset.symbol in symbols)
        and query.get("side") in {None, one.side}
        and (after is None or one.created_at > after)
        and (until is None or one.created_at < until)
    ]
    chosen.sort(key=lambda one: one.sequence, reverse=query.get("direction", "desc") == "desc")
    limit = min(LIST_LIMIT_MAX, int(query.get("limit", LIST_LIMIT)))
    return [views.order(state, one, nested=nested) for one in chosen[:limit]]


def _open(state: State, one: Order, *, nested: bool) -> bool:
    """Whether an order counts as open; a nested parent does while a leg is."""
    return one.open or (nested and any(state.orders[leg].open for leg in one.legs))
