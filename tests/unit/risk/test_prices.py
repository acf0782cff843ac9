"""Quotes: which are kept, which are none, and what they say."""

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.risk.builders import NOW
from tradewire.messages.account_events import Mark
from tradewire.messages.quotes import Quote
from tradewire_risk.domain.prices import QuoteBoard

HUNDRED = Decimal(100)


@pytest.mark.parametrize(
    "quote",
    [
        Quote("AAPL", NOW, last=Decimal("NaN")),
        Quote("AAPL", NOW, last=Decimal("sNaN")),
        Quote("AAPL", NOW, last=Decimal("Infinity")),
        Quote("AAPL", NOW, last=Decimal(0)),
        Quote("AAPL", NOW, last=Decimal(-1)),
        Quote("AAPL", NOW, last=HUNDRED, bid=Decimal(-1)),
        Quote("AAPL", NOW, last=HUNDRED, ask=Decimal("NaN")),
        Quote("AAPL", NOW, last=Decimal("1e999999")),
        Quote("AAPL", NOW, last=Decimal("1e9")),
        Quote("AAPL", NOW, last=Decimal(1000000000000000)),
        Quote("AAPL", NOW, last=Decimal("0.0000000000001")),
        Quote("AAPL", NOW, bid=Decimal("100.01"), ask=HUNDRED),
        Quote("AAPL", NOW, bid=Decimal("100.01"), ask=HUNDRED, last=HUNDRED),
        Quote("aapl", NOW, last=HUNDRED),
        Quote("", NOW, last=HUNDRED),
        Quote("AAPL", 0, last=HUNDRED),
        Quote("AAPL", NOW),
    ],
)
def test_what_is_no_quote_is_not_kept(quote: Quote) -> None:
    board = QuoteBoard()
    assert not board.hear(quote, "sim")
    assert board.get(quote.symbol) is None


def test_a_locked_market_is_a_quote() -> None:
    board = QuoteBoard()
    assert board.hear(Quote("AAPL", NOW, bid=HUNDRED, ask=HUNDRED), "sim")
    assert board.mark("AAPL") == Mark(HUNDRED, NOW)


def test_a_crossed_quote_leaves_the_one_before_it() -> None:
    board = QuoteBoard()
    true = Quote("AAPL", NOW, bid=Decimal(99), ask=HUNDRED)
    assert board.hear(true, "sim")
    assert not board.hear(Quote("AAPL", NOW + 1, bid=Decimal(101), ask=HUNDRED), "sim")
    held = board.get("AAPL")
    assert held is not None
    assert held.quote == true


@pytest.mark.parametrize("price", ["0.000000000001", "999999999999999", "187.25"])
def test_every_price_that_money_can_be_is_kept(price: str) -> None:
    board = QuoteBoard()
    assert board.hear(Quote("AAPL", NOW, last=Decimal(price)), "sim")
    assert board.mark("AAPL") == Mark(Decimal(price), NOW)


def test_the_newest_quote_of_any_venue_is_kept() -> None:
    board = QuoteBoard()
    newest = Quote("AAPL", NOW, last=Decimal(101))
    assert board.hear(newest, "a")
    assert board.hear(Quote("AAPL", NOW - 1, last=HUNDRED), "b")
    held = board.get("AAPL")
    assert held is not None
    assert (held.quote, held.source) == (newest, "a")


def test_a_quote_of_a_time_to_come_does_not_stand_in_the_way_of_true_ones() -> None:
    board = QuoteBoard()
    assert not board.hear(Quote("AAPL", NOW + 6, last=HUNDRED), "sim", latest=NOW + 5)
    assert board.hear(Quote("AAPL", NOW + 5, last=HUNDRED), "sim", latest=NOW + 5)


@pytest.mark.parametrize(
    ("prices", "mark"),
    [
        ({"bid": "99", "ask": "102", "last": "100"}, "100"),
        ({"bid": "99", "ask": "102"}, "100.5"),
        ({"bid": "99"}, "99"),
        ({"ask": "102"}, "102"),
    ],
)
def test_the_mark_of_a_quote(prices: dict[str, Any], mark: str | None) -> None:
    board = QuoteBoard()
    amounts: dict[str, Any] = {name: Decimal(text) for name, text in prices.items()}
    assert board.hear(Quote("AAPL", NOW, **amounts), "sim")
    assert board.mark("AAPL") == (None if mark is None else Mark(Decimal(mark), NOW))
    assert board.mark("MSFT") is None
