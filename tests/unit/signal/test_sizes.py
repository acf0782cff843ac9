"""What a size that risk works out must say, alone and with the signal around it."""

from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from tests.unit.signal.bodies import body, parsed, refusal_of
from tradewire.messages.refusals import Code, Refusal, SignalInvalid
from tradewire.messages.signal import Signal, Size, SizeMethod
from tradewire.messages.signal_fields import SIZE
from tradewire.messages.signal_parse import parse_signal
from tradewire.messages.signal_sizes import METHODS, QUANTITY_TYPES
from tradewire.messages.signal_support import unsupported
from tradewire.messages.vocabulary import SizeTerms

RISK: dict[str, Any] = {"method": "risk_percent", "value": 1, "stop": 170}


def sized(size: dict[str, Any], **fields: Any) -> Signal:
    return parsed(**{"action": "buy", "size": size, **fields})


def refusal(size: dict[str, Any], **fields: Any) -> Refusal:
    with pytest.raises(SignalInvalid) as caught:
        sized(size, **fields)
    return caught.value.refusal


def test_the_tables_are_complete() -> None:
    assert list(METHODS) == list(get_args(SizeMethod))
    terms = {field.name for field in msgspec.structs.fields(SizeTerms)}
    assert set(SIZE) == {"method", "value"} | terms == {field.name for field in msgspec.structs.fields(Size)}
    taken = {field for rule in METHODS.values() for field in rule.takes}
    assert taken == terms


@pytest.mark.parametrize("method", METHODS)
def test_a_method_takes_its_own_fields_and_no_other(method: str) -> None:
    """A field that a method does not take is named, whatever stands beside it."""
    rule = METHODS[method]
    fields: dict[str, Any] = {"action": "reduce"} if method == "percent_of_position" else {}
    given: dict[str, Any] = {"method": method, "value": 1, **dict.fromkeys(rule.needs, 1)}
    if "stop" in rule.takes:
        given["stop"] = 1
    assert unsupported(sized(given, **fields)) is None
    for field in SizeTerms.__struct_fields__:
        if field in rule.takes:
            continue
        found = refusal({**given, field: "0.5"}, **fields)
        assert (found.code, found.field) == (Code.FIELD_NOT_ALLOWED, f"size.{field}")


def test_every_field_reaches_the_struct() -> None:
    caps = {"max_percent": 5, "max_notional": "10000", "max_quantity": 1000}
    assert sized({**RISK, **caps}).size == Size(
        method="risk_percent",
        value=Decimal(1),
        stop=Decimal(170),
        max_percent=Decimal(5),
        max_notional=Decimal(10000),
        max_quantity=Decimal(1000),
    )


def test_half_of_kellys_fraction_unless_the_signal_says_otherwise() -> None:
    given = {"method": "kelly", "win_rate": "0.55", "payoff": "1.5"}
    assert [found.size and found.size.value for found in (sized(given), sized({**given, "value": "0.25"}))] == [
        Decimal("0.5"),
        Decimal("0.25"),
    ]


@pytest.mark.parametrize(
    ("size", "code", "field"),
    [
        ({"method": "risk_percent", "value": 1}, Code.FIELD_MISSING, "size.stop"),
        ({"method": "risk_percent", "stop": 170}, Code.FIELD_MISSING, "size.value"),
        ({"value": 1}, Code.FIELD_MISSING, "size.method"),
        ({**RISK, "stop_percent": 2}, Code.FIELD_CONFLICT, "size.stop_percent"),
        ({**RISK, "value": 101}, Code.NUMBER_OUT_OF_RANGE, "size.value"),
        ({**RISK, "stop": 0}, Code.NUMBER_NOT_POSITIVE, "size.stop"),
        ({**RISK, "stop": None, "stop_percent": 101}, Code.WRONG_TYPE, "size.stop"),
        ({"method": "risk_percent", "value": 1, "stop_percent": 101}, Code.NUMBER_OUT_OF_RANGE, "size.stop_percent"),
        ({**RISK, "stopp": 1}, Code.FIELD_UNKNOWN, "size.stopp"),
        ({"method": "volatility", "value": 1}, Code.FIELD_MISSING, "size.multiple"),
        ({"method": "volatility", "value": 101, "multiple": 2}, Code.NUMBER_OUT_OF_RANGE, "size.value"),
        ({"method": "kelly", "win_rate": "0.5"}, Code.FIELD_MISSING, "size.payoff"),
        ({"method": "kelly", "payoff": 2}, Code.FIELD_MISSING, "size.win_rate"),
        ({"method": "kelly", "win_rate": "1.1", "payoff": 2}, Code.NUMBER_OUT_OF_RANGE, "size.win_rate"),
        ({"method": "kelly", "value": "1.5", "win_rate": "0.5", "payoff": 2}, Code.NUMBER_OUT_OF_RANGE, "size.value"),
        ({"method": "custom:", "value": 1}, Code.NAME_INVALID, "size.method"),
        ({"method": "custom:../x", "value": 1}, Code.NAME_INVALID, "size.method"),
        ({"method": "custom:equal_weight"}, Code.FIELD_MISSING, "size.value"),
        ({"method": "Risk Percent", "value": 1, "stop": 1}, Code.WORD_UNKNOWN, "size.method"),
        ({"method": 1, "value": 1}, Code.WRONG_TYPE, "size.method"),
    ],
)
def test_a_size_that_says_too_little_or_too_much(size: dict[str, Any], code: Code, field: str) -> None:
    found = refusal(size)
    assert (found.code, found.field) == (code, field)
    assert found.expected


@pytest.mark.parametrize("method", [method for method, rule in METHODS.items() if rule.entries])
@pytest.mark.parametrize("fields", [{"action": "reduce"}, {"action": "sell", "reduce_only": True}])
def test_a_size_of_an_entry_is_not_taken_for_an_exit(method: str, fields: dict[str, Any]) -> None:
    needed = dict.fromkeys(METHODS[method].needs, 2) | ({"stop_distance": 2} if "stop" in METHODS[method].takes else {})
    found = refusal({"method": method, "value": 1, **needed}, **fields)
    assert (found.code, found.field) == (Code.SIZE_NOT_ALLOWED, "size.method")


@pytest.mark.parametrize(
    ("action", "stop", "fields"),
    [
        ("buy", 175, {"price": 175}),
        ("buy", 176, {"order_type": "limit", "limit_price": 175}),
        ("sell", 174, {"price": 175}),
        ("sell", 175, {"order_type": "stop", "stop_price": 175}),
    ],
)
def test_a_stop_lies_on_the_losing_side(action: str, stop: int, fields: dict[str, Any]) -> None:
    found = refusal({**RISK, "stop": stop}, action=action, **fields)
    assert (found.code, found.field) == (Code.STOP_LOSS_WRONG_SIDE, "size.stop")


def test_a_stop_loss_says_what_is_at_risk_too() -> None:
    assert sized({"method": "risk_amount", "value": 100}, stop_loss={"percent": 2}).size is not None


TRADERS_POST: dict[str, dict[str, Any]] = {
    "fixed_quantity": {"quantity": 100},
    "dollar_amount": {"notional": 1000},
    "amount_per_position": {"notional": 1000},
    "risk_dollar_amount": {"size": {"method": "risk_amount", "value": 100, "stop": 90}},
    "risk_per_position": {"size": {"method": "risk_amount", "value": 100, "stop": 90}},
    "risk_percent": {"size": {"method": "risk_percent", "value": 1, "stop": 90}},
    "percent_of_equity": {"size": {"method": "percent_of_equity", "value": 10}},
    "percent_of_position": {"size": {"method": "percent_of_position", "value": 50}},
}
"""How a signal says each of TradersPost's quantity types."""


@pytest.mark.parametrize("kind", QUANTITY_TYPES)
def test_every_quantity_type_of_traders_post_has_its_way_here(kind: str) -> None:
    fields = TRADERS_POST[kind]
    said = fields["size"]["method"] if "size" in fields else next(iter(fields))
    signal = parsed(action="reduce" if kind == "percent_of_position" else "buy", price=100, **fields)
    assert unsupported(signal) is None
    assert said == QUANTITY_TYPES[kind]


def test_no_quantity_type_is_left_out() -> None:
    assert set(TRADERS_POST) == set(QUANTITY_TYPES)


@pytest.mark.parametrize("kind", [kind for kind, meant in QUANTITY_TYPES.items() if kind != meant])
def test_a_word_of_traders_post_is_refused_with_ours(kind: str) -> None:
    found = refusal_of(body("quantity", size=f'{{"method":"{kind}","value":1}}'))
    assert (found.code, found.field) == (Code.WORD_UNKNOWN, "size.method")
    assert QUANTITY_TYPES[kind] in found.expected


def test_the_example_of_the_explanation_is_a_signal() -> None:
    page = (Path(__file__).parents[3] / "docs/explanation/sizing.md").read_text()
    example = page.partition("```json\n")[2].partition("```")[0]
    signal = parse_signal("momentum", example.encode())
    assert signal.size is not None
    assert (signal.size.max_percent, unsupported(signal)) == (Decimal(5), None)


@pytest.mark.parametrize("kind", ["contracts", "percent_of_buying_power", "martingale"])
def test_a_way_of_sizing_that_nobody_carries_out_is_refused_by_name(kind: str) -> None:
    found = refusal_of(body("quantity", size=f'{{"method":"{kind}","value":1}}'))
    assert (found.code, found.field) == (Code.WORD_UNKNOWN, "size.method")
    assert f'"{kind}"' in found.message
