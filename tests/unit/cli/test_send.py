import inspect
from typing import Any

import msgspec
import pytest

from tradewire.errors import TradewireError
from tradewire.messages.signal_fields import FIELDS
from tradewire_cli.commands import send
from tradewire_cli.exits import Exit, Failed

GIVEN = {"id": "x-1", "timestamp": "2026-03-09T14:30:00Z"}


def written(words: str = "", **fields: Any) -> dict[str, Any]:
    return msgspec.json.decode(send._written({**GIVEN, **fields}, words.split()), type=dict[str, Any])


def test_every_field_of_a_signal_is_an_option() -> None:
    options = {name.rstrip("_") for name in inspect.signature(send.send).parameters}

    assert set(FIELDS) - {"schema"} <= options


def test_what_no_broker_is_sent_yet_stands_apart_from_what_some_take() -> None:
    panels: dict[str, set[str]] = {}
    for name, parameter in inspect.signature(send.send).parameters.items():
        for option in getattr(parameter.annotation, "__metadata__", ()):
            if panel := option.rich_help_panel:
                panels.setdefault(panel, set()).add(name)

    assert panels == {
        "At brokers that take them": {"trail", "stop_loss", "take_profit", "extended_hours"},
        "Not supported yet": {"expire_at", "execution"},
    }


def test_three_words_are_a_signal() -> None:
    assert written("buy AAPL 10") == {**GIVEN, "action": "buy", "symbol": "AAPL", "quantity": "10"}


def test_without_an_id_and_a_time_it_gets_both() -> None:
    body = msgspec.json.decode(send._written({}, ["close", "AAPL"]))

    assert send._checked(send._written({}, ["close", "AAPL"])).timestamp is not None
    assert body["id"].startswith("manual-")


def test_a_time_may_be_left_out_by_name() -> None:
    assert "timestamp" not in written("close AAPL", timestamp="none")


@pytest.mark.parametrize("text", ["price=180,limit_price=179.5", '{"price": "180", "limit_price": "179.5"}'])
def test_an_object_is_written_in_short_or_as_json(text: str) -> None:
    assert written("buy AAPL 1", stop_loss=text)["stop_loss"] == {"price": "180", "limit_price": "179.5"}


def test_several_targets_are_a_list() -> None:
    found = written("buy AAPL 1", take_profit=["price=200,part=0.5", "price=210,part=0.5"])

    assert found["take_profit"] == [{"price": "200", "part": "0.5"}, {"price": "210", "part": "0.5"}]


@pytest.mark.parametrize(
    ("words", "fields", "message"),
    [
        ("buy AAPL 10 20", {}, '"20" is one word too many'),
        ("buy AAPL 10", {"symbol": "MSFT"}, "symbol is given twice"),
        ("buy AAPL 10", {"trail": "tight"}, '--trail: "tight" is no object'),
    ],
)
def test_what_cannot_be_meant_is_said(words: str, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(TradewireError, match=message):
        written(words, **fields)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"id": "x", "symbol": "AAPL", "action": "buy"}', "SIZE_MISSING"),
        (b'{"id": "x", "symbol": "AAPL", "action": "long", "quantity": 1}', "WORD_UNKNOWN"),
        (b'{"id": "x", "symbol": "AAPL", "action": "replace", "quantity": 1}', "NOT_SUPPORTED_YET"),
        (b"buy AAPL", "JSON_MALFORMED"),
    ],
)
def test_what_would_be_refused_is_refused_before_it_is_sent(body: bytes, code: str) -> None:
    with pytest.raises(Failed, match=f"{code}: .*; expected ") as refused:
        send._checked(body)

    assert refused.value.code is Exit.REFUSED
