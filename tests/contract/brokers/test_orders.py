"""What becomes of an order: accepted, filled, resting, triggered, canceled, refused."""

from decimal import Decimal

import pytest

from tests.contract.brokers.bench import Bench, Trader, an_order, error_code
from tradewire_router.brokers import errors
from tradewire_router.brokers import events as e
from tradewire_router.brokers.results import Found, SubmitAccepted, SubmitRejected
from tradewire_router.brokers.values import GroupRequest, OrderChanges, OrderRef


async def test_a_market_order_fills_and_moves_cash_and_holding_exactly(trader: Trader) -> None:
    cash = await trader.cash()
    order = an_order(quantity=Decimal("3.5"))
    accepted = await trader.accepted(order)
    await trader.until_heard(e.Fill, order.client_order_id)

    (fill,) = trader.fills(order.client_order_id)
    assert (fill.execution.quantity, fill.execution.price, fill.execution.side) == (
        Decimal("3.5"),
        Decimal("100.10"),
        "buy",
    )
    assert fill.execution.broker_order_id == accepted.broker_order_id
    assert fill.execution.fee is not None
    assert await trader.holding("AAPL") == Decimal("3.5")
    assert await trader.cash() == cash - Decimal("350.35") - fill.execution.fee
    assert [type(event) for event in trader.about(order.client_order_id)] == [e.OrderAccepted, e.Fill]


async def test_a_limit_order_rests_and_fills_at_its_limit(bench: Bench, trader: Trader) -> None:
    order = an_order(order_type="limit", limit_price=Decimal("99.50"), time_in_force="gtc")
    await trader.accepted(order)
    (open_order,) = await trader.broker.open_orders()
    assert (open_order.client_order_id, open_order.status) == (order.client_order_id, "accepted")
    assert trader.fills(order.client_order_id) == []

    await bench.price("AAPL", "99.30", "99.50")
    await trader.until_heard(e.Fill, order.client_order_id)
    assert trader.fills(order.client_order_id)[0].execution.price == Decimal("99.50")
    assert await trader.broker.open_orders() == []


async def test_a_limit_order_that_meets_the_market_gets_the_better_price(trader: Trader) -> None:
    order = an_order(order_type="limit", limit_price=Decimal(105))
    await trader.accepted(order)
    await trader.until_heard(e.Fill, order.client_order_id)
    assert trader.fills(order.client_order_id)[0].execution.price == Decimal("100.10")


@pytest.mark.needs(order_types="stop")
async def test_a_stop_triggers_and_fills_at_the_market(bench: Bench, trader: Trader) -> None:
    await trader.accepted(an_order())
    stop = an_order(side="sell", order_type="stop", stop_price=Decimal(95), time_in_force="gtc")
    await trader.accepted(stop)
    await bench.price("AAPL", "96", "96.20")
    assert [order.client_order_id for order in await trader.broker.open_orders()] == [stop.client_order_id]
    await bench.price("AAPL", "94", "94.20")
    await trader.until_heard(e.Fill, stop.client_order_id)
    assert trader.fills(stop.client_order_id)[0].execution.price == Decimal(94)
    assert await trader.holding("AAPL") == 0


@pytest.mark.needs(tells_triggers=True, order_types="stop_limit")
async def test_a_stop_that_triggers_is_told(bench: Bench, trader: Trader) -> None:
    order = an_order(
        order_type="stop_limit", stop_price=Decimal(101), limit_price=Decimal("101.05"), time_in_force="gtc"
    )
    await trader.accepted(order)
    await bench.price("AAPL", "101.50", "101.60")
    await trader.until_heard(e.OrderUpdated, order.client_order_id)


@pytest.mark.needs(order_types="stop_limit")
async def test_a_stop_limit_triggers_and_then_waits_for_its_limit(bench: Bench, trader: Trader) -> None:
    order = an_order(
        order_type="stop_limit", stop_price=Decimal(101), limit_price=Decimal("101.05"), time_in_force="gtc"
    )
    await trader.accepted(order)
    await bench.price("AAPL", "101.50", "101.60")
    assert [each.status for each in await trader.broker.open_orders()] == ["accepted"]
    assert trader.fills(order.client_order_id) == []
    await bench.price("AAPL", "100.90", "101.05")
    await trader.until_heard(e.Fill, order.client_order_id)
    assert trader.fills(order.client_order_id)[0].execution.price == Decimal("101.05")


@pytest.mark.parametrize(
    "time_in_force", [pytest.param(each, marks=pytest.mark.needs(times_in_force=each)) for each in ("ioc", "fok")]
)
async def test_an_immediate_order_that_cannot_fill_is_canceled(trader: Trader, time_in_force: str) -> None:
    order = an_order(order_type="limit", limit_price=Decimal(90), time_in_force=time_in_force)
    await trader.accepted(order)
    await trader.until_heard(e.OrderCanceled, order.client_order_id)
    assert trader.fills(order.client_order_id) == []
    assert await trader.broker.open_orders() == []


async def test_partial_fills_add_up(bench: Bench, trader: Trader) -> None:
    order = an_order(time_in_force="gtc")
    await bench.partly(order, 3)
    await trader.accepted(order)
    await trader.until_heard(e.Fill, order.client_order_id)
    (open_order,) = await trader.broker.open_orders()
    assert open_order.status == "partially_filled"
    assert open_order.filled_quantity == trader.fills(order.client_order_id)[0].execution.quantity

    await bench.price("AAPL", "100", "100.20")
    await bench.price("AAPL", "100", "100.30")
    await trader.until_heard(e.Fill, order.client_order_id, 3)
    fills = [fill.execution for fill in trader.fills(order.client_order_id)]
    assert sum(fill.quantity for fill in fills) == Decimal(10)
    assert [fill.price for fill in fills] == [Decimal("100.10"), Decimal("100.20"), Decimal("100.30")]
    assert len({fill.execution for fill in fills}) == 3
    found = await trader.broker.find_order(order.client_order_id, "AAPL")
    assert isinstance(found, Found)
    assert (found.order.status, found.order.filled_quantity) == ("filled", Decimal(10))


@pytest.mark.needs(times_in_force="ioc")
async def test_an_ioc_order_keeps_what_it_got_and_loses_the_rest(bench: Bench, trader: Trader) -> None:
    order = an_order(time_in_force="ioc")
    await bench.partly(order, 2)
    await trader.accepted(order)
    await trader.until_heard(e.OrderCanceled, order.client_order_id)
    (fill,) = trader.fills(order.client_order_id)
    (canceled,) = trader.about(order.client_order_id, e.OrderCanceled)
    assert isinstance(canceled, e.OrderCanceled)
    assert 0 < canceled.filled_quantity == fill.execution.quantity < 10


async def test_a_client_order_id_is_good_for_one_order_for_ever(trader: Trader) -> None:
    order = an_order()
    first = await trader.accepted(order)
    await trader.until_heard(e.Fill, order.client_order_id)
    again = await trader.broker.submit(an_order(client_order_id=order.client_order_id, quantity=Decimal(99)))

    assert isinstance(again, SubmitRejected)
    assert isinstance(again.error, errors.DuplicateClientOrderIdError)
    assert again.error.existing is not None
    assert again.error.existing.broker_order_id == first.broker_order_id
    marker = an_order()
    await trader.accepted(marker)
    await trader.until_heard(e.Fill, marker.client_order_id)
    assert trader.about(order.client_order_id, e.OrderRejected) == []
    assert await trader.holding("AAPL") == 20
    trader.bench.forgiven.append(f"{order.client_order_id} was received again")


async def test_an_order_beyond_the_cash_is_refused(trader: Trader) -> None:
    order = an_order(quantity=Decimal(100_000))
    result = await trader.broker.submit(order)
    assert isinstance(result, SubmitRejected)
    assert isinstance(result.error, errors.InsufficientFundsError)
    assert await trader.broker.open_orders() == []


@pytest.mark.needs(keeps_refused=True)
async def test_an_order_that_is_refused_is_told_and_found(trader: Trader) -> None:
    order = an_order(quantity=Decimal(100_000))
    assert error_code(await trader.broker.submit(order)) == "INSUFFICIENT_FUNDS"
    await trader.until_heard(e.OrderRejected, order.client_order_id)
    found = await trader.broker.find_order(order.client_order_id, "AAPL")
    assert isinstance(found, Found)
    assert (found.order.status, found.order.code) == ("rejected", "INSUFFICIENT_FUNDS")


async def test_working_orders_hold_back_their_cash(trader: Trader) -> None:
    resting = an_order(order_type="limit", limit_price=Decimal(90), quantity=Decimal(1000), time_in_force="gtc")
    await trader.accepted(resting)
    (balance,) = await trader.broker.balances()
    assert balance.total - balance.available == Decimal(90_000)
    assert error_code(await trader.broker.submit(an_order(quantity=Decimal(101)))) == "INSUFFICIENT_FUNDS"
    await trader.broker.cancel(OrderRef(resting.client_order_id))
    await trader.accepted(an_order(quantity=Decimal(101)))


async def test_a_sale_beyond_the_holding_is_refused(trader: Trader) -> None:
    await trader.accepted(an_order(quantity=Decimal(5)))
    await trader.accepted(
        an_order(side="sell", quantity=Decimal(4), order_type="limit", limit_price=Decimal(120), time_in_force="gtc")
    )
    result = await trader.broker.submit(an_order(side="sell", quantity=Decimal(2)))
    assert error_code(result) in {"SHORT_NOT_ALLOWED", "INSUFFICIENT_QUANTITY"}
    await trader.accepted(an_order(side="sell", quantity=Decimal(1)))


@pytest.mark.needs(reduce_only=True)
async def test_a_reduce_only_order_may_not_open(trader: Trader) -> None:
    assert error_code(await trader.broker.submit(an_order(reduce_only=True))) == "REDUCE_ONLY"
    await trader.accepted(an_order(quantity=Decimal(5)))
    await trader.accepted(an_order(side="sell", quantity=Decimal(5), reduce_only=True))


BAD_AMOUNTS = [
    *("NaN", "sNaN", "Infinity", "-Infinity", "1e999999", "1e-999999", "0", "-0", "-1"),
    *("1234567890123456", "1e-13", "100.000000000001"),
]


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("market", "quantity"),
        ("limit", "limit_price"),
        pytest.param("stop", "stop_price", marks=pytest.mark.needs(order_types="stop")),
        pytest.param("stop_limit", "stop_price", marks=pytest.mark.needs(order_types="stop_limit")),
    ],
)
async def test_a_bad_amount_is_refused_by_name(trader: Trader, kind: str, field: str) -> None:
    prices = {
        "market": (),
        "limit": ("limit_price",),
        "stop": ("stop_price",),
        "stop_limit": ("limit_price", "stop_price"),
    }
    good = {"quantity": Decimal(1), **dict.fromkeys(prices[kind], Decimal(100))}
    for value in BAD_AMOUNTS:
        order = an_order(order_type=kind, **{**good, field: Decimal(value)})
        result = await trader.broker.submit(order)
        assert isinstance(result, SubmitRejected), (value, result)
        assert field in result.error.message, value
    assert await trader.broker.open_orders() == []
    await trader.accepted(an_order(order_type=kind, **good))


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"quantity": None}, "quantity"),
        ({"quantity": Decimal("0.0000000001")}, "quantity"),
        ({"order_type": "limit"}, "limit_price"),
        pytest.param({"order_type": "stop"}, "stop_price", marks=pytest.mark.needs(order_types="stop")),
        ({"limit_price": Decimal(100)}, "limit_price"),
        ({"order_type": "limit", "limit_price": Decimal("100.00001")}, "limit_price"),
        ({"client_order_id": ""}, "client_order_id"),
        ({"client_order_id": "a b"}, "client_order_id"),
        ({"client_order_id": "a\n"}, "client_order_id"),
        ({"symbol": "аapl"}, "symbol"),
        ({"symbol": "*"}, "symbol"),
    ],
)
async def test_an_order_that_makes_no_sense_is_refused_by_name(
    trader: Trader, changes: dict[str, object], name: str
) -> None:
    result = await trader.broker.submit(an_order(**changes))
    assert isinstance(result, SubmitRejected), result
    assert isinstance(result.error, errors.OrderRejectedError)
    assert name in result.error.message


@pytest.mark.parametrize(
    "changes",
    [
        {"order_type": "trailing_stop", "trail_amount": Decimal(1)},
        {"time_in_force": "gtd", "expire_at": 1_900_000_000_000_000},
        {"quantity": None, "notional": Decimal(1000)},
        {"order_type": "limit", "limit_price": Decimal(99), "post_only": True},
    ],
)
async def test_what_the_capabilities_deny_is_refused_as_such(trader: Trader, changes: dict[str, object]) -> None:
    can = trader.broker.capabilities
    order = an_order(**changes)
    supported = (
        order.order_type in can.order_types
        and order.time_in_force in can.times_in_force
        and (order.notional is None or can.notional)
        and (not order.post_only or can.post_only)
    )
    result = await trader.broker.submit(order)
    refused = isinstance(result, SubmitRejected) and isinstance(result.error, errors.NotSupportedError)
    assert refused != supported


@pytest.mark.needs(native_bracket=False, replace="none")
async def test_groups_and_replacing_are_refused_where_the_capabilities_say_so(trader: Trader) -> None:
    group = GroupRequest(kind="bracket", entry=an_order(), stop_loss=an_order(side="sell"))
    results = await trader.broker.submit_group(group)
    assert [error_code(result) for result in results] == ["NOT_SUPPORTED", "NOT_SUPPORTED"]
    replaced = await trader.broker.replace(OrderRef("x"), OrderChanges(client_order_id="y", quantity=Decimal(1)))
    assert error_code(replaced) == "NOT_SUPPORTED"
    assert await trader.broker.open_orders() == []


async def test_a_market_order_without_a_price_is_refused(trader: Trader) -> None:
    assert error_code(await trader.broker.submit(an_order(symbol="ZZZZ"))) in {"NO_QUOTE", "UNKNOWN_SYMBOL"}


async def test_a_working_order_is_canceled_once(trader: Trader) -> None:
    order = an_order(order_type="limit", limit_price=Decimal(90), time_in_force="gtc")
    await trader.accepted(order)
    assert (await trader.broker.cancel(OrderRef(order.client_order_id))).outcome == "requested"
    await trader.until_heard(e.OrderCanceled, order.client_order_id)
    assert (await trader.broker.cancel(OrderRef(order.client_order_id))).outcome == "already_terminal"
    assert await trader.broker.open_orders() == []
    found = await trader.broker.find_order(order.client_order_id, "AAPL")
    assert isinstance(found, Found)
    assert found.order.status == "canceled"


async def test_a_filled_order_cannot_be_canceled(trader: Trader) -> None:
    order = an_order()
    await trader.accepted(order)
    await trader.until_heard(e.Fill, order.client_order_id)
    assert (await trader.broker.cancel(OrderRef(order.client_order_id))).outcome == "already_terminal"
    assert trader.about(order.client_order_id, e.OrderCanceled) == []


async def test_an_unknown_order_cannot_be_canceled(trader: Trader) -> None:
    assert (await trader.broker.cancel(OrderRef("nobody"))).outcome == "not_found"


BRACKET = {"order_type": "limit", "limit_price": Decimal(100), "time_in_force": "gtc"}
PROFIT = {"side": "sell", "order_type": "limit", "limit_price": Decimal(110), "time_in_force": "gtc"}
STOP = {"side": "sell", "order_type": "stop", "stop_price": Decimal(95), "time_in_force": "gtc"}


@pytest.mark.needs(native_bracket=True)
async def test_a_bracket_whose_profit_is_taken_loses_its_stop(bench: Bench, trader: Trader) -> None:
    entry, profit, stop = an_order(**BRACKET), an_order(**PROFIT), an_order(**STOP)
    group = GroupRequest(kind="bracket", entry=entry, take_profit=profit, stop_loss=stop)
    results = await trader.broker.submit_group(group)
    ours = [each.client_order_id for each in (entry, profit, stop)]
    assert [type(result) for result in results] == [SubmitAccepted] * 3
    assert [result.client_order_id for result in results] == ours
    assert {order.client_order_id for order in await trader.broker.open_orders()} == set(ours)
    await bench.price("AAPL", "99", "100")
    await trader.until_heard(e.Fill, entry.client_order_id)
    await bench.price("AAPL", "110", "110.10")
    await trader.until_heard(e.Fill, profit.client_order_id)
    await trader.until_heard(e.OrderCanceled, stop.client_order_id)
    assert await trader.holding("AAPL") == 0
    assert [event for event in trader.heard if isinstance(event, e.ExternalOrderSeen)] == []
    executions, _ = await trader.broker.executions_since(None)
    assert [each.client_order_id for each in executions] == [entry.client_order_id, profit.client_order_id]


@pytest.mark.needs(native_oco=True)
async def test_of_an_oco_one_order_fills_and_the_other_ends(bench: Bench, trader: Trader) -> None:
    await trader.accepted(an_order())
    profit, stop = an_order(**PROFIT), an_order(**STOP)
    results = await trader.broker.submit_group(GroupRequest(kind="oco", take_profit=profit, stop_loss=stop))
    assert [type(result) for result in results] == [SubmitAccepted] * 2
    await bench.price("AAPL", "94", "94.20")
    await trader.until_heard(e.Fill, stop.client_order_id)
    await trader.until_heard(e.OrderCanceled, profit.client_order_id)
    assert await trader.holding("AAPL") == 0


@pytest.mark.needs(native_oto=True)
async def test_an_oto_has_its_stop_from_the_fill_on(bench: Bench, trader: Trader) -> None:
    entry, stop = an_order(**BRACKET), an_order(**STOP)
    results = await trader.broker.submit_group(GroupRequest(kind="oto", entry=entry, stop_loss=stop))
    assert [type(result) for result in results] == [SubmitAccepted] * 2
    found = await trader.broker.find_order(stop.client_order_id, "AAPL")
    assert isinstance(found, Found)
    assert found.order.status == "held"
    await bench.price("AAPL", "99", "100")
    await trader.until_heard(e.Fill, entry.client_order_id)
    await bench.price("AAPL", "94", "94.20")
    await trader.until_heard(e.Fill, stop.client_order_id)
    assert await trader.holding("AAPL") == 0


@pytest.mark.needs(replace="new_id")
async def test_a_replacement_is_an_order_of_its_own(bench: Bench, trader: Trader) -> None:
    old, new = an_order(**{**BRACKET, "limit_price": Decimal(90)}), an_order()
    first = await trader.accepted(old)
    changes = OrderChanges(client_order_id=new.client_order_id, limit_price=Decimal(91), quantity=Decimal(8))
    result = await trader.broker.replace(OrderRef(old.client_order_id), changes)
    assert isinstance(result, SubmitAccepted)
    assert result.broker_order_id != first.broker_order_id
    await trader.until_heard(e.OrderReplaced, old.client_order_id)
    (working,) = await trader.broker.open_orders()
    terms = (new.client_order_id, Decimal(8), Decimal(91))
    assert (working.client_order_id, working.quantity, working.limit_price) == terms
    gone = await trader.broker.find_order(old.client_order_id, "AAPL")
    assert isinstance(gone, Found)
    assert gone.order.status == "replaced"
    assert (await trader.broker.cancel(OrderRef(old.client_order_id))).outcome == "already_terminal"
    assert (await trader.broker.cancel(OrderRef(new.client_order_id))).outcome == "requested"
    again = await trader.broker.replace(OrderRef("nobody"), OrderChanges(client_order_id="y", quantity=Decimal(1)))
    assert error_code(again) == "ORDER_NOT_FOUND"


@pytest.mark.needs(order_types="trailing_stop")
async def test_a_trailing_stop_follows_the_price(bench: Bench, trader: Trader) -> None:
    await trader.accepted(an_order())
    stop = an_order(side="sell", order_type="trailing_stop", trail_amount=Decimal(2), time_in_force="gtc")
    await trader.accepted(stop)
    await bench.price("AAPL", "104", "104.20")
    await bench.price("AAPL", "102.50", "102.70")
    assert trader.fills(stop.client_order_id) == []
    await bench.price("AAPL", "102", "102.20")
    await trader.until_heard(e.Fill, stop.client_order_id)
    assert trader.fills(stop.client_order_id)[0].execution.price == Decimal(102)


@pytest.mark.needs(notional=True)
async def test_an_order_for_an_amount_of_money_buys_a_fraction(trader: Trader) -> None:
    cash = await trader.cash()
    order = an_order(quantity=None, notional=Decimal("250.25"))
    await trader.accepted(order)
    await trader.until_heard(e.Fill, order.client_order_id)
    assert await trader.holding("AAPL") == Decimal("2.5")
    assert await trader.cash() == cash - Decimal("250.25")


@pytest.mark.needs(extended_hours=True)
async def test_an_order_for_extended_hours_says_so(trader: Trader) -> None:
    await trader.accepted(an_order(**{**BRACKET, "limit_price": Decimal(90)}, extended_hours=True))
    assert isinstance(await trader.broker.submit(an_order(extended_hours=True)), SubmitRejected)
