"""The faults of a stream, each seen through the vendor's client, and what is kept: state, journal, secrets."""

import json
import signal
from decimal import Decimal

from alpaca.trading.enums import QueryOrderStatus
from alpaca.trading.requests import GetOrdersRequest

from tests.twins.alpaca.options import options
from tests.twins.alpaca.rules import rule
from tests.twins.alpaca.rules.desk import SECRET, Desk, refused
from tests.twins.alpaca.rules.facts import limit, market
from tests.twins.alpaca.venue import Alpaca
from tests.twins.kit.journal import entries
from tests.twins.kit.remote import started
from tests.twins.kit.replay import differences

FILL = "push trade_updates *fill"
ALL = "push trade_updates *"


@rule("stream messages are lost, doubled, swapped, late and delayed as armed", "§8")
def mangled(desk: Desk) -> None:
    for kind, more, heard in (
        ("lose", {}, ["pending_new", "fill"]),
        ("duplicate", {"copies": 2}, ["pending_new", "new", "new", "new", "fill"]),
        ("swap", {}, ["pending_new", "fill", "new"]),
        ("late", {"milliseconds": 200}, ["pending_new", "fill", "new"]),
        ("delay", {"milliseconds": 200}, ["pending_new", "new", "fill"]),
    ):
        twin = desk.twin()
        listener = desk.updates(twin)
        twin.arm(kind, ALL, nth=2, **more)
        desk.client(twin).submit_order(market())
        listener.until(len(heard))
        assert listener.events() == heard, kind


@rule("a held stream gives everything in order later; a muted one is half-open and gives nothing", "§8")
def held_and_muted(desk: Desk) -> None:
    for kind, heard in (
        ("hold", ["pending_new", "new", "fill", "pending_new", "new"]),
        ("mute", ["pending_new", "new"]),
    ):
        twin = desk.twin()
        listener = desk.updates(twin)
        client = desk.client(twin)
        twin.arm(kind, ALL)
        client.submit_order(market())
        assert client.get_orders(GetOrdersRequest(status=QueryOrderStatus.CLOSED))[0]["status"] == "filled"
        assert listener.heard == []
        twin.disarm()
        client.submit_order(limit())
        listener.until(len(heard))
        assert listener.events() == heard


@rule("a stream that ends in the middle loses that message, and comes back", "§8")
def cut_off(desk: Desk) -> None:
    for kind in ("close", "reset"):
        twin = desk.twin()
        listener = desk.updates(twin)
        client = desk.client(twin)
        twin.arm(kind, FILL)
        client.submit_order(market())
        twin.until_called("GET /stream", 2)
        twin.until_listened()
        client.submit_order(limit(client_order_id="after"))
        listener.until_events("pending_new", "new", "pending_new", "new")


@rule(
    "a half-open stream is noticed by unanswered pings: after 10 and 180 seconds unless websocket_params say less",
    "[src]",
)
def half_open(desk: Desk) -> None:
    twin = desk.twin()
    assert desk.updates(twin).stream._websocket_params == {"ping_interval": 10, "ping_timeout": 180, "max_queue": 1024}
    twin = desk.twin()
    listener = desk.updates(twin, websocket_params={"ping_interval": 0.05, "ping_timeout": 0.2})
    twin.arm("mute", ALL)
    twin.until_called("GET /stream", 2)
    assert listener.running


@rule("a data stream that is connected and mute is noticed when data_timeout is given, and not otherwise", "[src]")
def mute_data(desk: Desk) -> None:
    twin = desk.twin()
    assert desk.quotes(twin, "AAPL").stream._data_timeout is None
    twin = desk.twin()
    desk.quotes(twin, "AAPL", data_timeout=0.1)
    twin.until_called("GET /v2/iex", 2)


@rule("orders fill in parts as the quote's size allows", "§8")
def partial_fills(desk: Desk) -> None:
    twin = desk.twin()
    listener = desk.updates(twin)
    client = desk.client(twin)
    client.submit_order(limit(price=100))
    for size in ("3", "2.5", "100"):
        twin.do("quote", symbol="AAPL", bid="99", ask="100", ask_size=size)
    twin.until(lambda: listener.events()[2:] == ["partial_fill", "partial_fill", "fill"])
    assert [message["data"].get("qty") for message in listener.heard[2:]] == ["3", "2.5", "4.5"]


@rule("a fault bites at the nth match, so many times", "§8")
def counted(desk: Desk) -> None:
    twin = desk.twin()
    client = desk.client(twin)
    twin.arm("status_before", "GET /v2/account", nth=2, times=2, status=503)
    seen = []
    for _ in range(4):
        try:
            client.get_account()
            seen.append(200)
        except Exception as error:  # noqa: BLE001 -- its status is looked at
            seen.append(getattr(error, "status_code", 0))
    assert seen == [200, 503, 503, 200]


@rule("500 fills in one burst arrive, in order and once", "§8")
def burst(desk: Desk) -> None:
    twin = desk.twin()
    listener = desk.updates(twin)
    order = desk.client(twin).submit_order(limit(qty=500))
    for _ in range(500):
        twin.do("fill", order=order["id"], qty="1", price="90")
    listener.until(502)
    told = [Decimal(message["data"]["order"]["filled_qty"]) for message in listener.heard[2:]]
    assert told == [Decimal(n) for n in range(1, 501)]


@rule("its state outlives a kill -9: orders, fills, positions, cash, and no id is taken twice", "§8")
def kept(desk: Desk) -> None:
    folder = desk.folder()
    with started("tests.twins.alpaca", folder) as twin:
        twin.do("quote", symbol="AAPL", bid="100", ask="100.1")
        client = desk.client(twin)
        client.submit_order(market(client_order_id="filled"))
        client.submit_order(limit(client_order_id="resting"))
        before = twin.ledger()
        assert twin.process is not None
        twin.process.send_signal(signal.SIGKILL)
        twin.process.wait()
    with started("tests.twins.alpaca", folder) as twin:
        client = desk.client(twin)
        assert twin.ledger() == before
        assert refused(client.submit_order, limit(client_order_id="filled")).status_code == 422
        client.cancel_order_by_id(client.get_order_by_client_id("resting")["id"])
        new = client.submit_order(limit(client_order_id="third"))
        assert new["id"] not in {order["id"] for order in before["orders"]}


@rule("a run is replayed from its journal to the same answers and messages", "§8")
def replayed(desk: Desk) -> None:
    folder = desk.folder()
    twin = desk.twin(data=folder)
    desk.updates(twin)
    client = desk.client(twin)
    twin.arm("status_after", "POST /v2/orders", nth=2, status=504)
    first = client.submit_order(market(client_order_id="a"))
    refused(client.submit_order, limit(client_order_id="b"))
    client.cancel_orders()
    twin.do("fill", order=first["id"], qty="1", price="100")
    client.get("/account/activities/FILL")
    run = list(entries(folder / "journal.jsonl"))
    fresh = options({"rate_per_min": "100000"})
    assert differences(run, Alpaca(fresh)) == []
    assert differences(run, Alpaca(options({"cash": "5"}, fresh))) != []
    telling = next(
        entry for entry in run if [name for name, _ in entry.get("pushes", ())] == ["push trade_updates fill"]
    )
    telling["pushes"] = []
    (other,) = differences(run, Alpaca(fresh))
    assert f"entry {telling['n']}: fill now pushes" in other


@rule("no key and no secret is in the journal or in the kept state", "§7")
def redacted(desk: Desk) -> None:
    folder = desk.folder()
    twin = desk.twin(data=folder)
    desk.updates(twin)
    desk.quotes(twin, "AAPL")
    desk.client(twin).submit_order(market())
    refused(desk.client(twin, secret="another-secret").get_account)
    written = (folder / "journal.jsonl").read_text() + (folder / "state.jsonl").read_text()
    assert not [word for word in (SECRET, "twin-key", "another-secret") if word in written]
    assert json.dumps("[redacted]") in written
