"""Orders over REST: ids, codes and words, kinds of orders."""

from collections.abc import Callable
from typing import Any

from alpaca.trading.enums import QueryOrderStatus
from alpaca.trading.requests import (
    GetOrdersRequest,
    LimitOrderRequest,
    MarketOrderRequest,
    ReplaceOrderRequest,
)

from tests.twins.alpaca.options import Options, values
from tests.twins.alpaca.rules import rule
from tests.twins.alpaca.rules.desk import Desk, refused

ABSENT = "00000000-0000-4000-8000-000000000000"


def limit(price: float = 90, **more: Any) -> LimitOrderRequest:
    """A buy that rests below the market unless it is told otherwise."""
    asked = {"symbol": "AAPL", "qty": 10, "side": "buy", "time_in_force": "day", "limit_price": price}
    return LimitOrderRequest(**{**asked, **more})


def market(**more: Any) -> MarketOrderRequest:
    asked = {"symbol": "AAPL", "qty": 10, "side": "buy", "time_in_force": "day"}
    return MarketOrderRequest(**{**asked, **more})


def code_of(words: str, call: Callable[..., object], *args: object) -> tuple[int | None, int]:
    """Status and code of a refusal, after a look at its words."""
    error = refused(call, *args)
    assert words in error.message, error.message
    return error.status_code, error.code


@rule("url_override leads to /v2/…; raw data has decimals as text", "§2 [run]")
def raw_data(desk: Desk) -> None:
    twin = desk.twin()
    client = desk.client(twin)
    order = client.submit_order(limit(client_order_id="c1"))
    assert twin.calls("POST /v2/orders") == 1
    assert (order["qty"], order["limit_price"], order["filled_qty"]) == ("10", "90", "0")
    assert client.get_account()["cash"] == "100000"


@rule("the typed models take every answer of the twin", "§2 [src]")
def typed_models(desk: Desk) -> None:
    twin = desk.twin()
    client = desk.client(twin, typed=True)
    client.submit_order(market())
    client.submit_order(limit())
    assert client.get_account().buying_power == "98099"
    assert [held.qty for held in client.get_all_positions()] == ["10"]
    assert client.get_open_position("AAPL").qty_available == "10"
    assert len(client.get_orders(GetOrdersRequest(status=QueryOrderStatus.ALL))) == 2
    assert client.get_asset("BRK.B").symbol == "BRK.B"
    assert {one.symbol for one in client.get_all_assets()} >= {"AAPL", "BTC/USD"}
    assert client.get_clock().is_open
    assert client.get_calendar()[0].date < client.get_calendar()[-1].date


@rule("client_order_id has up to 128 characters", "§2 [doc]")
def client_id_length(desk: Desk) -> None:
    client = desk.client(desk.twin())
    assert client.submit_order(limit(client_order_id="x" * 128))["client_order_id"] == "x" * 128
    assert refused(client.submit_order, limit(client_order_id="x" * 129)).status_code == 422


@rule("a client_order_id that is taken, even by a closed order, is 422 by its words, under either code", "§2 [option]")
def duplicate(desk: Desk) -> None:
    for code in values("duplicate_code"):
        client = desk.client(desk.twin(duplicate_code=code))
        order = client.submit_order(limit(client_order_id="once"))
        client.cancel_order_by_id(order["id"])
        again = code_of("must be unique", client.submit_order, limit(client_order_id="once"))
        assert again == (422, code)


@rule("an order is found by its client id; an unknown one is 404 40410000", "§2, §4")
def lookup(desk: Desk) -> None:
    client = desk.client(desk.twin())
    order = client.submit_order(limit(client_order_id="mine"))
    assert client.get_order_by_client_id("mine")["id"] == order["id"]
    assert code_of("not found", client.get_order_by_client_id, "theirs") == (404, 40410000)
    assert code_of("not found", client.get_order_by_id, ABSENT) == (404, 40410000)


@rule("403 40310000 stands for buying power, quantity held and a wash trade: the words decide", "§2 [option]")
def forbidden(desk: Desk) -> None:
    for code in values("wash_trade_code"):
        client = desk.client(desk.twin(wash_trade_code=code))
        poor = code_of("insufficient buying power", client.submit_order, limit(qty=2000))
        assert poor == (403, 40310000)
        client.submit_order(market())
        resting = client.submit_order(limit(price=110, side="sell"))
        held = refused(client.submit_order, limit(price=111, side="sell", qty=1))
        assert (held.code, "insufficient qty available" in held.message) == (40310000, True)
        assert resting["id"] in str(held)
        wash = code_of("potential wash trade", client.submit_order, market(qty=1))
        assert wash == (403 if code == 40310000 else 422, code)


@rule("pattern day trading is 403 40310100", "§2")
def day_trading(desk: Desk) -> None:
    twin = desk.twin()
    client = desk.client(twin)
    twin.do("flags", day_trade_block=True)
    assert code_of("pattern day trading", client.submit_order, market()) == (403, 40310100)


@rule("422 42210000: unknown or closed asset, sub-penny price, not replaceable, not cancelable", "§2")
def unprocessable(desk: Desk) -> None:
    client = desk.client(desk.twin())
    done = client.submit_order(market())["id"]
    for asked, words in (
        (lambda: client.submit_order(limit(symbol="NONE")), "not found"),
        (lambda: client.submit_order(limit(symbol="TWTR")), "not active"),
        (lambda: client.submit_order(limit(price=90.123)), "sub-penny"),
        (lambda: client.replace_order_by_id(done, ReplaceOrderRequest(limit_price=1)), "unable to replace order"),
        (lambda: client.cancel_order_by_id(done), 'already in "filled" state'),
    ):
        assert code_of(words, asked) == (422, 42210000)


@rule("a 401 has no code in the documents and one in the wild", "§2 [option]")
def unauthorized(desk: Desk) -> None:
    for code in values("unauthorized_code"):
        client = desk.client(desk.twin(unauthorized_code=code), secret="wrong")
        error = refused(client.get_account)
        assert error.status_code == 401
        assert str(code) in str(error) if code else "code" not in str(error)


@rule("200 requests a minute, then 429 with the budget in headers, with a code or without", "§2 [option]")
def rate(desk: Desk) -> None:
    assert Options().rate_per_min == 200
    for code in values("rate_code"):
        client = desk.client(desk.twin(rate_per_min=3, rate_code=code))
        client._retry_codes = []
        for _ in range(3):
            client.get_account()
        error = refused(client.get_account)
        assert error.status_code == 429
        assert str(code) in str(error) if code else "code" not in str(error)
        headers = error.response.headers
        assert (headers["X-RateLimit-Limit"], headers["X-RateLimit-Remaining"]) == ("3", "0")


@rule("a replacement is a new order with a new client id; the old one ends as replaced", "§2")
def replacement(desk: Desk) -> None:
    client = desk.client(desk.twin())
    old = client.submit_order(limit(client_order_id="r0"))
    new = client.replace_order_by_id(old["id"], ReplaceOrderRequest(limit_price=91, client_order_id="r1"))
    assert (new["replaces"], new["client_order_id"], new["limit_price"]) == (old["id"], "r1", "91")
    before = client.get_order_by_client_id("r0")
    assert (before["status"], before["replaced_by"]) == ("replaced", new["id"])


@rule("a replacement's quantity counts what was filled before, or does not", "[option]")
def replaced_quantity(desk: Desk) -> None:
    for value, rest, more in (("rest", "6", "8"), ("whole", "10", "12")):
        twin = desk.twin(replaced_quantity=value)
        client = desk.client(twin)
        for asked, qty in ((ReplaceOrderRequest(limit_price=91), rest), (ReplaceOrderRequest(qty=12), more)):
            old = client.submit_order(limit())
            twin.do("fill", order=old["id"], qty="4", price="90")
            assert client.replace_order_by_id(old["id"], asked)["qty"] == qty
            client.cancel_orders()


@rule(
    "what cannot be replaced: accepted orders, nothing changed, a quantity that is filled; qty is whole in the library",
    "[doc]",
)
def irreplaceable(desk: Desk) -> None:
    twin = desk.twin()
    client = desk.client(twin)
    order = client.submit_order(limit())["id"]
    twin.do("fill", order=order, qty="4", price="90")
    for asked, words in (
        (ReplaceOrderRequest(limit_price=90), "order parameters are not changed"),
        (ReplaceOrderRequest(qty=4), "qty must be > filled_qty"),
    ):
        assert code_of(words, client.replace_order_by_id, order, asked) == (422, 42210000)
    twin.do("session", name="closed")
    waiting = client.submit_order(limit())["id"]
    words = "cannot replace order in accepted status"
    assert code_of(words, client.replace_order_by_id, waiting, ReplaceOrderRequest(limit_price=91)) == (422, 42210000)
    assert ReplaceOrderRequest.model_fields["qty"].annotation == int | None


@rule("a cancel is 204 without a body; the order may stay pending and end later", "§2 [option]")
def cancel(desk: Desk) -> None:
    for value, status in (("at_once", "canceled"), ("pending", "pending_cancel")):
        twin = desk.twin(cancels=value)
        client = desk.client(twin)
        order = client.submit_order(limit())
        client.cancel_order_by_id(order["id"])
        assert client.get_order_by_id(order["id"])["status"] == status
        (out,) = [entry for entry in twin.journal() if entry["kind"] == "out" and entry.get("status") == 204]
        assert out["body"] is None
        if value == "pending":
            twin.do("settle", order=order["id"])
            assert client.get_order_by_id(order["id"])["status"] == "canceled"


@rule("cancel all answers 207 with a result per order", "[src]")
def cancel_all(desk: Desk) -> None:
    twin = desk.twin()
    client = desk.client(twin)
    ids = {client.submit_order(limit(price=90 - n))["id"] for n in range(3)}
    assert {(one["id"], one["status"]) for one in client.cancel_orders()} == {(one, 200) for one in ids}
    assert client.get_orders() == []


@rule("orders are listed 50 at a time unless a limit is given, 500 at most; `until` goes on", "[mem]")
def listing(desk: Desk) -> None:
    twin = desk.twin()
    client = desk.client(twin)
    made = [client.submit_order(limit(qty=1, price=1))["id"] for _ in range(60)]
    assert len(client.get_orders()) == 50
    assert len(client.get_orders(GetOrdersRequest(limit=500))) == 60
    read: list[dict[str, Any]] = []
    while page := client.get("/orders", {"limit": 25, **({"until": read[-1]["submitted_at"]} if read else {})}):
        read += page
    assert [one["id"] for one in reversed(read)] == made


@rule("a quantity off the step, a word that is none, and a wrong parameter are 422 in the broker's words", "[mem]")
def bad_input(desk: Desk) -> None:
    client = desk.client(desk.twin())
    plain = {"symbol": "AAPL", "qty": "1", "side": "buy", "type": "market", "time_in_force": "day"}
    for wrong, words in (
        ({"qty": "1.0000000001"}, "multiple"),
        ({"qty": "0"}, "qty must be > 0"),
        ({"qty": "many"}, "invalid qty"),
        ({"qty": None}, "qty or notional is required"),
        ({"notional": "5"}, "only one of qty or notional"),
        ({"side": "hold"}, "invalid side"),
        ({"type": "iceberg"}, "invalid type"),
        ({"time_in_force": "gtd"}, "invalid time_in_force"),
        ({"type": "limit"}, "limit orders require limit price"),
        ({"type": "stop"}, "stop orders require stop price"),
        ({"type": "trailing_stop"}, "trail_price or trail_percent"),
        ({"symbol": ""}, "symbol is required"),
        ({"qty": None, "notional": "0.5"}, "notional must be >= 1.00"),
        ({"type": "stop", "stop_price": "110", "extended_hours": True}, "not eligible for extended hours"),
        ({"qty": "1e400"}, "invalid parameter"),
        ({"order_class": "bracket", "take_profit": 5}, "invalid take_profit"),
        ({"order_class": "bracket", "take_profit": {"limit_price": "110"}}, "bracket orders require stop_loss"),
        ({"order_class": "oto"}, "oto orders require one of"),
        ({"order_class": "ladder"}, "invalid order_class"),
    ):
        error = refused(client.post, "/orders", {**plain, **wrong})
        assert (error.status_code, words in error.message) == (422, True), (wrong, error)
    assert refused(client.get, "/orders", {"limit": "x"}).status_code == 422
    assert refused(client.get, "/nowhere").status_code == 404


@rule("activities have no method: get() pages by the last id, newest first", "§2 [run]")
def activities(desk: Desk) -> None:
    client = desk.client(desk.twin())
    ids = [client.submit_order(market(qty=1))["id"] for _ in range(5)]
    assert not any("activit" in name for name in dir(client))
    read: list[dict[str, Any]] = []
    while page := client.get(
        "/account/activities/FILL", {"page_size": 2, **({"page_token": read[-1]["id"]} if read else {})}
    ):
        read += page
    assert [one["order_id"] for one in reversed(read)] == ids
    assert refused(client.get, "/account/activities/WRONG").code == 40010001


@rule("FILL activities by order_id, where the filter is known", "§2 [option]")
def activities_by_order(desk: Desk) -> None:
    for value, count in (("yes", 1), ("no", 2)):
        client = desk.client(desk.twin(activities_by_order=value))
        first = client.submit_order(market(qty=1))["id"]
        client.submit_order(market(qty=1))
        assert len(client.get("/account/activities/FILL", {"order_id": first})) == count


@rule("dividends, interest and transfers are activities of their own, and move the cash", "[src]")
def non_trade(desk: Desk) -> None:
    twin = desk.twin()
    client = desk.client(twin)
    client.submit_order(market())
    twin.do("activity", type="DIV", net_amount="2.5", symbol="AAPL", qty="10", per_share_amount="0.25")
    twin.do("activity", type="SPLIT", symbol="AAPL", qty="10")
    (dividend,) = client.get("/account/activities", {"activity_types": "DIV"})
    told = client.get("/account/activities", {"category": "non_trade_activity"})
    assert [one["activity_type"] for one in told] == ["SPLIT", "DIV"]
    assert (dividend["net_amount"], dividend["symbol"]) == ("2.5", "AAPL")
    assert client.get_account()["cash"] == "99001.5"
    assert client.get_open_position("AAPL")["qty"] == "20"


@rule("fees of a sale come as activities of their own, or not at all", "§4 [option]")
def fees(desk: Desk) -> None:
    for value in values("fees"):
        client = desk.client(desk.twin(fees=value))
        client.submit_order(market(qty=1))
        client.submit_order(market(qty=1, side="sell"))
        assert len(client.get("/account/activities/FEE")) == (value == "activities")
        assert client.get_account()["cash"] == ("99999.89" if value == "activities" else "99999.9")
