"""trade_updates: the handshake, the frames, what comes when, and what does not come at all."""

import asyncio
import inspect
from threading import Thread
from typing import Any
from uuid import UUID

from alpaca.trading.requests import ReplaceOrderRequest
from alpaca.trading.stream import TradingStream
from websockets.legacy import client as legacy

from tests.twins.alpaca.options import values
from tests.twins.alpaca.rules import rule
from tests.twins.alpaca.rules.desk import Desk, ended, refused
from tests.twins.alpaca.rules.facts import limit, market


@rule("authenticate → authorized, listen → listening, with the key under data", "§2 [doc, run]")
def handshake(desk: Desk) -> None:
    twin = desk.twin()
    desk.updates(twin)
    frames = [
        (entry["kind"], entry["frame"])
        for entry in twin.journal()
        if entry["kind"] in {"in", "out"} and "frame" in entry
    ]
    hidden = {"key_id": "[redacted]", "secret_key": "[redacted]"}
    assert frames == [
        ("in", {"action": "authenticate", "data": hidden}),
        ("out", {"stream": "authorization", "data": {"status": "authorized", "action": "authenticate"}}),
        ("in", {"action": "listen", "data": {"streams": ["trade_updates"]}}),
        ("out", {"stream": "listening", "data": {"streams": ["trade_updates"]}}),
    ]


@rule("frames of JSON, binary on paper and perhaps text on live: the library reads both", "§2 [option]")
def frames(desk: Desk) -> None:
    for value in values("trade_frames"):
        twin = desk.twin(trade_frames=value)
        listener = desk.updates(twin)
        desk.client(twin).submit_order(market())
        listener.until_events("pending_new", "new", "fill")
        sent = {entry["binary"] for entry in twin.journal() if entry["kind"] == "out" and "binary" in entry}
        assert sent == {value == "binary"}


@rule("pending_new → new → fill; execution_id on each, event_id of 26 characters or none, settle_date", "§2 [option]")
def order_of_events(desk: Desk) -> None:
    for value in values("event_ids"):
        twin = desk.twin(event_ids=value)
        listener = desk.updates(twin)
        order = desk.client(twin).submit_order(market())
        listener.until(3)
        told = [message["data"] for message in listener.heard]
        assert [one["event"] for one in told] == ["pending_new", "new", "fill"]
        assert {one["order"]["id"] for one in told} == {order["id"]}
        assert [len(str(UUID(one["execution_id"]))) for one in told] == [36] * 3
        assert [len(one.get("event_id", "")) for one in told] == ([26] * 3 if value == "sent" else [0] * 3)
        fill = told[-1]
        assert (fill["price"], fill["qty"], fill["position_qty"]) == ("100.1", "10", "10")
        assert "settle_date" in fill


@rule("the UUID of a FILL activity's id is the stream's execution_id, or another", "§4 [option]")
def activity_ids(desk: Desk) -> None:
    for value in values("activity_id"):
        twin = desk.twin(activity_id=value)
        listener = desk.updates(twin)
        client = desk.client(twin)
        client.submit_order(market())
        listener.until(3)
        (activity,) = client.get("/account/activities/FILL")
        same = activity["id"].partition("::")[2] == listener.heard[-1]["data"]["execution_id"]
        assert same == (value == "execution")


@rule(
    "typed updates: prices are floats, an unknown event is text, event_id is gone; an unknown status is lost",
    "§2 [run]",
)
def typed(desk: Desk) -> None:
    twin = desk.twin()
    listener = desk.updates(twin, typed=True)
    client = desk.client(twin)
    order = client.submit_order(market())
    listener.until(3)
    fill = listener.heard[-1]
    assert type(fill.price) is float
    assert type(fill.qty) is float
    assert not hasattr(fill, "event_id")
    twin.do("refuse_cancel", order=order["id"])
    listener.until(4)
    assert type(listener.heard[-1].event) is str
    assert listener.heard[-1].event == "order_cancel_rejected"
    twin.do("restate", order=order["id"], status="invented")
    twin.do("restate", order=order["id"], status="calculated")
    listener.until(5)
    assert [one.order.status for one in listener.heard[4:]] == ["calculated"]


@rule("the library runs in a loop as a task of _run_forever(); run() makes a loop of its own", "§2 [src]")
def own_loop(desk: Desk) -> None:
    assert inspect.iscoroutinefunction(TradingStream._run_forever)
    assert "asyncio.run(" in inspect.getsource(TradingStream.run)
    twin = desk.twin()

    async def heard() -> int:
        stream: Any = TradingStream(
            "twin-key", "twin-secret", raw_data=True, url_override=twin.url.replace("http", "ws") + "/stream"
        )
        messages: asyncio.Queue[object] = asyncio.Queue()
        stream.subscribe_trade_updates(messages.put)
        task = asyncio.create_task(stream._run_forever())
        while not await asyncio.to_thread(lambda: any(one["ready"] for one in twin.streams())):
            await asyncio.sleep(0.01)
        await asyncio.to_thread(twin.do, "submit", symbol="AAPL", qty=1, side="buy", type="market", time_in_force="day")
        await messages.get()
        await ended(task)
        await stream.close()
        return 1

    assert asyncio.run(heard()) == 1


@rule("the library still uses websockets.legacy", "§2 [src]")
def legacy_sockets(desk: Desk) -> None:
    twin = desk.twin()
    listener = desk.updates(twin)
    assert isinstance(listener.stream._ws, legacy.WebSocketClientProtocol)


@rule("bad keys: the stream tries again for ever and never tells its caller", "§2 [run]")
def bad_keys(desk: Desk) -> None:
    twin = desk.twin()
    listener = desk.updates(twin, secret="wrong", ready=False)
    twin.until_called("GET /stream", 3)
    assert listener.running
    assert listener.heard == []


@rule("it reconnects by itself and replays nothing: two fills inside are only in REST", "§2 [run]")
def nothing_replayed(desk: Desk) -> None:
    twin = desk.twin()
    listener = desk.updates(twin)
    client = desk.client(twin)
    order = client.submit_order(limit(client_order_id="away"))
    listener.until_events("pending_new", "new")
    fault = twin.arm("status_before", "GET /stream", times=0, status=503)
    twin.hang_up()
    twin.until(lambda: not twin.streams())
    for qty in ("4", "6"):
        twin.do("fill", order=order["id"], qty=qty, price="90")
    twin.disarm(fault)
    twin.until_listened()
    client.submit_order(limit(client_order_id="back"))
    twin.until(lambda: len(listener.events()) == 4)
    assert listener.events() == ["pending_new", "new", "pending_new", "new"]
    assert client.get_order_by_client_id("away")["status"] == "filled"
    assert [one["qty"] for one in client.get("/account/activities/FILL")] == ["6", "4"]


@rule("_start_ws is called at every connection: the place to reconcile", "§2 [run]")
def hook(desk: Desk) -> None:
    twin = desk.twin()
    listener = desk.updates(twin)
    start = listener.stream._start_ws
    starts = []

    async def counted() -> None:
        await start()
        starts.append(len(twin.ledger()["orders"]))

    listener.stream._start_ws = counted
    twin.hang_up()
    twin.until(lambda: starts)
    twin.hang_up(reset=True)
    twin.until(lambda: len(starts) >= 2)


@rule("a second trade_updates connection is served, or refused", "§2 [option]")
def second_stream(desk: Desk) -> None:
    for value in values("second_stream"):
        twin = desk.twin(second_stream=value)
        first = desk.updates(twin)
        second = desk.updates(twin, ready=value == "served")
        if value == "refused":
            twin.until_called("GET /stream", 3)
        desk.client(twin).submit_order(market())
        first.until(3)
        if value == "served":
            second.until(3)
        assert len(second.heard) == (3 if value == "served" else 0)


@rule("stream events may beat the answer to the POST: they are known by the client id", "§2 [run]")
def stream_first(desk: Desk) -> None:
    twin = desk.twin()
    listener = desk.updates(twin)
    client = desk.client(twin)
    answered: list[Any] = []
    held = twin.arm("wait_after", "POST /v2/orders")
    asking = Thread(target=lambda: answered.append(client.submit_order(market(client_order_id="fast"))))
    asking.start()
    try:
        listener.until(3)
        assert answered == []
    finally:
        twin.disarm(held)
        asking.join()
    assert answered[0]["status"] == "pending_new"
    assert {message["data"]["order"]["client_order_id"] for message in listener.heard} == {"fast"}


@rule("a replacement tells replaced of the old order and new of the new one, at once or after a while", "§2 [option]")
def replaced(desk: Desk) -> None:
    for value in values("replacements"):
        twin = desk.twin(replacements=value)
        listener = desk.updates(twin)
        client = desk.client(twin)
        old = client.submit_order(limit())
        new = client.replace_order_by_id(old["id"], ReplaceOrderRequest(limit_price=91))
        begun = []
        if value == "pending":
            assert client.get_order_by_id(old["id"])["status"] == "pending_replace"
            twin.do("settle", order=old["id"])
            begun = [("pending_replace", old["id"])]
        assert client.get_order_by_id(old["id"])["status"] == "replaced"
        listener.until(4 + len(begun))
        told = [(message["data"]["event"], message["data"]["order"]["id"]) for message in listener.heard]
        assert told[2:] == [*begun, ("replaced", old["id"]), ("new", new["id"])]


@rule("the answer to a replacement promises nothing: a fill of the old order may reject the new one", "[doc]")
def replaced_too_late(desk: Desk) -> None:
    twin = desk.twin(replacements="pending")
    listener = desk.updates(twin)
    client = desk.client(twin)
    old = client.submit_order(limit())["id"]
    new = client.replace_order_by_id(old, ReplaceOrderRequest(limit_price=91))["id"]
    twin.do("fill", order=old, qty="10", price="90")
    listener.until(6)
    told = [(message["data"]["event"], message["data"]["order"]["id"]) for message in listener.heard[2:]]
    assert told == [("pending_replace", old), ("fill", old), ("order_replace_rejected", old), ("rejected", new)]
    second = client.submit_order(limit())["id"]
    client.replace_order_by_id(second, ReplaceOrderRequest(limit_price=91))
    assert refused(client.cancel_order_by_id, second).status_code == 422
    twin.do("refuse_replace", order=second)
    assert client.get_order_by_id(second)["status"] == "new"
    third = client.replace_order_by_id(second, ReplaceOrderRequest(limit_price=92))["id"]
    twin.do("settle", order=second)
    assert client.get_order_by_id(second)["status"] == "replaced"
    assert client.get_order_by_id(third)["status"] == "new"
    assert client.get_account()["buying_power"] == "98180"


@rule("the end of a cancel comes over the stream; it may be refused, or a fill may come after it", "§2, §7")
def late_fill(desk: Desk) -> None:
    twin = desk.twin(cancels="pending")
    listener = desk.updates(twin)
    client = desk.client(twin)
    order = client.submit_order(limit())
    client.cancel_order_by_id(order["id"])
    twin.do("refuse_cancel", order=order["id"])
    client.cancel_order_by_id(order["id"])
    twin.do("settle", order=order["id"])
    twin.do("fill", order=order["id"], qty="3", price="90")
    listener.until(7)
    assert listener.events()[2:] == [
        "pending_cancel",
        "order_cancel_rejected",
        "pending_cancel",
        "canceled",
        "partial_fill",
    ]
    last = listener.heard[-1]["data"]["order"]
    assert (last["status"], last["filled_qty"]) == ("canceled", "3")


@rule("an overfill is what the venue says it is", "§8")
def overfill(desk: Desk) -> None:
    twin = desk.twin()
    listener = desk.updates(twin)
    client = desk.client(twin)
    order = client.submit_order(market())
    twin.do("fill", order=order["id"], qty="5", price="100.1")
    listener.until(4)
    assert listener.heard[-1]["data"]["order"]["filled_qty"] == "15"
    assert client.get_open_position("AAPL")["qty"] == "15"


@rule("busts and corrections come over the stream, or silently", "§8 [option]")
def busts(desk: Desk) -> None:
    for value in values("busts"):
        twin = desk.twin(busts=value)
        listener = desk.updates(twin)
        client = desk.client(twin)
        order = client.submit_order(market())
        listener.until(3)
        first = listener.heard[-1]["data"]["execution_id"]
        second = twin.do("correct", execution=first, price="100.05")["execution"]
        assert [one["price"] for one in client.get("/account/activities/FILL")] == ["100.05"]
        twin.do("bust", execution=second)
        assert client.get("/account/activities/FILL") == []
        assert client.get_all_positions() == []
        assert client.get_account()["cash"] == "100000"
        client.cancel_orders()
        assert client.get_order_by_id(order["id"])["filled_qty"] == "0"
        if value == "streamed":
            listener.until(5)
            told = [message["data"] for message in listener.heard[3:5]]
            assert [one["event"] for one in told] == ["trade_correct", "trade_bust"]
            assert [one["previous_execution_id"] for one in told] == [first, second]
        else:
            assert not {"trade_bust", "trade_correct"} & set(listener.events())


@rule("an order may be rejected after it was accepted", "[src]")
def rejected_late(desk: Desk) -> None:
    twin = desk.twin()
    listener = desk.updates(twin)
    order = desk.client(twin).submit_order(limit())
    twin.do("reject", order=order["id"])
    listener.until_events("pending_new", "new", "rejected")


@rule("somebody's order by hand is told like any other, under a client id of the server's", "§8")
def manual(desk: Desk) -> None:
    twin = desk.twin()
    listener = desk.updates(twin)
    twin.do("submit", symbol="AAPL", qty="1", side="buy", type="market", time_in_force="day")
    listener.until(3)
    assert UUID(listener.heard[0]["data"]["order"]["client_order_id"]).version == 5
