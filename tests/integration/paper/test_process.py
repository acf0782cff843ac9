"""The paper broker as a process: its start, its door, its clock, and life without NATS."""

import asyncio
import os
import resource
import sys
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.contract.brokers.bench import Trader, an_order, error_code, eventually
from tests.contract.brokers.paper_bench import PaperBench, paper_bench
from tradewire.bus import Bus
from tradewire.settings import Nats, Paper
from tradewire_cli.engines.testing import running_engines
from tradewire_router.brokers import errors
from tradewire_router.brokers import events as e
from tradewire_router.brokers.paper import PaperBroker
from tradewire_router.brokers.results import Found, SubmitUnknown
from tradewire_router.brokers.values import OrderRef
from tradewire_router.paper import endpoint, wire
from tradewire_router.paper.bars import DAY


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[PaperBench]:
    async with paper_bench(tmp_path, quotes=False, price_from_signal=True) as running:
        yield running
        assert running.violations() == []


def priced(**changes: Any) -> Any:
    return an_order(reference_price=Decimal(100), **changes)


async def start(folder: Path, **settings: str) -> tuple[int, str]:
    """Starts a paper broker that must refuse, and returns its exit code and its words."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("TRADEWIRE_")}
    env |= {"TRADEWIRE_PAPER_JOURNAL": str(folder)}
    env |= {f"TRADEWIRE_{key}": value for key, value in settings.items()}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tradewire_router.paper"),
        env=env,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"PAPER_ADDRESS": "nowhere"}, "paper.address"),
        ({"PAPER_PARTIAL_RATIO": "1.5"}, "paper.partial_ratio"),
        ({"PAPER_SLIPPAGE_BPS": "10000"}, "paper.slippage_bps"),
        ({"PAPER_STARTING_CASH": "-1"}, "paper.starting_cash"),
        ({"PAPER_STARTING_CASH": "NaN"}, "paper.starting_cash"),
        ({"PAPER_LATENCY_MS": "5", "CLOCK": "quotes"}, "paper.latency_ms"),
        ({"PAPER_FILL": "best"}, "paper.fill"),
        ({"HTTP_PORT": "70000"}, "http.port"),
    ],
)
async def test_a_wrong_setting_is_named_with_its_fix(tmp_path: Path, settings: dict[str, str], key: str) -> None:
    code, said = await start(tmp_path, **settings)
    assert code == 2
    assert key in said
    assert len(said.splitlines()) == 1


async def test_a_second_broker_on_one_journal_is_refused(bench: PaperBench) -> None:
    code, said = await start(bench.journal)
    assert (code, "in use by another paper broker" in said) == (2, True)


async def test_a_journal_that_contradicts_itself_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").write_bytes(b"{}\n{}\n")
    code, said = await start(tmp_path)
    assert (code, "cannot be read" in said) == (1, True)


async def test_it_ends_in_order_and_goes_on_where_it_was(bench: PaperBench) -> None:
    broker = await bench.broker()
    await broker.submit(priced())
    assert await bench.stop() == 0
    await bench.start()
    (position,) = await eventually(_when_up(broker, broker.positions), bool)
    assert position.quantity == 10
    await broker.close()


def _when_up(broker: Any, ask: Any) -> Any:
    async def answer() -> Any:
        try:
            return await ask()
        except errors.BrokerConnectionError:
            return None

    return answer


async def test_accounts_are_apart(bench: PaperBench) -> None:
    first, second = Trader(bench, await bench.broker()), Trader(bench, await bench.broker(account="second"))
    order = priced()
    await first.accepted(order)
    await first.until_heard(e.Fill, order.client_order_id)
    assert await first.holding("AAPL") == 10
    assert await second.holding("AAPL") == 0
    assert await second.cash() == 100_000
    await second.accepted(priced(client_order_id=order.client_order_id, quantity=Decimal(1)))
    await second.until_heard(e.Fill, order.client_order_id)
    assert len(first.fills(order.client_order_id)) == len(second.fills(order.client_order_id)) == 1
    await first.close()
    await second.close()


async def test_an_account_that_is_not_configured_is_refused(bench: PaperBench) -> None:
    with pytest.raises(errors.PermissionDeniedError, match="elsewhere"):
        await bench.broker(account="elsewhere")


async def test_faults_are_off_unless_they_are_wanted(tmp_path: Path) -> None:
    async with paper_bench(tmp_path, quotes=False, faults=False) as bench:
        with pytest.raises(errors.PermissionDeniedError, match=r"paper\.faults"):
            await bench.fault("reject")
        broker = await bench.broker()
        assert isinstance(broker, PaperBroker)
        with pytest.raises(errors.PermissionDeniedError):
            await broker.disarm()
        await broker.close()


async def test_disarming_ends_faults(bench: PaperBench) -> None:
    trader = Trader(bench, await bench.broker())
    await bench.fault("mute_stream", delay_ms=60_000)
    await bench.fault("reject", times=100)
    order = priced()
    assert error_code(await trader.broker.submit(order)) == "ORDER_REJECTED"
    assert isinstance(trader.broker, PaperBroker)
    await trader.broker.disarm()
    await trader.until_heard(e.OrderRejected, order.client_order_id)
    await trader.accepted(priced())
    await trader.close()


async def test_latency_delays_and_keeps_every_order(tmp_path: Path) -> None:
    async with paper_bench(tmp_path, quotes=False, price_from_signal=True, latency_ms=20) as bench:
        trader = Trader(bench, await bench.broker())
        orders = [priced(quantity=Decimal(1)) for _ in range(50)]
        await asyncio.gather(*(trader.accepted(order) for order in orders))
        assert await trader.holding("AAPL") == 50
        resting = priced(order_type="limit", limit_price=Decimal(50), time_in_force="gtc")
        await trader.accepted(resting)
        await trader.close()
        assert bench.violations() == []


async def test_probes_and_figures_are_served(tmp_path: Path) -> None:
    async with paper_bench(tmp_path, quotes=False, price_from_signal=True) as bench:
        trader = Trader(bench, await bench.broker())
        await trader.accepted(priced())
        status, body = await bench.http("/readyz")
        assert (status, msgspec.json.decode(body)["ok"]) == (200, True)
        assert (await bench.http("/livez"))[0] == 200
        _, figures = await bench.http("/metrics")
        assert b"tradewire_paper_submits_total 1.0" in figures
        assert b"tradewire_paper_nats_connected 0.0" in figures
        await trader.close()


async def test_a_cursor_of_another_journal_is_refused(bench: PaperBench) -> None:
    with pytest.raises(errors.BrokerError, match="ahead of the journal") as refused:
        await bench.broker("999")
    assert refused.value.code == "INVALID_CURSOR"
    broker = await bench.broker()
    with pytest.raises(errors.BrokerError, match="ahead of the journal"):
        await broker.executions_since("999")
    await broker.close()


@pytest.mark.parametrize("symbol", ["A" * 70_000, "\ud800"])
async def test_an_order_that_cannot_be_written_is_refused_and_harms_no_other(bench: PaperBench, symbol: str) -> None:
    trader = Trader(bench, await bench.broker())
    assert error_code(await trader.broker.submit(priced(symbol=symbol))) == "INVALID_ORDER"
    assert (await trader.broker.cancel(OrderRef(symbol))).outcome == "not_found"
    await trader.accepted(priced())
    assert sum(isinstance(event, e.SessionUp) for event in trader.heard) == 1
    await trader.close()


async def test_a_full_disk_stops_it_and_nothing_untrue_is_told(tmp_path: Path) -> None:
    async with paper_bench(tmp_path, quotes=False, price_from_signal=True) as bench:
        trader = Trader(bench, await bench.broker())
        await trader.accepted(priced())
        limit = (bench.journal / "journal.jsonl").stat().st_size + 100
        resource.prlimit(bench.pid, resource.RLIMIT_FSIZE, (limit, limit))
        assert isinstance(await trader.broker.submit(priced()), SubmitUnknown)
        assert await bench.wait() == 1
        await bench.start()
        await eventually(_when_up(trader.broker, trader.broker.clock), bool)
        assert await trader.holding("AAPL") == 10
        assert bench.violations() == []
        await trader.close()


class Raw:
    """A client that sends what it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def send(self, payload: bytes) -> None:
        self._writer.write(len(payload).to_bytes(4, "big") + payload)

    async def answer(self) -> Any:
        size = int.from_bytes(await self._reader.readexactly(4), "big")
        return wire.decode_reply(await self._reader.readexactly(size))

    async def ended(self) -> bool:
        return await self._reader.read() == b""

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


async def raw(bench: PaperBench, *, hello: bool = True) -> Raw:
    paper = Paper(journal=str(bench.journal))
    client = Raw(*await asyncio.open_connection(*endpoint.find_address(paper)))
    if hello:
        client.send(wire.encode(wire.Hello(wire.VERSION, endpoint.read_token(paper), "paper")))
        assert isinstance(await client.answer(), wire.Welcome)
    return client


@pytest.mark.parametrize(
    ("first", "code"),
    [
        (b"\xc1", "INVALID_REQUEST"),
        (msgspec.msgpack.encode(["clock", 1]), "INVALID_REQUEST"),
        (wire.encode(wire.Hello(99, "x", "paper")), "INVALID_REQUEST"),
        (wire.encode(wire.Hello(wire.VERSION, "x", "paper")), "AUTHENTICATION_FAILED"),
        (wire.encode(wire.Hello(wire.VERSION, "é", "paper")), "AUTHENTICATION_FAILED"),
    ],
)
async def test_who_does_not_say_hello_rightly_is_sent_away(bench: PaperBench, first: bytes, code: str) -> None:
    client = await raw(bench, hello=False)
    client.send(first)
    refused = await client.answer()
    assert isinstance(refused, wire.Refused)
    assert refused.code == code
    assert await client.ended()
    await client.close()


async def test_a_frame_that_is_too_long_ends_the_link(bench: PaperBench) -> None:
    client = await raw(bench)
    client.send(b"x" * (wire.MAX_REQUEST_BYTES + 1))
    refused = await client.answer()
    assert isinstance(refused, wire.Refused)
    assert refused.code == "FRAME_TOO_LONG"
    await client.close()


GOOD = {"client_order_id": "a", "order": "o", "symbol": "AAPL", "side": "buy", "quantity": "1"}


@pytest.mark.parametrize(
    ("order", "says"),
    [
        ({**GOOD, "side": "BUY"}, "side"),
        ({**GOOD, "order_type": "iceberg"}, "order_type"),
        ({**GOOD, "quantity": 1}, "quantity"),
        ({**GOOD, "quantity": "1_000"}, "quantity"),
        ({**GOOD, "quantity": " 1 "}, "quantity"),
        ({**GOOD, "quantity": "1e5"}, "quantity"),
        ({**GOOD, "quantity": "9" * 10_000}, "quantity"),
        ({"client_order_id": "a"}, "order"),
        ([], "object"),
    ],
)
async def test_an_order_of_a_strange_client_is_refused_by_name(bench: PaperBench, order: Any, says: str) -> None:
    client = await raw(bench)
    client.send(msgspec.msgpack.encode(["submit", 7, order]))
    refused = await client.answer()
    assert isinstance(refused, wire.Submitted)
    assert (refused.number, refused.code) == (7, "INVALID_ORDER")
    assert says in refused.message
    await client.close()


async def test_a_strange_request_is_answered_by_its_number(bench: PaperBench) -> None:
    client = await raw(bench)
    client.send(msgspec.msgpack.encode(["dance", 8]))
    failed = await client.answer()
    assert isinstance(failed, wire.Failed)
    assert (failed.number, failed.code) == (8, "INVALID_REQUEST")
    client.send(msgspec.msgpack.encode(["clock", 9]))
    assert (await client.answer()).number == 9
    client.send(b"\xc1")
    assert isinstance(await client.answer(), wire.Refused)
    await client.close()


async def test_quotes_come_when_nats_comes_and_again_after_it_was_gone(tmp_path: Path) -> None:
    async with running_engines(tmp_path / "engines", postgres=False) as engines:
        nats = Nats(url=engines.nats_url, nkey_file=str(engines.nkey_file("feed")), user="feed")
        await engines.nats.kill()
        bench = PaperBench(tmp_path, engines, None, price_from_signal=True)
        await bench.start()
        trader = Trader(bench, await bench.broker())
        await trader.accepted(priced())
        await engines.nats.start()
        feed = bench.feed = await Bus.connect(nats, "feed")
        await bench.price("AAPL", "10", "11")
        await engines.nats.kill()
        await trader.accepted(an_order())
        await engines.nats.start()
        await eventually(lambda: _connected(feed), bool)
        await bench.price("AAPL", "12", "13")
        await trader.accepted(an_order())
        await trader.until(lambda heard: sum(isinstance(event, e.Fill) for event in heard) == 3)
        fills = [event.execution.price for event in trader.heard if isinstance(event, e.Fill)]
        assert fills == [Decimal(100), Decimal(11), Decimal(13)]
        await trader.close()
        await bench.close()
        await feed.close()


async def _connected(bus: Bus) -> bool:
    return bus.connected


async def test_the_clock_of_quotes_follows_them_and_never_goes_back(tmp_path: Path) -> None:
    async with paper_bench(tmp_path, clock="quotes") as bench:
        broker = await bench.broker()
        assert await broker.clock() == 0
        await bench.price("AAPL", "10", "11")
        seen = await broker.clock()
        assert seen == bench.at
        order = an_order(order_type="limit", limit_price=Decimal(5))
        await broker.submit(order)
        bench.at -= 10_000_000
        await bench.price("MSFT", "20", "21")
        assert await broker.clock() == seen
        await bench.kill()
        await bench.start()
        assert await eventually(_when_up(broker, broker.clock), bool) == seen
        bench.at = seen + 100 * 3_600_000_000
        await bench.price("MSFT", "20", "21")
        assert await broker.open_orders() == []
        (expired,) = await broker.orders_since(0)
        assert expired.status == "expired"
        await broker.close()


async def test_bars_outlive_a_stop_whole_and_a_kill_but_for_the_day_under_way(tmp_path: Path) -> None:
    async with paper_bench(tmp_path, clock="quotes") as bench:
        broker = await bench.broker()
        first = bench.at - bench.at % DAY

        async def bars() -> dict[int, list[Decimal]]:
            told = await eventually(
                _when_up(broker, lambda: broker.bars("AAPL", "1d", 5)), lambda found: found is not None
            )
            return {(bar.at - first) // DAY: [bar.open, bar.high, bar.low, bar.close] for bar in told}

        for price in ("10", "13"):
            await bench.price("AAPL", price, price)
        assert await bars() == {}
        await bench.stop()
        await bench.start()
        await bench.price("AAPL", "11", "11")
        bench.next_day()
        await bench.price("AAPL", "20", "20")
        assert await bars() == {0: [10, 13, 10, 11]}
        await bench.kill()
        await bench.start()
        await bench.price("AAPL", "21", "21")
        bench.next_day()
        await bench.price("AAPL", "30", "30")
        assert await bars() == {0: [10, 13, 10, 11], 1: [21, 21, 21, 21]}
        assert bench.violations() == []
        await broker.close()


async def test_silence_leaves_a_question_without_an_answer_and_orders_go_on(tmp_path: Path) -> None:
    async with paper_bench(tmp_path, quotes=False, price_from_signal=True) as bench:
        trader = Trader(bench, await bench.broker(call_seconds=0.3))
        await bench.fault("silence", times=3)
        await trader.accepted(priced())
        for question in (
            trader.broker.account_info(),
            trader.broker.instrument("AAPL"),
            trader.broker.bars("AAPL", "1d", 5),
        ):
            with pytest.raises(errors.BrokerTimeoutError):
                await question
        assert (await trader.broker.account_info()).buying_power > 0
        await trader.close()


async def test_an_order_that_is_not_listed_works_and_is_found_by_its_id(tmp_path: Path) -> None:
    async with paper_bench(tmp_path, quotes=False) as bench:
        trader = Trader(bench, await bench.broker())
        order = an_order(order_type="limit", limit_price=Decimal(90), time_in_force="gtc")
        await trader.accepted(order)
        await bench.fault("unlisted")
        assert await trader.broker.open_orders() == []
        assert isinstance(await trader.broker.find_order(order.client_order_id, order.symbol), Found)
        assert [told.client_order_id for told in await trader.broker.open_orders()] == [order.client_order_id]
        await trader.close()
