"""The REST calls, one line each in the table at the foot."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from tests.twins.alpaca import account, activities, intake, market, orders, reference, views
from tests.twins.alpaca.errors import RefusedError, invalid, missing
from tests.twins.alpaca.money import number
from tests.twins.alpaca.options import Options
from tests.twins.alpaca.state import Asset, Position, State
from tests.twins.kit.venue import Answer, Call

Handler = Callable[[State, Options, Call, int, list[str]], Answer]


def _ok(body: Any) -> Answer:
    return Answer(body=body)


def _account(state: State, options: Options, _call: Call, at: int, _ids: list[str]) -> Answer:
    return _ok(account.account(state, options.multiplier, at))


def _submit(state: State, options: Options, call: Call, at: int, _ids: list[str]) -> Answer:
    return _ok(orders.submit(state, options, intake.fields_of(call.body), at))


def _list(state: State, _options: Options, call: Call, _at: int, _ids: list[str]) -> Answer:
    return _ok(orders.listed(state, call.query))


def _order(state: State, _options: Options, call: Call, _at: int, ids: list[str]) -> Answer:
    return _ok(views.order(state, orders.found(state, ids[0]), nested=call.query.get("nested", "").lower() == "true"))


def _by_client_id(state: State, _options: Options, call: Call, _at: int, _ids: list[str]) -> Answer:
    return _ok(views.order(state, orders.by_client_id(state, call.query.get("client_order_id", ""))))


def _replace(state: State, options: Options, call: Call, at: int, ids: list[str]) -> Answer:
    return _ok(orders.replace(state, options, ids[0], intake.fields_of(call.body), at))


def _cancel(state: State, options: Options, _call: Call, at: int, ids: list[str]) -> Answer:
    orders.cancel(state, options, ids[0], at)
    return Answer(status=204)


def _cancel_all(state: State, options: Options, _call: Call, at: int, _ids: list[str]) -> Answer:
    return orders.cancel_all(state, options, at)


def _positions(state: State, _options: Options, _call: Call, _at: int, _ids: list[str]) -> Answer:
    return _ok([views.position(state, held) for held in state.positions.values() if held.qty])


def _held(state: State, name: str) -> Position:
    for held in state.positions.values():
        if held.qty and name in {held.asset.symbol, held.asset.symbol.replace("/", ""), held.asset.id}:
            return held
    raise missing("position does not exist")


def _position(state: State, _options: Options, _call: Call, _at: int, ids: list[str]) -> Answer:
    return _ok(views.position(state, _held(state, ids[0])))


def _close(state: State, options: Options, call: Call, at: int, ids: list[str]) -> Answer:
    held = _held(state, ids[0])
    query: dict[str, object] = dict(call.query)
    share = number(query, "percentage")
    qty = abs(held.qty) * share / 100 if share is not None else number(query, "qty") or abs(held.qty)
    whole = held.asset.kind == "us_equity"
    fields = {
        "symbol": held.asset.symbol,
        "qty": str(qty),
        "side": "sell" if held.qty > 0 else "buy",
        "type": "market",
        "time_in_force": "day" if whole else "gtc",
    }
    return _ok(orders.submit(state, options, fields, at))


def _close_all(state: State, options: Options, call: Call, at: int, _ids: list[str]) -> Answer:
    if call.query.get("cancel_orders", "").lower() == "true":
        orders.cancel_all(state, options, at)
    results = []
    for held in [held for held in state.positions.values() if held.qty]:
        try:
            body, status = _close(state, options, Call(method="DELETE", path=""), at, [held.asset.id]).body, 200
        except RefusedError as refusal:
            body, status = refusal.body, refusal.status
        results.append({"symbol": held.asset.symbol, "status": status, "body": body})
    return Answer(status=207, body=results)


def _assets(state: State, _options: Options, call: Call, _at: int, _ids: list[str]) -> Answer:
    def wanted(one: Asset) -> bool:
        told = views.asset(one)
        names = {"status": "status", "asset_class": "class", "exchange": "exchange"}
        return all(call.query.get(name) in {None, told[field]} for name, field in names.items())

    return _ok([views.asset(one) for one in state.assets.values() if wanted(one)])


def _asset(state: State, _options: Options, _call: Call, _at: int, ids: list[str]) -> Answer:
    for one in state.assets.values():
        if ids[0] in {one.symbol, one.symbol.replace("/", ""), one.id}:
            return _ok(views.asset(one))
    raise missing(f"asset not found for {ids[0]}")


def _clock(state: State, _options: Options, _call: Call, at: int, _ids: list[str]) -> Answer:
    return _ok(reference.clock(at, state.session))


def _calendar(_state: State, _options: Options, call: Call, at: int, _ids: list[str]) -> Answer:
    today = reference.moment(at).date()
    try:
        first = date.fromisoformat(call.query.get("start", f"{today.year}-01-01")[:10])
        last = date.fromisoformat(call.query.get("end", f"{first.year}-12-31")[:10])
    except ValueError as error:
        raise invalid(f"invalid date: {error}") from None
    return _ok(reference.calendar(first, last))


def _activities(state: State, options: Options, call: Call, _at: int, ids: list[str]) -> Answer:
    named = ids[0] if ids else call.query.get("activity_types", "")
    return _ok(activities.listed(state, options, set(filter(None, named.split(","))), call.query))


def _latest(state: State, options: Options, call: Call, _at: int, ids: list[str]) -> Answer:
    market.allowed(options, call.query)
    return _ok(market.latest(state, ids[0], call.query))


def _bars(state: State, options: Options, call: Call, _at: int, _ids: list[str]) -> Answer:
    market.allowed(options, call.query)
    return _ok(market.bars(state, call.query))


def _snapshots(state: State, options: Options, call: Call, _at: int, _ids: list[str]) -> Answer:
    market.allowed(options, call.query)
    return _ok(market.snapshots(state, call.query))


def handle(state: State, options: Options, call: Call, at: int) -> Answer:
    """Answers a call that has good keys."""
    for method, pattern, handler in ROUTES:
        if method == call.method and (found := pattern.fullmatch(call.path)):
            try:
                return handler(state, options, call, at, list(found.groups()))
            except RefusedError as refusal:
                return refusal.answer()
            except (ValueError, ArithmeticError) as error:
                return invalid(f"invalid parameter: {error}").answer()
    return Answer(status=404, body={"message": "endpoint not found."})


DATA = r"(?:/v2/stocks|/v1beta3/crypto/us)"
ROUTES: list[tuple[str, re.Pattern[str], Handler]] = [
    (method, re.compile(pattern), handler)
    for method, pattern, handler in (
        ("GET", "/v2/account", _account),
        ("GET", "/v2/account/activities", _activities),
        ("GET", "/v2/account/activities/([A-Z]+)", _activities),
        ("POST", "/v2/orders", _submit),
        ("GET", "/v2/orders", _list),
        ("DELETE", "/v2/orders", _cancel_all),
        ("GET", "/v2/orders:by_client_order_id", _by_client_id),
        ("GET", "/v2/orders/([^/]+)", _order),
        ("PATCH", "/v2/orders/([^/]+)", _replace),
        ("DELETE", "/v2/orders/([^/]+)", _cancel),
        ("GET", "/v2/positions", _positions),
        ("DELETE", "/v2/positions", _close_all),
        ("GET", "/v2/positions/(.+)", _position),
        ("DELETE", "/v2/positions/(.+)", _close),
        ("GET", "/v2/assets", _assets),
        ("GET", "/v2/assets/(.+)", _asset),
        ("GET", "/v2/clock", _clock),
        ("GET", "/v2/calendar", _calendar),
        ("GET", "/v2/stocks/(quotes|trades|bars)/latest", _latest),
        ("GET", r"/v1beta3/crypto/us/latest/(quotes|trades|bars)", _latest),
        ("GET", f"{DATA}/bars", _bars),
        ("GET", f"{DATA}/snapshots", _snapshots),
    )
]
