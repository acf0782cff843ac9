"""From SIGNALS to the log, whatever is published."""

import asyncio
import random
from collections import Counter
from pathlib import Path
from signal import SIGHUP

import pytest

from tests.integration.ingest.plant import Plant, cancel, signal
from tests.processes import Child, child
from tests.waiting import soon
from tradewire.bus import Bus, JetStreamError
from tradewire.messages.strict_json import BODY_LIMIT
from tradewire.settings import Nats
from tradewire_cli.engines.testing import Engines, running_engines
from tradewire_ingest.stream import wanted


async def test_each_signal_is_received_once_however_often_and_in_whatever_order_it_comes(plant: Plant) -> None:
    names = [f"s-{n}" for n in range(40)]
    came = [name for name in names for _ in range(10)]
    random.Random(7).shuffle(came)
    async with plant.ingest():
        for name in came:
            await plant.publish("momo", signal(name))
        await plant.until_settled()
    received = [data["signal_id"] for data in await plant.data("SignalReceived")]
    requested = [data["signal_id"] for data in await plant.data("OrderRequested")]
    assert sorted(received) == sorted(requested) == sorted(names)
    assert received == list(dict.fromkeys(came))
    assert await plant.data("SignalRefused") == []
    await plant.assert_clean()


BAD: list[tuple[str, bytes, str, str]] = [
    ("momo", b"", "BODY_EMPTY", "body"),
    ("momo", b"buy AAPL", "JSON_MALFORMED", "body"),
    ("momo", b"\xff\xfe{\x00", "JSON_BOM", "body"),
    ("momo", b'{"id":"\xff"}', "JSON_ENCODING", "body"),
    ("momo", b"null", "JSON_NOT_OBJECT", "body"),
    ("momo", b"[" * 5_000, "JSON_TOO_DEEP", "body"),
    ("momo", signal("x", extra="x" * BODY_LIMIT), "BODY_TOO_LARGE", "body"),
    ("momo", b'{"id":"a","quantity":1,"quantity":1000}', "JSON_DUPLICATE_KEY", "body"),
    ("momo", signal("x") + signal("y"), "JSON_MANY_DOCUMENTS", "body"),
    ("momo", b'{"id":"a","symbol":"AAPL","action":"buy","quantity":NaN}', "JSON_NOT_FINITE", "body"),
    ("momo", signal("x", quantity="1e999999"), "NUMBER_INVALID", "quantity"),
    ("momo", signal("x", quantity=0), "NUMBER_NOT_POSITIVE", "quantity"),
    ("momo", signal("x", quantity=-1), "NUMBER_NOT_POSITIVE", "quantity"),
    ("momo", signal("x", quantity="1_000"), "NUMBER_INVALID", "quantity"),
    ("momo", signal("x", quantity=True), "WRONG_TYPE", "quantity"),
    ("momo", signal("x", quantity=None), "SIZE_MISSING", "quantity"),
    ("momo", signal("x", qunatity=1), "FIELD_UNKNOWN", "qunatity"),
    ("momo", signal("../etc"), "ID_INVALID", "id"),
    ("momo", signal("a\n"), "ID_INVALID", "id"),
    ("momo", signal("x" * 65), "ID_INVALID", "id"),
    ("momo", signal("x", symbol="NASDAQ:AAPL"), "SYMBOL_INVALID", "symbol"),
    ("momo", signal("x", symbol="aapl"), "SYMBOL_INVALID", "symbol"),
    ("momo", signal("x", action="long"), "WORD_UNKNOWN", "action"),
    ("momo", signal("x", order_type="limit"), "ORDER_PRICE_MISSING", "limit_price"),
    ("momo", signal("x", timestamp="2026-01-05T14:30:00"), "TIME_NO_ZONE", "timestamp"),
    ("momo", signal("x", valid_until=1767623400), "TIME_EPOCH", "valid_until"),
    ("momo", signal("x", stop_loss={"percent": 1}), "NOT_SUPPORTED_YET", "stop_loss"),
    ("momo", signal("x", action="replace"), "NOT_SUPPORTED_YET", "action"),
    ("momo", signal("x", account="third"), "ACCOUNT_UNKNOWN", "account"),
    ("momo", signal("good", quantity=11), "IDEMPOTENCY_CONFLICT", "id"),
    ("momo", b" " + signal("good"), "IDEMPOTENCY_CONFLICT", "id"),
    ("Momo", signal("x"), "NAME_INVALID", "strategy"),
    ("мomo", signal("x"), "NAME_INVALID", "strategy"),
]


async def test_what_is_no_signal_is_refused_once_at_its_first_delivery_and_stalls_nothing(plant: Plant) -> None:
    async with plant.ingest() as ingest:
        await plant.publish("momo", signal("good"))
        for strategy, raw, _, _ in BAD:
            await plant.publish(strategy, raw, user="strategy-momo" if strategy == "momo" else "admin")
        await plant.publish("momo", signal("last"))
        await plant.until_settled()
        output = ingest.output()
    # A conflict is known only after the append that meets it, so its refusal may come after that of a later message.
    refused = sorted(await plant.data("SignalRefused"), key=lambda data: data["sequence"])
    wanted = [(n, code, field) for n, (_, _, code, field) in enumerate(BAD, start=2)]
    assert [(data["sequence"], data["code"], data["field"]) for data in refused] == wanted
    assert [data["size"] for data in refused] == [len(raw) for _, raw, _, _ in BAD]
    assert all(data["message"] and data["expected"] for data in refused)
    assert [data["signal_id"] for data in await plant.data("SignalReceived")] == ["good", "last"]
    assert await plant.delivered_again() == 0
    assert output.count('"signal refused"') == len(BAD)
    assert "Traceback" not in output
    await plant.assert_clean()


async def test_a_message_id_swallows_neither_another_strategys_signal_nor_another_body(plant: Plant) -> None:
    async with plant.ingest():
        momo, slow = await plant.bus("strategy-momo"), await plant.bus("strategy-slow")
        header = {"Nats-Msg-Id": "momo:exit-1"}
        for bus, strategy, raw in (
            (slow, "slow", b"{}"),
            (momo, "momo", signal("exit-1")),
            (momo, "momo", signal("exit-1", quantity=11)),
        ):
            await bus.publish(f"signals.{strategy}", raw, headers=header)
            await bus.flush()
            await asyncio.sleep(0.3)
        await plant.until_settled()
    refused = sorted(await plant.data("SignalRefused"), key=lambda data: data["sequence"])
    assert [data["signal_id"] for data in await plant.data("SignalReceived")] == ["exit-1"]
    assert [data["code"] for data in refused] == ["FIELD_MISSING", "IDEMPOTENCY_CONFLICT"]
    await plant.assert_clean()


async def test_a_cancel_reaches_the_orders_that_were_requested_just_before_it(plant: Plant) -> None:
    async with plant.ingest():
        await plant.bus("strategy-momo")
        await plant.bus("strategy-slow")
        for n in range(20):
            await plant.publish("momo", signal(f"b-{n}"))
            await plant.publish("momo", cancel(f"c-{n}"))
        await plant.publish("slow", cancel("c"))
        await plant.until_settled()
    orders = {data["signal_id"]: data["order"] for data in await plant.data("OrderRequested")}
    canceled = Counter(data["order"] for data in await plant.data("OrderCancelRequested"))
    assert set(canceled) == set(orders.values())
    assert canceled[orders["b-19"]] == 1
    assert canceled[orders["b-0"]] == 20  # nobody has ended it: each cancel asks again
    [nothing] = await plant.data("NothingToDo")
    assert "slow" in nothing["reason"]
    await plant.assert_clean()


async def test_a_cancel_that_comes_again_later_cancels_nothing_new(plant: Plant) -> None:
    async with plant.ingest():
        await plant.publish("momo", signal("b-1"))
        await plant.publish("momo", cancel("c-1"))
        await plant.publish("momo", signal("b-2"))
        await plant.publish("momo", cancel("c-1"))
        await plant.until_settled()
    first = (await plant.data("OrderRequested"))[0]["order"]
    assert [data["order"] for data in await plant.data("OrderCancelRequested")] == [first]
    assert await plant.data("SignalRefused") == []


async def test_the_body_is_kept_byte_by_byte(plant: Plant) -> None:
    raw = (
        b'{ "id": "s-1",\n\t"symbol":"AAPL", "action":"buy", "quantity": 10.50, "extra": {"note": "\xc3\xa9\\u00e9"} }'
    )
    async with plant.ingest():
        await plant.publish("momo", b"\n " + raw + b"\r\n")
        await plant.until_settled()
    bus = await plant.bus("admin")
    [message] = [m for m in await bus.direct_get("LOG_main", 1, batch=100) if b"SignalReceived" in m.data]
    assert raw in message.data


async def test_a_full_stream_refuses_new_signals_and_loses_none(plant: Plant) -> None:
    async with plant.ingest({"TRADEWIRE_INGEST_STREAM_MAX_BYTES": "4096"}):
        taken = 0

        async def publish_many() -> None:
            nonlocal taken
            for n in range(200):
                await plant.publish("momo", signal(f"s-{n}"))
                taken += 1

        with pytest.raises(JetStreamError) as refused:
            await publish_many()
        assert refused.value.code == 10077  # maximum bytes exceeded
        await plant.until_settled()
    assert taken > 0
    assert [data["signal_id"] for data in await plant.data("SignalReceived")] == [f"s-{n}" for n in range(taken)]


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"discard": "old"}, "stream SIGNALS: discard: is 'old' and must be 'new'"),
        ({"storage": "memory"}, "stream SIGNALS: storage"),
        ({"deny_purge": False}, "stream SIGNALS: deny_purge"),
        ({"metadata": {}}, "stream SIGNALS: metadata.instance"),
    ],
)
async def test_a_stream_with_other_settings_is_refused_at_start(
    folder: Path, change: dict[str, object], key: str
) -> None:
    async with running_engines(folder, postgres=False) as engines:
        bus = await Bus.connect(Nats(url=engines.nats_url, nkey_file=str(engines.nkey_file("admin"))), "admin")
        await bus.api("STREAM.CREATE.SIGNALS", {**wanted(1 << 20), "metadata": {"instance": "x"}, **change})
        line = await refusal_to_start(engines, folder)
        await bus.close()
    assert line.startswith(f"tradewire ingest: {key}")
    assert "nats stream edit" in line


async def test_a_consumer_that_cannot_be_set_right_is_refused_at_start(folder: Path) -> None:
    async with running_engines(folder, postgres=False) as engines:
        bus = await Bus.connect(Nats(url=engines.nats_url, nkey_file=str(engines.nkey_file("admin"))), "admin")
        await bus.api("STREAM.CREATE.SIGNALS", {**wanted(1 << 20), "metadata": {"instance": "x"}})
        config = {"durable_name": "ingest-main", "name": "ingest-main", "ack_policy": "all"}
        await bus.api("CONSUMER.CREATE.SIGNALS.ingest-main", {"stream_name": "SIGNALS", "config": config})
        line = await refusal_to_start(engines, folder)
        await bus.close()
    assert line.startswith("tradewire ingest: consumer ingest-main of stream SIGNALS: ")
    assert "nats consumer rm SIGNALS ingest-main" in line


async def refusal_to_start(engines: Engines, folder: Path) -> str:
    """The one line with which ingest refuses to start."""
    async with child(
        "tradewire_ingest", engines, "ingest", folder, {"TRADEWIRE_INGEST_STREAM_MAX_BYTES": "1048576"}
    ) as it:
        assert await it.ended() == 2
        [line] = [line for line in it.output().splitlines() if line.startswith("tradewire ingest:")]
    return line


async def test_an_account_added_to_the_settings_is_known_after_a_reload(plant: Plant) -> None:
    config = plant.folder / "tradewire.toml"
    config.write_text("[accounts.paper]\n")
    async with plant.ingest({"TRADEWIRE_CONFIG": str(config)}) as ingest:
        await plant.publish("momo", signal("s-1", account="second"))
        await plant.until_settled()
        config.write_text("[accounts.paper]\n[accounts.second]\n[strategies.momo]\naccount = 'second'\n")
        ingest.send(SIGHUP)
        await soon(lambda: said(ingest, "settings reloaded"))
        await plant.publish("momo", signal("s-2"))
        await plant.until_settled()
    assert [data["code"] for data in await plant.data("SignalRefused")] == ["ACCOUNT_UNKNOWN"]
    assert [data["account"] for data in await plant.data("OrderRequested")] == ["second"]


async def test_the_size_of_the_stream_follows_the_setting(plant: Plant) -> None:
    admin = await plant.bus("admin")
    for size in (1 << 20, 1 << 21):
        async with plant.ingest({"TRADEWIRE_INGEST_STREAM_MAX_BYTES": str(size)}):
            info = await admin.api("STREAM.INFO.SIGNALS")
            assert info["config"]["max_bytes"] == size


async def test_time_is_that_of_the_quotes_where_quotes_are_the_clock(plant: Plant) -> None:
    feed = await plant.bus("feed")
    quote = b'{"symbol":"AAPL","at":%d,"last":"187.5"}'
    async with plant.ingest({"TRADEWIRE_CLOCK": "quotes"}, ready=False) as ingest:
        await soon(lambda: said(ingest, "working on SIGNALS"))
        await plant.publish("momo", signal("s-1"))
        assert not ingest.ready()
        assert await plant.data("SignalReceived") == []
        for at in (1_700_000_000_000_000, 1_600_000_000_000_000):
            await feed.publish("quotes.paper.AAPL", quote % at)
        await plant.until_settled()
        await ingest.until_ready()
    [(_, _, _, _, time, data)] = await plant.rows("SignalReceived")
    assert (time, data["clock"]) == (1_700_000_000_000_000, "quotes")


async def said(of: Child, what: str) -> bool:
    return what in of.output()
