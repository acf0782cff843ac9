"""Alpaca's activities as what happened, and the cursor that tells each of them once."""

from decimal import Decimal
from typing import Any

import pytest

from tradewire_router.brokers.alpaca.activities import START, following, mark_of, query_of
from tradewire_router.brokers.errors import BrokerError
from tradewire_router.brokers.values import Activity

D = Decimal


def told(number: int, kind: str = "DIV", day: str = "2026-03-02", **fields: Any) -> dict[str, Any]:
    given = {"id": f"{day}::{number}", "activity_type": kind, "date": day, "net_amount": "1"}
    return {**given, **fields}


def one(activity: dict[str, Any]) -> Activity:
    ((found,), _) = following("main", [activity], mark_of(None))
    return found


@pytest.mark.parametrize(
    ("kind", "fields", "meant"),
    [
        ("DIV", {"qty": "10", "symbol": "AAPL"}, ("dividend", D(1), D(0))),
        ("DIV", {"net_amount": "0", "qty": "2", "symbol": "AAPL"}, ("stock_dividend", D(0), D(2))),
        ("DIVNRA", {"net_amount": "-0.15"}, ("tax", D("-0.15"), D(0))),
        ("INT", {}, ("interest", D(1), D(0))),
        ("FEE", {"net_amount": "-0.01"}, ("fee", D("-0.01"), D(0))),
        ("CFEE", {"net_amount": "0", "qty": "-0.0005", "symbol": "BTCUSD"}, ("fee", D(0), D("-0.0005"))),
        ("CSD", {"net_amount": "500"}, ("deposit", D(500), D(0))),
        ("CSW", {"net_amount": "-500"}, ("withdrawal", D(-500), D(0))),
        ("TRANS", {"net_amount": "500"}, ("deposit", D(500), D(0))),
        ("TRANS", {"net_amount": "-500"}, ("withdrawal", D(-500), D(0))),
        ("ACATS", {"net_amount": "", "qty": "7", "symbol": "MSFT", "price": "300"}, ("transfer", D(0), D(7))),
        ("JNLC", {}, ("transfer", D(1), D(0))),
        ("SPLIT", {"net_amount": None, "qty": "30", "symbol": "AAPL"}, ("split", D(0), D(30))),
        ("SSO", {"net_amount": "0", "qty": "3", "symbol": "NEW"}, ("spin_off", D(0), D(3))),
        ("MA", {"net_amount": "90", "qty": "-10", "symbol": "OLD"}, ("merger", D(90), D(-10))),
        ("UNHEARD", {"net_amount": "-3"}, ("other", D(-3), D(0))),
    ],
)
def test_each_kind_moves_what_it_moves(kind: str, fields: dict[str, Any], meant: tuple[str, D, D]) -> None:
    found = one(told(1, kind, **fields))
    assert (found.kind, found.amount, found.quantity) == meant
    assert found.symbol == {"BTCUSD": "BTC/USD"}.get(fields.get("symbol", ""), fields.get("symbol", ""))
    assert found.price == (D(300) if kind == "ACATS" else None)


def test_its_day_is_new_yorks_and_its_words_are_alpacas() -> None:
    found = one(told(1, description="Cash dividend", currency="EUR"))
    assert found.at == 1_772_427_600_000_000  # 2026-03-02T05:00:00Z
    assert (found.activity, found.text, found.currency) == ("2026-03-02::1", "Cash dividend", "EUR")
    assert one(told(1, "FEE")).text == "FEE"


def test_executions_and_what_was_taken_back_are_none() -> None:
    others = [told(1, "FILL"), told(2, status="canceled")]
    assert following("main", others, mark_of(None)) == ([], START)


def test_one_that_comes_late_is_told_once_and_none_twice() -> None:
    first, second = told(1), told(2, day="2026-03-06")
    found, cursor = following("main", [second, first], mark_of(None))
    assert [each.activity for each in found] == ["2026-03-02::1", "2026-03-06::2"]
    assert following("main", [first, second], mark_of(cursor)) == ([], cursor)
    late = told(3, day="2026-03-01")
    found, later = following("main", [first, second, late], mark_of(cursor))
    assert [each.activity for each in found] == ["2026-03-01::3"]
    assert following("main", [late, first, second], mark_of(later)) == ([], later)
    same_day = told(4, day="2026-03-06")
    found, _ = following("main", [first, second, late, same_day], mark_of(later))
    assert [each.activity for each in found] == ["2026-03-06::4"]


def test_a_cursor_forgets_what_is_not_read_again() -> None:
    _, cursor = following("main", [told(1, day="2026-01-05"), told(2, day="2026-03-06")], mark_of(None))
    assert cursor.count(":") == 1
    assert query_of(mark_of(cursor)) == {"category": "non_trade_activity", "after": "2026-02-19T00:00:00Z"}
    assert query_of(mark_of(None)) == {"category": "non_trade_activity"}
    assert following("main", [], mark_of(cursor))[1].startswith("2026-03-06")


@pytest.mark.parametrize("cursor", ["no cursor", "2026-03-06:", "2026-13-06", "2026-03-06:xyz", "1", ""])
def test_a_cursor_that_was_never_given_is_refused(cursor: str) -> None:
    with pytest.raises(BrokerError, match="cursor"):
        mark_of(cursor)


@pytest.mark.parametrize("fields", [{"date": "soon"}, {"net_amount": "much"}, {"qty": []}])
def test_one_without_its_shape_is_an_error(fields: dict[str, Any]) -> None:
    with pytest.raises(BrokerError, match="cannot be read"):
        one(told(1, **fields))
