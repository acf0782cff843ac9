"""Whatever is published is a signal or is refused; nothing else ever leaves the parser."""

import json
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewire.messages.refusals import SignalInvalid
from tradewire.messages.signal import Signal
from tradewire.messages.signal_fields import FIELDS
from tradewire.messages.signal_parse import parse_signal
from tradewire.messages.signal_support import unsupported

WORDS = st.sampled_from(
    [
        *("buy", "sell", "close", "cancel", "limit", "stop", "market", "gtc", "gtd", "percent_of_equity"),
        *("AAPL", "aapl", "a-1", "{{x}}", "NaN", "10", "1e5", "true", "", "\0", "\ud800", "Ａ"),
        *("2026-03-09T14:30:00Z", "1741530600"),
    ]
)
SCALARS = st.none() | st.booleans() | st.integers(-5, 200) | st.floats() | WORDS | st.text(max_size=8)
KEYS = st.sampled_from([*FIELDS, "price", "percent", "amount", "part", "method", "value", "trail", "qty", "sl"])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=5
)
NUMBERS = st.decimals(Decimal("0.01"), Decimal(1_000_000), places=2)


def outcome(body: bytes) -> Signal | SignalInvalid:
    """What the parser makes of a body. Any other error fails the test."""
    try:
        return parse_signal("momentum", body)
    except SignalInvalid as error:
        return error


def check(found: Signal | SignalInvalid) -> None:
    if isinstance(found, SignalInvalid):
        refusal = found.refusal
        assert refusal.message.startswith(refusal.field)
        assert refusal.expected
        assert str(found).isprintable()
        return
    assert msgspec.json.decode(msgspec.json.encode(found), type=Signal) == found
    unsupported(found)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes(body: bytes) -> None:
    check(outcome(body))


@settings(deadline=None)
@given(st.text(alphabet='{}[]",:0123456789-.eE\\u{} idsymbolactionbuy', max_size=120).map(str.encode))
def test_anything_like_json(body: bytes) -> None:
    check(outcome(body))


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=6))
def test_any_values_in_any_fields(document: dict[str, Any]) -> None:
    check(outcome(json.dumps(document).encode()))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(list(FIELDS)), VALUES)
def test_any_value_in_one_field_of_a_good_signal(field: str, value: Any) -> None:
    document = {"id": "a-1", "symbol": "AAPL", "action": "buy", "quantity": 10, field: value}
    check(outcome(json.dumps(document).encode()))


@settings(deadline=None)
@given(st.data())
def test_cut_and_changed_bytes_of_a_good_signal(data: st.DataObject) -> None:
    good = b'{"id":"a-1","symbol":"AAPL","action":"buy","quantity":"10.5","order_type":"limit","limit_price":190}'
    at = data.draw(st.integers(0, len(good) - 1))
    check(outcome(good[:at]))
    check(outcome(good[:at] + data.draw(st.binary(max_size=3)) + good[at + 1 :]))


@settings(deadline=None)
@given(
    action=st.sampled_from(["buy", "sell"]),
    quantity=NUMBERS,
    limit=NUMBERS,
    stop_offset=NUMBERS,
    tif=st.sampled_from(["day", "gtc", "ioc", "fok"]),
    quoted=st.booleans(),
)
def test_every_coherent_signal_is_taken_digit_for_digit(
    action: str, quantity: Decimal, limit: Decimal, stop_offset: Decimal, tif: str, quoted: bool
) -> None:
    stop = limit - stop_offset if action == "buy" else limit + stop_offset
    if stop <= 0:
        return
    numbers = {"quantity": quantity, "limit_price": limit, "stop_price": stop}
    members = [f'"{name}":"{value:f}"' if quoted else f'"{name}":{value:f}' for name, value in numbers.items()]
    head = f'"id":"a-1","symbol":"AAPL","action":"{action}","order_type":"stop_limit","time_in_force":"{tif}"'
    signal = parse_signal("momentum", ("{" + ",".join([head, *members]) + "}").encode())

    assert {name: str(getattr(signal, name)) for name in numbers} == {n: str(v) for n, v in numbers.items()}
    assert unsupported(signal) is None
