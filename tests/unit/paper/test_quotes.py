"""Quotes as they come over NATS: every form that is right, and none that is wrong."""

import json
from decimal import Decimal
from typing import Any

import pytest

from tradewire.errors import InvalidValue
from tradewire.messages.quotes import Quote
from tradewire_router.paper.quotes import parse_quote

AT = 1_772_992_800_000_000


@pytest.mark.parametrize("at", [AT, "2026-03-08T18:00:00Z", "2026-03-08T19:00:00.000000+01:00"])
def test_times_are_microseconds_or_rfc_3339(at: Any) -> None:
    assert parse_quote(json.dumps({"symbol": "AAPL", "bid": "1.5", "at": at}).encode()) == Quote(
        symbol="AAPL", at=AT, bid=Decimal("1.5")
    )


def test_amounts_are_text_or_numbers_and_never_floats() -> None:
    quote = parse_quote(b'{"symbol":"BTC/USDT","bid":64000.10,"ask":"64000.20","last":null,"at":1772992800000000}')
    assert (str(quote.bid), str(quote.ask), quote.last) == ("64000.10", "64000.20", None)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"bid": "NaN"}, "bid"),
        ({"ask": "1_000"}, "ask"),
        ({"last": " 1 "}, "last"),
        ({"bid": 0}, "bid"),
        ({"bid": -1}, "bid"),
        ({"bid": True}, "bid"),
        ({"bid": []}, "bid"),
        ({"bid": "\u0661"}, "bid"),
        ({"bid": 3, "ask": 2}, "above the ask"),
        ({"bid": None}, "no price"),
        ({"symbol": "aapl"}, "lower case"),
        ({"symbol": 1}, "symbol"),
        ({"at": "2026-03-08T18:00:00"}, "zone"),
        ({"at": 1.5}, "at"),
        ({"at": -1}, "at"),
        ({"at": 10**18}, "at"),
        ({"at": None}, "at"),
    ],
)
def test_a_wrong_quote_is_refused_by_name(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidValue, match=says):
        parse_quote(json.dumps({"symbol": "AAPL", "bid": "1", "at": AT, **changes}).encode())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff",
        b'{"symbol":"AAPL","bid":1}',
        b'{"symbol":"AAPL","bid":1e999999,"at":1}',
        b"[" * 5000,
    ],
)
def test_what_is_no_quote_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidValue):
        parse_quote(data)
