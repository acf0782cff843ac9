"""What becomes of an order: accepted, filled, resting, triggered, canceled, refused."""

from decimal import Decimal

import pytest

from tests.contract.brokers.bench import Bench, Trader, an_order, error_code
from tradewire_router.brokers import errors
from tradewire_router.brokers import events as e
from tradewire_router.brokers.results import Found, SubmitRejected
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

    await bench.price("AAPL", "99.30", "99.40")
    await trader.until_heard(e.Fill, order.client_order_id)
    assert trader.fills(order.client_order_id)[0].execution.price == Decimal("99.50")
    assert await trader.broker.open_orders() == []


async def test_a_limit_order_that_meets_the_market_gets_the_better_price(trader: Trader) -> None:
    order = an_order(order_type="limit", limit_price=Decimal(105))
    await trader.accepted(order)
    await trader.until_heard(e.Fill, order.client_order_id)
    assert trader.fills(order.client_order_id)[0].execution.price == Decimal("100.10")


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


async def test_a_stop_limit_triggers_and_then_waits_for_its_limit(bench: Bench, trader: Trader) -> None:
    order = an_order(
        order_type="stop_limit", stop_price=Decimal(101), limit_price=Decimal("101.05"), time_in_force="gtc"
    )
    await trader.accepted(order)
    await bench.price("AAPL", "101.50", "101.60")
    await trader.until_heard(e.OrderUpdated, order.client_order_id)
    assert trader.fills(order.client_order_id) == []
    await bench.price("AAPL", "100.90", "101")
    await trader.until_heard(e.Fill, order.client_order_id)
    assert trader.fills(order.client_order_id)[0].execution.price == Decimal("101.05")


@pytest.mark.parametrize("time_in_force", ["ioc", "fok"])
async def test_an_immediate_order_that_cannot_fill_is_canceled(trader: Trader, time_in_force: str) -> None:
    order = an_order(order_type="limit", limit_price=Decimal(90), time_in_force=time_in_force)
    await trader.accepted(order)
    await trader.until_heard(e.OrderCanceled, order.client_order_id)
    assert trader.fills(order.client_order_id) == []
    assert await trader.broker.open_orders() == []


async def test_partial_fills_add_up(bench: Bench, trader: Trader) -> None:
    await bench.fault("partial", pieces=3)
    order = an_order(time_in_force="gtc")
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


async def test_an_ioc_order_keeps_what_it_got_and_loses_the_rest(bench: Bench, trader: Trader) -> None:
    await bench.fault("partial", pieces=2)
    order = an_order(time_in_force="ioc")
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
    trader.bench.forgiven.append(f"client order id {order.client_order_id} was received again")


async def test_an_order_beyond_the_cash_is_refused(trader: Trader) -> None:
    order = an_order(quantity=Decimal(100_000))
    result = await trader.broker.submit(order)
    assert isinstance(result, SubmitRejected)
    assert isinstance(result.error, errors.InsufficientFundsError)
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
    assert error_code(await trader.broker.submit(an_order(side="sell", quantity=Decimal(2)))) == "SHORT_NOT_ALLOWED"
    await trader.accepted(an_order(side="sell", quantity=Decimal(1)))


async def test_a_reduce_only_order_may_not_open(trader: Trader) -> None:
    assert error_code(await trader.broker.submit(an_order(reduce_only=True))) == "REDUCE_ONLY"
    await trader.accepted(an_order(quantity=Decimal(5)))
    await trader.accepted(an_order(side="sell", quantity=Decimal(5), reduce_only=True))


BAD_AMOUNTS = [
    *("NaN", "sNaN", "Infinity", "-Infinity", "1e999999", "1e-999999", "0", "-0", "-1"),
    *("1234567890123456", "1e-13", "0.0000001", "100.000000000001"),
]


@pytest.mark.parametrize("field", ["quantity", "limit_price", "stop_price"])
async def test_a_bad_amount_is_refused_by_name(trader: Trader, field: str) -> None:
    good = {"quantity": Decimal(1), "limit_price": Decimal(100), "stop_price": Decimal(100)}
    for value in BAD_AMOUNTS:
        order = an_order(order_type="stop_limit", **{**good, field: Decimal(value)})
        result = await trader.broker.submit(order)
        assert isinstance(result, SubmitRejected), (value, result)
        assert field in result.error.message, value
    assert await trader.broker.open_orders() == []
    await trader.accepted(an_order(order_type="stop_limit", **good))


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"quantity": None}, "quantity"),
        ({"quantity": Decimal("0.0000001")}, "quantity"),
        ({"order_type": "limit"}, "limit_price"),
        ({"order_type": "stop"}, "stop_price"),
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


async def test_groups_and_replacing_are_refused_where_the_capabilities_say_so(trader: Trader) -> None:
    can = trader.broker.capabilities
    assert not can.native_bracket
    assert can.replace == "none"
    group = GroupRequest(kind="bracket", entry=an_order(), stop_loss=an_order(side="sell"))
    results = await trader.broker.submit_group(group)
    assert [error_code(result) for result in results] == ["NOT_SUPPORTED", "NOT_SUPPORTED"]
    replaced = await trader.broker.replace(OrderRef("x"), OrderChanges(client_order_id="y", quantity=Decimal(1)))
    assert error_code(replaced) == "NOT_SUPPORTED"
    assert await trader.broker.open_orders() == []


async def test_a_market_order_without_a_price_is_refused(trader: Trader) -> None:
    assert error_code(await trader.broker.submit(an_order(symbol="ZZZZ"))) == "NO_QUOTE"


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
