"""What no service does yet is refused by name, and everything else is not."""

from typing import Any, get_args

import msgspec
import pytest

from tests.unit.signal.bodies import parsed
from tradewire.messages.refusals import Code
from tradewire.messages.signal import Signal, SizeMethod
from tradewire.messages.signal_support import NOT_YET, unsupported
from tradewire.messages.vocabulary import Action, OrderType, TimeInForce

BUY = {"action": "buy", "quantity": 10}
TARGET = {"action": "target", "target_quantity": 10}
TRAIL = {"order_type": "trailing_stop", "trail": {"amount": 1}}
GTD = {"time_in_force": "gtd", "expire_at": "2026-03-09T14:30:00Z"}
PRICES = {
    "market": {},
    "limit": {"limit_price": 1},
    "stop": {"stop_price": 1},
    "stop_limit": {"limit_price": 1, "stop_price": 1},
}


WORDS = {"action": Action, "order_type": OrderType, "time_in_force": TimeInForce, "size.method": SizeMethod}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({**BUY, "stop_loss": {"trail": {"percent": 1}}}, "stop_loss.trail"),
        ({**BUY, "take_profit": [{"percent": 1, "part": "0.5"}]}, "take_profit"),
        ({**BUY, "take_profit": [{"percent": 1, "part": "0.5"}, {"percent": 2, "part": "0.5"}]}, "take_profit"),
        ({**TARGET, "stop_loss": {"percent": 1}}, "stop_loss"),
        ({**TARGET, "take_profit": [{"percent": 1}]}, "take_profit"),
        ({**BUY, **GTD}, "time_in_force"),
        ({**BUY, "execution": {"style": "twap"}}, "execution"),
    ],
)
@pytest.mark.parametrize("broker", ["alpaca", ""])
def test_a_feature_to_come_is_refused_by_name(fields: dict[str, Any], field: str, broker: str) -> None:
    refusal = unsupported(parsed(**fields), broker)

    assert refusal is not None
    assert (refusal.code, refusal.field) == (Code.NOT_SUPPORTED_YET, field)
    assert refusal.message.endswith("is not supported yet")
    assert refusal.expected


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"action": "replace", "quantity": 1}, "action"),
        ({**BUY, **TRAIL}, "order_type"),
        ({**BUY, "stop_loss": {"percent": 1}}, "stop_loss"),
        ({**BUY, "take_profit": [{"percent": 1}]}, "take_profit"),
        ({**BUY, "stop_loss": {"price": 1}, "take_profit": [{"price": 3}]}, "stop_loss"),
        ({**BUY, "extended_hours": True}, "extended_hours"),
        ({**BUY, "time_in_force": "opg"}, "time_in_force"),
        ({**BUY, "time_in_force": "cls"}, "time_in_force"),
    ],
)
def test_what_the_paper_broker_does_not_do_is_refused_in_its_accounts_alone(fields: dict[str, Any], field: str) -> None:
    refusal = unsupported(parsed(**fields), "paper")

    assert refusal is not None
    assert (refusal.code, refusal.field) == (Code.NOT_SUPPORTED_YET, field)
    assert refusal.message.endswith("in a paper account is not supported yet")
    assert unsupported(parsed(**fields), "alpaca") is None


@pytest.mark.parametrize("action", ["buy", "sell"])
@pytest.mark.parametrize("kind", PRICES)
@pytest.mark.parametrize("tif", ["day", "gtc", "ioc", "fok"])
def test_what_is_done_today_is_not_refused(action: str, kind: str, tif: str) -> None:
    signal = parsed(
        action=action,
        quantity="1.5",
        order_type=kind,
        time_in_force=tif,
        reduce_only=True,
        account="paper",
        confidence=1,
        timestamp="2026-03-09T14:30:00Z",
        valid_until="2026-03-09T14:31:00Z",
        tags=["a"],
        extra={"a": 1},
        execution={},
        extended_hours=False,
        take_profit=[],
        **PRICES[kind],
    )
    assert unsupported(signal) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"action": "buy", "notional": 100},
        {"action": "sell", "size": {"method": "percent_of_equity", "value": 5}},
        {"action": "buy", "size": {"method": "risk_amount", "value": 500, "stop": 170}},
        {"action": "sell", "size": {"method": "risk_percent", "value": 1, "stop_percent": 2}},
        {"action": "buy", "size": {"method": "volatility", "value": 1, "multiple": 2}},
        {"action": "buy", "size": {"method": "kelly"}},
        {"action": "buy", "size": {"method": "custom:equal_weight", "value": 10}},
        {"action": "reduce", "quantity": 1},
        {"action": "reduce", "notional": 100},
        {"action": "reduce", "size": {"method": "percent_of_position", "value": 50}},
        {"action": "target", "target_quantity": 0},
        {"action": "target", "target_percent": -5},
    ],
)
def test_every_size_that_risk_works_out(fields: dict[str, Any]) -> None:
    assert unsupported(parsed(**fields)) is None


@pytest.mark.parametrize("fields", [{"action": "close"}, {"action": "cancel"}, {"action": "close", **GTD}])
def test_close_and_cancel(fields: dict[str, Any]) -> None:
    refusal = unsupported(parsed(**fields))
    assert (refusal and refusal.field) == ("time_in_force" if "expire_at" in fields else None)


def test_every_field_and_word_is_either_done_or_in_the_table() -> None:
    done = {
        "action": {"buy", "sell", "close", "reduce", "target", "cancel"},
        "size.method": set(get_args(SizeMethod)),
        "order_type": {"market", "limit", "stop", "stop_limit"},
        "time_in_force": {"day", "gtc", "ioc", "fok"},
    }
    for field, words in WORDS.items():
        rows = {row.value for row in NOT_YET if row.field == field}
        assert rows | done[field] == set(get_args(words))
        assert not rows & done[field]
    plain = "strategy id symbol quantity limit_price stop_price reduce_only account price confidence timestamp"
    rest = set(plain.split()) | {
        "valid_until",
        "tags",
        "extra",
        "notional",
        "target_quantity",
        "target_percent",
        "size",
    }
    listed = {row.field.partition(".")[0] for row in NOT_YET} | {field for row in NOT_YET for field in row.takes}
    assert listed | rest == {field.name for field in msgspec.structs.fields(Signal)}
    assert not listed & rest
