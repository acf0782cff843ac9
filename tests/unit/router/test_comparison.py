"""What a broker says of an account against what the log says."""

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.router.builders import Log, broker_order, execution
from tradewire import ids
from tradewire.messages.account_events import ReconciliationBroken
from tradewire.messages.vocabulary import Discrepancy
from tradewire_router.brokers.values import Balance, Position
from tradewire_router.domain.comparison import (
    DIFFERENCES_MAX,
    News,
    compare,
    compare_orders,
    news,
    opening_cash,
    recordable,
)

SENT = ("OrderApproved", "OrderSubmitStarted")


def position(symbol: str, quantity: str) -> Position:
    return Position(account="paper", symbol=symbol, quantity=Decimal(quantity))


def money(asset: str, total: str) -> Balance:
    return Balance(account="paper", asset=asset, total=Decimal(total), available=Decimal(total))


def traded() -> Log:
    """10,000 dollars, of which 1,000 went into 10 AAPL."""
    log = Log()
    log.cash("10000")
    log.order(0, *SENT, "OrderAccepted", "OrderFilled")
    return log


@pytest.mark.parametrize(
    ("positions", "balances", "expected"),
    [
        ([("AAPL", "10")], [("USD", "9000")], []),
        ([("AAPL", "10.00")], [("USD", "9000.0")], []),
        ([("AAPL", "10")], [("USD", "9000"), ("EUR", "0")], []),
        ([("AAPL", "4")], [("USD", "9000")], [("position", "AAPL", "10", "4")]),
        ([("AAPL", "-10")], [("USD", "9000")], [("position", "AAPL", "10", "-10")]),
        ([], [("USD", "9000")], [("position", "AAPL", "10", "0")]),
        ([("AAPL", "10"), ("MSFT", "1")], [("USD", "9000")], [("position", "MSFT", "0", "1")]),
        ([("AAPL", "10")], [("USD", "8999.99")], [("cash", "USD", "9000", "8999.99")]),
        ([("AAPL", "10")], [], [("cash", "USD", "9000", "0")]),
        ([("AAPL", "10")], [("USD", "9000"), ("EUR", "7")], [("cash", "EUR", "0", "7")]),
        # An execution that the log has not: both sides of it show.
        ([("AAPL", "13")], [("USD", "8700")], [("position", "AAPL", "10", "13"), ("cash", "USD", "9000", "8700")]),
    ],
)
def test_positions_and_cash(positions: list[Any], balances: list[Any], expected: list[Any]) -> None:
    found = compare(traded().state, [position(*p) for p in positions], [money(*m) for m in balances])

    assert [(each.kind, each.key, each.ours, each.theirs) for each in found] == expected


STEP = Decimal("1E-8")


@pytest.mark.parametrize(
    ("theirs", "differs"),
    [
        ("9000.000000009999999", False),
        ("8999.999999990000001", False),
        ("9000.00000001", True),
        ("8999.99999999", True),
        ("9000.000000010000001", True),
        ("8999.999999989999999", True),
        ("9000", False),
        ("9001", True),
    ],
)
def test_cash_differs_from_a_step_on_that_its_broker_tells_it_in(theirs: str, differs: bool) -> None:
    found = compare(traded().state, [position("AAPL", "10")], [money("USD", theirs)], STEP)

    assert found == ((Discrepancy("cash", "USD", "9000", theirs),) if differs else ())


@pytest.mark.parametrize(("ours", "differs"), [("0.000000009", False), ("-0.000000009", False), ("0.00000001", True)])
def test_cash_of_which_the_broker_says_nothing_is_none_of_it(ours: str, differs: bool) -> None:
    log = Log()
    log.cash(ours, "EUR")

    assert bool(compare(log.state, [], [], STEP)) is differs
    assert compare(log.state, [], [])


def test_a_step_of_cash_says_nothing_of_holdings() -> None:
    found = compare(traded().state, [position("AAPL", "10.000000001")], [money("USD", "9000")], STEP)

    assert [each.kind for each in found] == ["position"]


@pytest.mark.parametrize(
    ("theirs", "told"),
    [
        ("8900.000000004", "8900"),
        ("8899.999999996", "8900"),
        ("8900.00000001", "8900.00000001"),
        ("8899.99999999", "8899.99999999"),
        ("9000.000000001", None),
    ],
)
def test_a_gap_on_record_stays_while_digits_move_that_are_not_told(theirs: str, told: str | None) -> None:
    log = traded()
    recorded = (Discrepancy("cash", "EUR", "0", "-100"), Discrepancy("cash", "USD", "9500", "9400"))
    log.write("account-paper", ReconciliationBroken(account="paper", broker="paper", differences=recorded, epoch=1))

    found = compare(log.state, [position("AAPL", "10")], [money("USD", theirs), money("EUR", "-100")], STEP)

    dollars = [each.theirs for each in found if each.key == "USD"]
    assert dollars == ([] if told is None else [told])
    assert news(found, recorded).worse is (told not in {"8900", None})


def test_an_account_of_which_the_log_knows_nothing() -> None:
    found = compare(Log().state, [position("AAPL", "1")], [money("USD", "0")])

    assert [(each.kind, each.key) for each in found] == [("position", "AAPL")]


def test_an_order_that_works_at_the_broker_and_is_closed_here() -> None:
    log = Log()
    order = log.get(log.order(0, *SENT, "OrderAccepted", "OrderCanceled"))

    (found,) = compare_orders([(broker_order(order, "accepted"), order)], [])

    assert found == Discrepancy("order", order.client_order_id or "", "canceled", "accepted")


def test_an_order_that_works_on_both_sides_is_no_difference() -> None:
    log = Log()
    order = log.get(log.order(0, *SENT, "OrderAccepted"))

    assert compare_orders([(broker_order(order, "accepted"), order)], []) == ()


def test_an_attempt_that_works_though_it_was_proven_not_to_have_arrived() -> None:
    log = Log()
    order = log.get(log.order(0, *SENT, "OrderSubmitNeverArrived", *SENT))
    first = ids.client_order_id(order.order, 1)

    (found,) = compare_orders([(broker_order(order, "accepted", client_order_id=first), order)], [])

    assert found == Discrepancy("order", first, "never arrived", "accepted")


def test_an_order_of_which_the_broker_knows_nothing() -> None:
    log = Log()
    order = log.get(log.order(0, *SENT, "OrderAccepted"))

    assert compare_orders([], [order]) == (Discrepancy("order", order.client_order_id or "", "working", "absent"),)


def test_the_opening_cash_is_what_is_there_less_what_executions_moved() -> None:
    executions = [
        execution(quantity=Decimal(5), fee=Decimal(1)),
        execution(execution="E2", side="sell", quantity=Decimal(2), price=Decimal(110)),
        execution(execution="E3", symbol="BTC/EUR", quantity=Decimal(1), fee=Decimal("0.01"), fee_currency="BTC"),
    ]
    balances = [money("USD", "9719"), money("EUR", "900"), money("JPY", "7"), money("GBP", "0")]

    opening = opening_cash("USD", balances, executions)

    assert opening == {"USD": 10_000, "EUR": 1_000, "JPY": 7, "BTC": Decimal("0.01")}
    assert next(iter(opening)) == "USD"


def test_the_base_currency_is_told_even_when_there_is_none_of_it() -> None:
    assert opening_cash("USD", [money("EUR", "5")], []) == {"USD": 0, "EUR": 5}


A = Discrepancy("position", "AAPL", "10", "15")
A_AFTER_TRADES = Discrepancy("position", "AAPL", "20", "25.0")
A_WIDER = Discrepancy("position", "AAPL", "10", "16")
CASH = Discrepancy("cash", "USD", "100", "90")
ORDER = Discrepancy("order", "c1", "working", "absent")
ORDER_CLOSED = Discrepancy("order", "c1", "canceled", "accepted")


@pytest.mark.parametrize(
    ("found", "recorded", "expected"),
    [
        ([A], [], News(changed=True, worse=True)),
        ([A], [A], News(changed=False, worse=False)),
        ([A_AFTER_TRADES], [A], News(changed=False, worse=False)),
        ([A_WIDER], [A], News(changed=True, worse=True)),
        ([A, CASH], [A], News(changed=True, worse=True)),
        ([CASH, A], [A, CASH], News(changed=False, worse=False)),
        ([A], [A, CASH], News(changed=True, worse=False)),
        ([CASH], [A], News(changed=True, worse=True)),
        ([ORDER_CLOSED], [ORDER], News(changed=True, worse=True)),
    ],
)
def test_what_is_new_of_differences(found: list[Discrepancy], recorded: list[Discrepancy], expected: News) -> None:
    assert news(found, recorded) == expected


def test_of_too_many_differences_always_the_same_ones_are_recorded() -> None:
    """Else each comparison would look like news, and halt an account that a person has resumed."""
    many = [Discrepancy("position", f"S{number:03}", "1", "0") for number in range(DIFFERENCES_MAX + 50)]

    recorded = recordable(many)

    assert len(recorded) == DIFFERENCES_MAX
    assert news(recordable(reversed(many)), recorded) == News(changed=False, worse=False)
