"""Slippage: above zero is worse than at the approval, for a buyer as for a seller."""

from decimal import Decimal

import msgspec
import pytest

from tests.builders import approved
from tradewire.messages.vocabulary import QuoteUsed, Side
from tradewire_ledger.reader.told.slippage import Prices, Slip, price_of, slip


@pytest.mark.parametrize(
    ("side", "price", "part", "cost"),
    [
        ("buy", "101", "0.01", "10"),
        ("buy", "99", "-0.01", "-10"),
        ("sell", "99", "0.01", "10"),
        ("sell", "101", "-0.01", "-10"),
        ("buy", "100", "0", "0"),
    ],
)
def test_the_sign_is_that_of_a_cost(side: Side, price: str, part: str, cost: str) -> None:
    found = slip(side, Decimal(10), Decimal(price), Decimal(100), Decimal(1))
    assert found == Slip(Decimal(part), Decimal(cost))


def test_a_multiplier_raises_the_cost_and_not_the_part() -> None:
    found = slip("buy", Decimal(2), Decimal(101), Decimal(100), Decimal(50))
    assert found == Slip(Decimal("0.01"), Decimal(100))


@pytest.mark.parametrize("price", ["0", "-1"])
def test_without_a_price_there_is_no_slippage(price: str) -> None:
    assert slip("buy", Decimal(1), Decimal(1), Decimal(price), Decimal(1)) is None


def test_the_price_is_the_symbols_quote_and_else_what_the_approval_counted_with() -> None:
    quotes = (QuoteUsed("EUR/USD", Decimal("1.1"), 1, "x"), QuoteUsed("AAPL", Decimal("187.25"), 1, "x"))
    price = Decimal(190)
    assert price_of(msgspec.json.encode(approved(quotes=quotes, price=price))) == Decimal("187.25")
    assert price_of(msgspec.json.encode(approved(quotes=quotes[:1], price=price))) == price
    assert price_of(msgspec.json.encode(approved())) is None


def test_only_so_many_prices_are_remembered() -> None:
    prices = Prices(most=2)
    for order in ("a", "b", "a", "c"):
        prices.keep(order, Decimal(1))
    assert prices.missing({"a", "b", "c"}) == ["b"]
    assert prices.get("a") == 1
