"""A risk process over a real ledger: what it decides, what it rests on, and when it decides nothing."""

import asyncio
import json
import signal
from decimal import Decimal
from pathlib import Path

from tests.integration.risk.floor import Floor, metrics
from tests.lifted import LIFTED
from tests.live import live_config
from tests.processes import Child
from tests.waiting import now, soon
from tradewire.messages import account_events as a
from tradewire.messages.order_events import OrderApproved, OrderDenied
from tradewire.messages.quotes import Quote, encode_quote
from tradewire.settings import Risk
from tradewire_risk.settings import limit_texts

OPEN = {"TRADEWIRE_RISK_MAX_OPEN_ORDERS_PER_SYMBOL": "1000000"}


async def test_orders_are_approved_or_denied_for_a_reason_and_everything_is_on_the_record(floor: Floor) -> None:
    async with floor.risk({"TRADEWIRE_PAPER_PRICE_FROM_SIGNAL": "false"}) as risk:
        await floor.feed()
        await floor.request("good")
        (large,) = await floor.request("large", quantity=Decimal(101))
        (unquoted,) = await floor.request("unquoted", symbol="MSFT")
        decisions = await floor.until_decided([large, unquoted])
        # A decision is counted when risk hears that it is in the log, which others may hear before.
        denied = 'tradewire_risk_decisions_total{outcome="denied",reason="PRICE_MISSING"} 1.0'
        await soon(lambda: asyncio.to_thread(lambda: denied in metrics(risk)))
        page = await asyncio.to_thread(metrics, risk)
        output = risk.output()
    assert sorted(type(d).__name__ for d in decisions.values()) == ["OrderApproved", "OrderDenied", "OrderDenied"]
    assert decisions[large].reason == "NOTIONAL_ABOVE_MAX"
    assert decisions[unquoted].message == "There is no quote for MSFT."
    (approved,) = await floor.said("OrderApproved")
    assert (approved.quantity, approved.price, approved.limits) == (1, 100, {"global": 1})
    assert approved.quotes[0].source == "sim"

    (limits,) = await floor.said("LimitSet")
    lifted = {name.removeprefix("TRADEWIRE_RISK_").lower(): text for name, text in LIFTED.items()}
    assert (limits.limits, limits.by) == ({**limit_texts(Risk()), **lifted}, "configuration")
    assert 'tradewire_risk_decisions_total{outcome="approved",reason=""} 1.0' in page
    assert "tradewire_risk_lease_held 1.0" in page
    assert '"signal_id": "large"' in output or '"signal_id":"large"' in output
    lines = [json.loads(line) for line in output.splitlines()]
    (told,) = [line for line in lines if line["event"] == "order approved"]
    (row,) = [row for row in await floor.rows() if row.type == "OrderApproved"]
    assert (told["order"], told["signal"], told["pos"]) == (approved.order, approved.signal, row.pos)
    assert (told["account"], told["strategy"]) == (approved.account, approved.strategy)
    assert sorted(line["order"] for line in lines if line["event"] == "order denied") == sorted([large, unquoted])
    await floor.assert_clean()


async def test_what_was_requested_before_the_start_is_decided_at_the_start(floor: Floor) -> None:
    orders = await floor.request(*(f"s{n}" for n in range(250)))
    async with floor.risk(OPEN, ready=False) as risk:
        await floor.feed()
        await floor.until_decided(orders)
        await risk.until_ready()
    decided = [row for row in await floor.rows() if row.type == "OrderApproved"]
    assert [row.said.order for row in decided if isinstance(row.said, OrderApproved)] == orders
    await floor.assert_clean()


async def test_a_restart_neither_sets_limits_nor_decides_again(floor: Floor) -> None:
    await floor.feed()
    async with floor.risk() as risk:
        orders = await floor.request("a")
        await floor.until_decided(orders)
        assert await risk.stop() == 0
    async with floor.risk():
        orders += await floor.request("b")
        await floor.until_decided(orders)
    assert len(await floor.said("LimitSet")) == 1
    leases = [each for each in await floor.said("LeaseGranted", "LeaseReleased") if each.name == "risk-main"]
    assert [type(each).__name__ for each in leases] == ["LeaseGranted", "LeaseReleased", "LeaseGranted"]
    await floor.assert_clean()


async def test_a_reload_sets_changed_limits_and_a_bad_one_sets_none(floor: Floor, folder: Path) -> None:
    config = folder / "tradewire.toml"
    config.write_text("[risk]\nmax_order_value = 10000\n")
    await floor.feed()
    async with floor.risk({"TRADEWIRE_CONFIG": str(config)}) as risk:
        config.write_text("[risk]\nmax_order_value = -5\n")
        risk.send(signal.SIGHUP)

        async def refused() -> bool:
            return "settings not reloaded" in risk.output()

        await soon(refused)
        config.write_text("[risk]\nmax_order_value = 50\n")
        risk.send(signal.SIGHUP)

        async def set_again() -> bool:
            return len(await floor.said("LimitSet")) == 2

        await soon(set_again)
        (order,) = await floor.request("s")
        decisions = await floor.until_decided([order])
    assert decisions[order].reason == "NOTIONAL_ABOVE_MAX"
    assert decisions[order].limits == {"global": 2}
    first, second = await floor.said("LimitSet")
    assert (first.limits["max_order_value"], second.limits["max_order_value"]) == ("10000", "50")
    assert second.old == first.limits
    await floor.assert_clean()


async def test_the_configuration_alone_loosens_nothing_where_money_is_real(floor: Floor, folder: Path) -> None:
    config = folder / "tradewire.toml"

    config.write_text(live_config())
    await floor.feed()
    async with floor.risk({"TRADEWIRE_CONFIG": str(config)}) as risk:
        config.write_text(live_config(max_order_value="99999", max_open_orders_per_symbol="3"))
        risk.send(signal.SIGHUP)

        async def refused() -> bool:
            return "max_order_value 99999 instead of 10000" in risk.output()

        await soon(refused)
        assert await risk.stop() == 0
    # A restart asks no less: what the configuration said is in the log.
    async with floor.risk({"TRADEWIRE_CONFIG": str(config)}) as risk:
        await soon(refused)
        (order,) = await floor.request("s", quantity=Decimal(200))
        decisions = await floor.until_decided([order])
    first, second = await floor.said("LimitSet")
    changed = {name for name in first.limits if first.limits[name] != second.limits[name]}
    assert changed == {"max_open_orders_per_symbol"}
    assert (second.limits["max_order_value"], second.limits["max_open_orders_per_symbol"]) == ("10000", "3")
    assert decisions[order].reason == "NOTIONAL_ABOVE_MAX"
    await floor.assert_clean()


async def test_no_approval_lies_after_a_halt_in_its_scope(floor: Floor) -> None:
    """The guard on the switch's stream holds whatever the tail of risk has seen."""
    await floor.feed()
    async with floor.risk({**OPEN, "TRADEWIRE_RISK_MAX_POSITION_VALUE": "1000000000"}):
        orders: list[str] = []
        for batch in range(6):
            asking = floor.request(*(f"{batch}-{n}" for n in range(100)))
            halting = floor.switch(
                a.Halted(scope="symbol.AAPL", level="HALT", by="anna", reason="x", request=f"{batch}")
            )
            asked, _ = await asyncio.gather(asking, halting)
            orders += asked
            await floor.until_decided(orders)
            resumed = a.Resumed(scope="symbol.AAPL", by="anna", reason="x", request=f"r{batch}")
            await floor.switch(resumed)
    halted = False
    kinds = set()
    for row in await floor.rows():
        if row.type in {"Halted", "Resumed"}:
            halted = row.type == "Halted"
        if row.type == "OrderApproved":
            assert not halted, row.pos
        if isinstance(row.said, OrderDenied):
            kinds.add(row.said.reason)
    assert kinds == {"KILL_SWITCH_ON"}
    await floor.assert_clean()


async def test_a_clock_of_quotes_starts_with_the_first_one_and_is_named_in_decisions(floor: Floor) -> None:
    at = now() - 365 * 86_400_000_000
    async with floor.risk({"TRADEWIRE_CLOCK": "quotes"}, ready=False) as risk:
        (order,) = await floor.request("s", signal_time=at, clock="quotes")

        async def waits_for_a_quote() -> bool:
            return "tradewire_risk_lease_held 1.0" in await asyncio.to_thread(metrics, risk)

        await soon(waits_for_a_quote)
        assert not await asyncio.to_thread(risk.ready)
        assert await floor.said("LimitSet", "OrderApproved", "OrderDenied") == []
        await floor.quote("AAPL", "100", at=at)
        decisions = await floor.until_decided([order])
        await risk.until_ready()
        assert decisions[order].clock == "quotes"
        assert decisions[order].expires_at == at + 30_000_000

        await floor.quote("AAPL", "101", at=at + 5_000_000)
        await floor.quote("AAPL", "1", at=at + 1_000_000)
        (later,) = await floor.request("later", signal_time=at, clock="quotes")
        decisions = await floor.until_decided([later])
        assert decisions[later].price == 101
    (row,) = [row for row in await floor.rows() if row.type == "OrderApproved" and row.said.order == later]
    assert row.time == at + 5_000_000


async def test_without_the_ledgers_beat_it_is_not_ready_and_decides_nothing(floor: Floor) -> None:
    await floor.feed()
    async with floor.risk() as risk:
        floor.sequencer.send(signal.SIGSTOP)

        async def not_ready() -> bool:
            return not await asyncio.to_thread(risk.ready)

        await soon(not_ready)
        floor.sequencer.send(signal.SIGCONT)
        await risk.until_ready()
        await floor.until_decided(await floor.request("s"))


async def test_positions_are_marked_and_a_loss_trips_the_account_once(floor: Floor) -> None:
    await floor.as_router(
        "account-paper", None, a.CashMoved(account="paper", amount=Decimal(1000), currency="USD", reason="opening")
    )
    await floor.feed()
    limits = {"TRADEWIRE_RISK_MARK_INTERVAL": "1s", "TRADEWIRE_RISK_MAX_DAILY_LOSS": "50"}
    async with floor.risk(limits) as risk:
        (order,) = await floor.request("entry", quantity=Decimal(5))
        await floor.until_decided([order])
        await floor.fill(order, "5", "100")

        async def marked() -> bool:
            return len([m for m in await floor.said("MarksRecorded") if m.reason == "interval"]) >= 2

        await soon(marked)
        floor.prices["AAPL"] = "89"

        async def tripped() -> bool:
            return bool(await floor.said("Halted"))

        await soon(tripped)
        (late,) = await floor.request("late")
        (out,) = await floor.request("out", action="close", side=None, quantity=None)
        decisions = await floor.until_decided([late, out])
        assert risk.alive
    assert decisions[late].reason == "TRADING_REDUCE_ONLY"
    assert (decisions[out].side, decisions[out].quantity, decisions[out].reduce_only) == ("sell", 5, True)
    (halted,) = await floor.said("Halted")
    assert (halted.scope, halted.level, halted.by) == ("account.paper", "REDUCE_ONLY", "risk")
    reasons = [mark.reason for mark in await floor.said("MarksRecorded")]
    assert reasons[0] == "day"
    assert reasons.count("LOSS_DAILY_LIMIT") == 1
    await floor.assert_clean()


async def test_a_strategys_own_loss_trips_it_and_no_restart_forgets_it(floor: Floor) -> None:
    await floor.as_router(
        "account-paper", None, a.CashMoved(account="paper", amount=Decimal(1000), currency="USD", reason="opening")
    )
    await floor.feed()
    await floor.limit("strategy.momo", {"max_daily_loss": "50"})
    async with floor.risk({"TRADEWIRE_RISK_MARK_INTERVAL": "1s"}):
        (order,) = await floor.request("entry", quantity=Decimal(5))
        await floor.until_decided([order])
        await floor.fill(order, "5", "100")
        floor.prices["AAPL"] = "89"

        async def tripped() -> bool:
            return bool(await floor.said("Halted"))

        await soon(tripped)
    await floor.switch(a.Resumed(scope="strategy.momo", by="person:anna", reason="x", request="resume"))
    async with floor.risk({"TRADEWIRE_RISK_MARK_INTERVAL": "1s"}):
        (late,) = await floor.request("late")
        (out,) = await floor.request("out", action="close", side=None, quantity=None)
        decisions = await floor.until_decided([late, out])
    (halted,) = await floor.said("Halted")
    assert (halted.scope, halted.level) == ("strategy.momo", "REDUCE_ONLY")
    assert halted.reason == "LOSS_DAILY_LIMIT: loss=55 account=paper limit=50"
    assert decisions[late].reason == "LOSS_DAILY_LIMIT"
    assert [(c.name, c.value, c.limit) for c in decisions[late].checks if not c.passed] == [("own_loss", "55", "50")]
    assert (decisions[out].side, decisions[out].quantity, decisions[out].reduce_only) == ("sell", 5, True)
    await floor.assert_clean()


async def test_an_approval_that_nobody_sends_lapses(floor: Floor) -> None:
    await floor.feed()
    async with floor.risk({"TRADEWIRE_RISK_APPROVAL_TTL": "100ms"}):
        (order,) = await floor.request("s")

        async def lapsed() -> bool:
            return bool(await floor.said("OrderLapsed"))

        await soon(lapsed)
    (said,) = await floor.said("OrderLapsed")
    assert (said.order, said.reason, said.attempt) == (order, "APPROVAL_UNSENT", 1)
    await floor.assert_clean()


async def test_messages_that_are_no_quotes_are_counted_and_harmless(floor: Floor) -> None:
    bus = await floor.bus("feed")
    bad = [b"", b"\xff", b"[" * 900, b'{"symbol":"AAPL","at":1,"last":"NaN"}', b'{"symbol":"AAPL","at":1,"last":"1e9"}']
    async with floor.risk() as risk:
        bad += [b" " * 2000, encode_quote(Quote("AAPL", now() + 3_600_000_000, last=Decimal(1)))]
        for message in bad:
            await bus.publish("quotes.sim.AAPL", message)
        await floor.feed()
        await floor.until_decided(await floor.request("s"))
        assert f"tradewire_risk_quotes_refused_total {len(bad)}.0" in await asyncio.to_thread(metrics, risk)


async def test_a_time_zone_that_does_not_exist_stops_the_start(floor: Floor, folder: Path) -> None:
    config = folder / "tradewire.toml"
    config.write_text('[accounts.paper]\ntime_zone = "Mars/Olympus"\n')
    async with floor.risk({"TRADEWIRE_CONFIG": str(config)}, ready=False) as risk:
        assert await risk.ended() == 2
        assert "accounts.paper.time_zone" in risk.output()


async def _ready(process: Child) -> bool:
    return await asyncio.to_thread(process.ready)


async def test_of_two_processes_one_works_and_the_other_takes_over(floor: Floor) -> None:
    await floor.feed()
    async with floor.risk() as first, floor.risk(ready=False) as second:
        await floor.until_decided(await floor.request("a"))
        assert not await _ready(second)
        first.send(signal.SIGSTOP)
        orders = await floor.request("b")
        await second.until_ready()
        await floor.until_decided(orders)
        first.send(signal.SIGCONT)
        orders = await floor.request("c")
        await floor.until_decided(orders)

        async def first_knows() -> bool:
            return not await _ready(first)

        await soon(first_knows)
        assert first.alive
        await second.stop()
        await first.until_ready()
        await floor.until_decided(await floor.request("d"))
    await floor.assert_clean()
