"""Kinds of orders: groups, amounts, parts of shares, hours, crypto, stops, and how long they live."""

from typing import Any

from alpaca.trading.enums import OrderSide, QueryOrderStatus, TimeInForce
from alpaca.trading.requests import (
    ClosePositionRequest,
    GetOrderByIdRequest,
    GetOrdersRequest,
    ReplaceOrderRequest,
    StopLimitOrderRequest,
    StopOrderRequest,
    TrailingStopOrderRequest,
)

from tests.twins.alpaca.rules import rule
from tests.twins.alpaca.rules.desk import Desk, refused
from tests.twins.alpaca.rules.facts import limit, market


@rule("legs of a bracket have the server's client ids and stand under the parent when nested", "§2, [mem]")
def bracket(desk: Desk) -> None:
    twin = desk.twin()
    client = desk.client(twin)
    exits: dict[str, Any] = {"take_profit": {"limit_price": 120}, "stop_loss": {"stop_price": 80}}
    asked = limit(client_order_id="entry", order_class="bracket", time_in_force="gtc", **exits)
    head = client.submit_order(asked)
    assert [leg["status"] for leg in head["legs"]] == ["held", "held"]
    assert "entry" not in {leg["client_order_id"] for leg in head["legs"]}
    twin.do("quote", symbol="AAPL", bid="89", ask="90")
    nested = client.get_order_by_id(head["id"], GetOrderByIdRequest(nested=True))
    assert [leg["status"] for leg in nested["legs"]] == ["new", "held"]
    assert client.get_order_by_id(head["id"])["legs"] is None
    twin.do("quote", symbol="AAPL", bid="80", ask="81")
    ended = client.get_order_by_id(head["id"], GetOrderByIdRequest(nested=True))
    assert [leg["status"] for leg in ended["legs"]] == ["canceled", "filled"]
    assert client.get_all_positions() == []


@rule("the legs of OCO and OTO orders live and die together", "[mem]")
def oco_and_oto(desk: Desk) -> None:
    twin = desk.twin()
    client = desk.client(twin)
    entry = client.submit_order(market(order_class="oto", stop_loss={"stop_price": 95}))
    (stop,) = entry["legs"]
    assert client.get_order_by_id(stop["id"])["status"] == "new"
    client.cancel_order_by_id(stop["id"])
    exits: dict[str, Any] = {"take_profit": {"limit_price": 110}, "stop_loss": {"stop_price": 95, "limit_price": 94}}
    head = client.submit_order(limit(price=110, side="sell", order_class="oco", **exits))
    assert [leg["type"] for leg in head["legs"]] == ["stop_limit"]
    twin.do("quote", symbol="AAPL", bid="110", ask="110.1")
    nested = client.get_orders(GetOrdersRequest(status=QueryOrderStatus.ALL, nested=True, limit=1))[0]
    assert (nested["status"], [leg["status"] for leg in nested["legs"]]) == ("filled", ["canceled"])


@rule("a notional order has no quantity, and fills parts of shares", "§2")
def notional(desk: Desk) -> None:
    client = desk.client(desk.twin())
    order = client.submit_order(market(qty=None, notional=50, client_order_id="n"))
    assert (order["qty"], order["notional"]) == (None, "50")
    after = client.get_order_by_client_id("n")
    assert (after["status"], after["filled_qty"]) == ("filled", "0.499500499")


@rule("parts of shares: DAY only, plain orders only, never short", "§2")
def fractional(desk: Desk) -> None:
    client = desk.client(desk.twin())
    assert client.submit_order(market(qty=0.5))["qty"] == "0.5"
    for asked in (
        limit(qty=0.5, time_in_force="gtc"),
        market(symbol="GRWG", qty=0.5),
        market(symbol="MSFT", qty=0.5, side="sell"),
        market(qty=0.5, order_class="oto", stop_loss={"stop_price": 95}),
    ):
        assert refused(client.submit_order, asked).code == 42210000


@rule("extended hours: DAY or GTC limit orders", "§2")
def extended_hours(desk: Desk) -> None:
    twin = desk.twin()
    client = desk.client(twin)
    twin.do("session", name="pre")
    early = client.submit_order(limit(price=101, extended_hours=True))
    assert client.get_order_by_id(early["id"])["status"] == "filled"
    waits = client.submit_order(limit(price=101))
    assert client.get_order_by_id(waits["id"])["status"] == "accepted"
    twin.do("session", name="open")
    assert client.get_order_by_id(waits["id"])["status"] == "filled"
    assert client.submit_order(limit(extended_hours=True, time_in_force="gtc"))["extended_hours"]
    for asked in (market(extended_hours=True), limit(extended_hours=True, time_in_force="ioc")):
        assert refused(client.submit_order, asked).code == 42210000


@rule("crypto: the order says BTC/USD, the position BTCUSD; GTC or IOC", "§2")
def crypto(desk: Desk) -> None:
    twin = desk.twin()
    client = desk.client(twin)
    twin.do("quote", symbol="BTC/USD", bid="50000", ask="50010")
    order = client.submit_order(market(symbol="BTC/USD", qty=0.01, time_in_force="gtc"))
    assert order["symbol"] == "BTC/USD"
    assert client.get_open_position("BTCUSD")["symbol"] == "BTCUSD"
    assert refused(client.submit_order, market(symbol="BTC/USD", qty=0.01)).code == 42210000
    assert client.close_position("BTCUSD")["side"] == "sell"
    assert client.get_all_positions() == []


@rule("from long to short takes two orders", "§5.13")
def crossing_zero(desk: Desk) -> None:
    client = desk.client(desk.twin(multiplier=2))
    client.submit_order(market(qty=10))
    assert refused(client.submit_order, market(side="sell", qty=15)).code == 40310000
    client.submit_order(market(side="sell", qty=10))
    client.submit_order(market(side="sell", qty=5))
    assert client.get_open_position("AAPL")["qty"] == "-5"


@rule("a trailing stop follows the market and never goes back", "[mem]")
def trailing(desk: Desk) -> None:
    twin = desk.twin()
    client = desk.client(twin)
    client.submit_order(market())
    asked = TrailingStopOrderRequest(symbol="AAPL", qty=10, side="sell", time_in_force="gtc", trail_price=5)
    order = client.submit_order(asked)
    twin.do("quote", symbol="AAPL", bid="110", ask="110.1")
    twin.do("quote", symbol="AAPL", bid="106", ask="106.1")
    told = client.get_order_by_id(order["id"])
    assert (told["hwm"], told["stop_price"], told["status"]) == ("110", "105", "new")
    twin.do("quote", symbol="AAPL", bid="105", ask="105.1")
    assert client.get_order_by_id(order["id"])["filled_avg_price"] == "105"


@rule("IOC takes what there is and FOK all or nothing; neither rests", "[mem]")
def immediate(desk: Desk) -> None:
    twin = desk.twin()
    client = desk.client(twin)
    for tif, filled, status in (("ioc", "4", "canceled"), ("fok", "0", "canceled")):
        twin.do("quote", symbol="AAPL", bid="99", ask="100", ask_size="4")
        order = client.submit_order(limit(price=100, time_in_force=tif))
        told = client.get_order_by_id(order["id"])
        assert (told["filled_qty"], told["status"]) == (filled, status)
    twin.do("quote", symbol="AAPL", bid="99", ask="100", ask_size="40")
    whole = client.submit_order(limit(price=100, time_in_force="fok"))
    assert client.get_order_by_id(whole["id"])["status"] == "filled"


@rule("OPG trades at the open and CLS at the close; DAY orders end with the day, GTC orders stay", "[mem]")
def trading_day(desk: Desk) -> None:
    twin = desk.twin()
    client = desk.client(twin)
    twin.do("session", name="closed")
    made = {
        name: client.submit_order(asked)["id"]
        for name, asked in {
            "opg": market(time_in_force="opg"),
            "day": limit(price=50),
            "gtc": limit(price=51, time_in_force="gtc"),
        }.items()
    }
    assert {one["status"] for one in client.get_orders()} == {"accepted"}
    assert not client.get_clock()["is_open"]
    twin.do("session", name="open")
    made["cls"] = client.submit_order(market(time_in_force="cls"))["id"]
    seen = {name: client.get_order_by_id(one)["status"] for name, one in made.items()}
    assert seen == {"opg": "filled", "day": "new", "gtc": "new", "cls": "accepted"}
    twin.do("session", name="after")
    seen = {name: client.get_order_by_id(one)["status"] for name, one in made.items()}
    assert seen == {"opg": "filled", "day": "expired", "gtc": "new", "cls": "filled"}


@rule("stops are touched by a trade; a stop limit then waits for its limit", "[mem]")
def stops(desk: Desk) -> None:
    twin = desk.twin()
    client = desk.client(twin)
    client.submit_order(market(qty=20))
    exits = {"symbol": "AAPL", "qty": 10, "side": OrderSide.SELL, "time_in_force": TimeInForce.DAY}
    plain = client.submit_order(StopOrderRequest(**exits, stop_price=95))["id"]
    bound = client.submit_order(StopLimitOrderRequest(**exits, stop_price=95, limit_price=101))["id"]
    twin.do("trade", symbol="AAPL", price="95.5")
    assert client.get_order_by_id(plain)["status"] == "new"
    twin.do("trade", symbol="AAPL", price="95")
    assert client.get_order_by_id(plain)["filled_avg_price"] == "100"
    assert client.get_order_by_id(bound)["status"] == "new"
    twin.do("quote", symbol="AAPL", bid="101", ask="101.1")
    assert client.get_order_by_id(bound)["filled_avg_price"] == "101"


@rule("positions are closed by a share, by a part, or all at once", "[src]")
def closing(desk: Desk) -> None:
    twin = desk.twin()
    client = desk.client(twin)
    client.submit_order(market())
    twin.do("quote", symbol="MSFT", bid="50", ask="50.1")
    client.submit_order(market(symbol="MSFT"))
    client.close_position("AAPL", ClosePositionRequest(percentage="50"))
    client.close_position("AAPL", ClosePositionRequest(qty="2"))
    assert client.get_open_position("AAPL")["qty"] == "3"
    assert [one["status"] for one in client.close_all_positions(cancel_orders=True)] == [200, 200]
    assert client.get_all_positions() == []
    assert refused(client.close_position, "AAPL").code == 40410000


@rule("a group ends as one: the entry's cancel takes its legs along, and a leg is replaced in its place", "[mem]")
def groups(desk: Desk) -> None:
    twin = desk.twin()
    client = desk.client(twin)
    exits: dict[str, Any] = {"take_profit": {"limit_price": 120}, "stop_loss": {"stop_price": 80}}
    head = client.submit_order(limit(order_class="bracket", **exits))
    client.cancel_order_by_id(head["id"])
    ended = client.get_order_by_id(head["id"], GetOrderByIdRequest(nested=True))
    assert [leg["status"] for leg in ended["legs"]] == ["canceled", "canceled"]
    head = client.submit_order(market(order_class="bracket", **exits))
    profit, stop = (leg["id"] for leg in head["legs"])
    client.replace_order_by_id(stop, ReplaceOrderRequest(stop_price=85))
    moved = client.replace_order_by_id(profit, ReplaceOrderRequest(limit_price=115))["id"]
    twin.do("fill", order=moved, qty="4", price="115")
    nested = client.get_order_by_id(head["id"], GetOrderByIdRequest(nested=True))
    assert [(leg["status"], leg["qty"]) for leg in nested["legs"]] == [("partially_filled", "10"), ("held", "6")]
    twin.do("quote", symbol="AAPL", bid="85", ask="85.1")
    nested = client.get_order_by_id(head["id"], GetOrderByIdRequest(nested=True))
    assert [(leg["status"], leg["filled_qty"]) for leg in nested["legs"]] == [("canceled", "4"), ("filled", "6")]
    assert client.get_all_positions() == []
