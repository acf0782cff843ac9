"""What is no quote of a market, and why."""

from decimal import Decimal

import msgspec
import pytest

from tradewire.messages.quotes import Quote, decode_quote, encode_quote, fault_of

NOW = 1_767_366_000_000_000
GOOD, MORE = Decimal("187.25"), Decimal("187.26")


@pytest.mark.parametrize(
    ("quote", "why"),
    [
        (Quote("AAPL", NOW, bid=Decimal(0), ask=MORE), "its bid is no price"),
        (Quote("AAPL", NOW, bid=GOOD, ask=Decimal("NaN")), "its ask is no price"),
        (Quote("AAPL", NOW, last=Decimal("-Infinity")), "its last is no price"),
        (Quote("AAPL", NOW, last=Decimal("1E+3")), "its last is no price"),
        (Quote("AAPL", NOW, bid=MORE, ask=GOOD), "it is crossed"),
        (Quote("AAPL", NOW + 1, last=GOOD), "its time has not come yet"),
        (Quote("AAPL", 0, last=GOOD), "it has no time"),
        (Quote("aapl", NOW, last=GOOD), "it has no symbol"),
        (Quote("AAPL.>", NOW, last=GOOD), "it has no symbol"),
        (Quote("AAPL", NOW), "it has no price"),
        (Quote("AAPL", NOW, bid=GOOD, ask=GOOD), ""),
        (Quote("BTC/USDT", NOW, last=GOOD, delayed=True), ""),
    ],
)
def test_what_is_wrong_with_a_quote(quote: Quote, why: str) -> None:
    assert fault_of(quote, NOW) == why


def test_a_quote_of_which_nobody_says_that_it_is_late_is_not() -> None:
    """The form of publishers that know of no such flag."""
    quote = decode_quote(b'{"symbol":"AAPL","at":1,"last":"187.25"}')
    assert not quote.delayed
    assert decode_quote(encode_quote(msgspec.structs.replace(quote, delayed=True))).delayed
