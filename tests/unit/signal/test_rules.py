"""What the fields of a signal must say together."""

from decimal import Decimal
from typing import Any, get_args

import pytest

from tests.unit.signal.bodies import parsed
from tradewire.messages.refusals import Code, Refusal, SignalInvalid
from tradewire.messages.signal_rules import ACTIONS, PRICES
from tradewire.messages.vocabulary import Action, OrderType

BUY = {"action": "buy", "quantity": 10}
SELL = {"action": "sell", "quantity": 10}


def refusal(fields: dict[str, Any]) -> Refusal:
    with pytest.raises(SignalInvalid) as caught:
        parsed(**fields)
    return caught.value.refusal


def test_the_tables_are_complete() -> None:
    assert set(ACTIONS) == set(get_args(Action))
    assert set(PRICES) == set(get_args(OrderType))


def test_defaults() -> None:
    signal = parsed(**BUY)

    assert (signal.order_type, signal.time_in_force, signal.reduce_only, signal.timestamp) == (
        "market",
        "day",
        False,
        None,
    )


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"action": "sell"}, Code.SIZE_MISSING, "quantity"),
        ({"action": "buy", "notional": 1, "size": {"method": "kelly", "value": 1}}, Code.SIZE_AMBIGUOUS, "size"),
        ({"action": "buy", "target_quantity": 1}, Code.SIZE_NOT_ALLOWED, "target_quantity"),
        ({"action": "close", "quantity": 1}, Code.SIZE_NOT_ALLOWED, "quantity"),
        ({"action": "cancel", "quantity": 1}, Code.SIZE_NOT_ALLOWED, "quantity"),
        ({"action": "cancel", "order_type": "market"}, Code.FIELD_NOT_ALLOWED, "order_type"),
        ({"action": "cancel", "limit_price": 1}, Code.FIELD_NOT_ALLOWED, "limit_price"),
        ({"action": "cancel", "reduce_only": True}, Code.FIELD_NOT_ALLOWED, "reduce_only"),
        ({"action": "reduce"}, Code.SIZE_MISSING, "quantity"),
        ({"action": "reduce", "quantity": 1, "stop_loss": {"price": 1}}, Code.FIELD_NOT_ALLOWED, "stop_loss"),
        ({"action": "close", "take_profit": [{"price": 1}]}, Code.FIELD_NOT_ALLOWED, "take_profit"),
        ({"action": "target"}, Code.SIZE_MISSING, "target_quantity"),
        ({"action": "target", "quantity": 1}, Code.SIZE_NOT_ALLOWED, "quantity"),
        ({"action": "target", "target_quantity": 1, "target_percent": 1}, Code.SIZE_AMBIGUOUS, "target_percent"),
        ({"action": "replace"}, Code.SIZE_MISSING, "quantity"),
        ({"action": "replace", "notional": 1}, Code.SIZE_NOT_ALLOWED, "notional"),
        ({"action": "replace", "limit_price": 1, "order_type": "limit"}, Code.FIELD_NOT_ALLOWED, "order_type"),
        ({**BUY, "reduce_only": True, "stop_loss": {"price": 1}}, Code.FIELD_NOT_ALLOWED, "stop_loss"),
        (
            {"action": "buy", "size": {"method": "risk_amount", "value": 100}},
            Code.FIELD_MISSING,
            "size.stop",
        ),
        (
            {"action": "buy", "size": {"method": "percent_of_position", "value": 50}},
            Code.SIZE_NOT_ALLOWED,
            "size.method",
        ),
        (
            {"action": "reduce", "size": {"method": "percent_of_position", "value": 101}},
            Code.NUMBER_OUT_OF_RANGE,
            "size.value",
        ),
        ({"action": "buy", "size": {"method": "kelly", "value": "1.1"}}, Code.NUMBER_OUT_OF_RANGE, "size.value"),
    ],
)
def test_each_action_takes_its_own_fields(fields: dict[str, Any], code: Code, field: str) -> None:
    found = refusal(fields)

    assert (found.code, found.field) == (code, field)
    assert found.expected


@pytest.mark.parametrize("kind", get_args(OrderType))
def test_an_order_type_takes_exactly_its_prices(kind: OrderType) -> None:
    prices: dict[str, Any] = {"limit_price": 190, "stop_price": 190, "trail": {"amount": 1}}
    own = {name: prices[name] for name in PRICES[kind]}
    assert parsed(**BUY, order_type=kind, **own).order_type == kind

    for name in own:
        found = refusal({**BUY, "order_type": kind, **{other: prices[other] for other in own if other != name}})
        assert (found.code, found.field) == (Code.ORDER_PRICE_MISSING, name)
    for name in prices.keys() - own.keys():
        found = refusal({**BUY, "order_type": kind, **own, name: prices[name]})
        assert (found.code, found.field) == (Code.ORDER_PRICE_NOT_ALLOWED, name)
        assert "order_type" in found.expected


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({**BUY, "order_type": "stop", "stop_price": 190, "price": 190}, "stop_price"),
        ({**SELL, "order_type": "stop", "stop_price": 191, "price": 190}, "stop_price"),
        ({**BUY, "order_type": "stop_limit", "stop_price": 191, "limit_price": 190}, "limit_price"),
        ({**SELL, "order_type": "stop_limit", "stop_price": 190, "limit_price": 191}, "limit_price"),
        ({**BUY, "stop_loss": {"price": 180, "limit_price": 181}}, "stop_loss.limit_price"),
        ({**SELL, "stop_loss": {"price": 200, "limit_price": 199}}, "stop_loss.limit_price"),
    ],
)
def test_a_stop_on_the_wrong_side(fields: dict[str, Any], field: str) -> None:
    found = refusal(fields)
    assert (found.code, found.field) == (Code.STOP_WRONG_SIDE, field)


@pytest.mark.parametrize(
    "fields",
    [
        {**BUY, "order_type": "stop", "stop_price": 191, "price": 190},
        {**SELL, "order_type": "stop", "stop_price": 189, "price": 190},
        {**BUY, "order_type": "stop_limit", "stop_price": 190, "limit_price": 190},
        {"action": "close", "order_type": "stop", "stop_price": 189, "price": 190},
        {**BUY, "price": 190, "stop_loss": {"price": 189, "limit_price": 189}, "take_profit": [{"price": 191}]},
        {**SELL, "price": 190, "stop_loss": {"price": 191, "limit_price": 192}, "take_profit": [{"price": 189}]},
        {**BUY, "order_type": "limit", "limit_price": 185, "price": 190, "take_profit": [{"price": 188}]},
        {"action": "replace", "limit_price": 190},
        {"action": "target", "target_quantity": "-5", "stop_loss": {"percent": 2}},
        {"action": "buy", "size": {"method": "percent_of_equity", "value": 150}},
        {**BUY, "tags": [], "take_profit": []},
    ],
)
def test_what_coheres_is_taken(fields: dict[str, Any]) -> None:
    assert parsed(**fields).action == fields["action"]


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({**BUY, "price": 190, "stop_loss": {"price": 190}}, Code.STOP_LOSS_WRONG_SIDE, "stop_loss.price"),
        ({**SELL, "price": 190, "stop_loss": {"price": 189}}, Code.STOP_LOSS_WRONG_SIDE, "stop_loss.price"),
        (
            {**BUY, "order_type": "stop_limit", "stop_price": 100, "limit_price": 101, "stop_loss": {"price": "100.5"}},
            Code.STOP_LOSS_WRONG_SIDE,
            "stop_loss.price",
        ),
        ({**BUY, "price": 190, "take_profit": [{"price": 189}]}, Code.TAKE_PROFIT_WRONG_SIDE, "take_profit[0].price"),
        ({**SELL, "price": 190, "take_profit": [{"price": 191}]}, Code.TAKE_PROFIT_WRONG_SIDE, "take_profit[0].price"),
        (
            {**SELL, "stop_loss": {"price": 189}, "take_profit": [{"price": 189}]},
            Code.BRACKET_IMPOSSIBLE,
            "take_profit[0].price",
        ),
        ({**SELL, "take_profit": [{"percent": 100}]}, Code.NUMBER_OUT_OF_RANGE, "take_profit[0].percent"),
        (
            {**BUY, "take_profit": [{"price": 200, "part": "0.6"}, {"price": 210, "part": "0.5"}]},
            Code.PARTS_ABOVE_ONE,
            "take_profit",
        ),
        (
            {**BUY, "take_profit": [{"price": 200, "part": "0.6"}, {"price": 210}]},
            Code.FIELD_MISSING,
            "take_profit[1].part",
        ),
        ({**BUY, "take_profit": [{"part": 1}]}, Code.FIELD_MISSING, "take_profit[0]"),
        ({**BUY, "take_profit": [{"price": 1, "percent": 1}]}, Code.FIELD_CONFLICT, "take_profit[0].percent"),
        ({**BUY, "stop_loss": {}}, Code.FIELD_MISSING, "stop_loss"),
        ({**BUY, "stop_loss": {"price": 1, "amount": 1}}, Code.FIELD_CONFLICT, "stop_loss.amount"),
        ({**BUY, "stop_loss": {"trail": {}}}, Code.FIELD_MISSING, "stop_loss.trail"),
        (
            {**BUY, "stop_loss": {"percent": 1, "limit_price": 1}},
            Code.FIELD_NOT_ALLOWED,
            "stop_loss.limit_price",
        ),
        (
            {**BUY, "order_type": "trailing_stop", "trail": {"amount": 1, "percent": 1}},
            Code.FIELD_CONFLICT,
            "trail.percent",
        ),
    ],
)
def test_exits_that_cannot_hold(fields: dict[str, Any], code: Code, field: str) -> None:
    found = refusal(fields)
    assert (found.code, found.field) == (code, field)
    assert found.expected


def test_a_lone_profit_is_the_whole_position() -> None:
    assert parsed(**BUY, take_profit=[{"price": 200}]).take_profit[0].part == Decimal(1)


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"time_in_force": "gtd"}, Code.FIELD_MISSING, "expire_at"),
        ({"expire_at": "2026-03-09T14:30:00Z"}, Code.FIELD_NOT_ALLOWED, "expire_at"),
        (
            {
                "time_in_force": "gtd",
                "timestamp": "2026-03-09T14:30:00Z",
                "expire_at": "2026-03-09T14:29:59Z",
            },
            Code.TIME_ORDER,
            "expire_at",
        ),
    ],
)
def test_the_end_of_an_order(fields: dict[str, Any], code: Code, field: str) -> None:
    found = refusal({**BUY, **fields})
    assert (found.code, found.field) == (code, field)
