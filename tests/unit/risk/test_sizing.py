"""What risk makes of a size that is no plain quantity, and that it says how."""

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.risk.asking import FRACTIONS, approved, ask, denied, figures, funded
from tests.unit.risk.builders import Log
from tradewire.messages.vocabulary import Action, SizeAsked
from tradewire_risk.domain.reasons import Reason


def test_a_notional_amount_buys_whole_units() -> None:
    data = ask(funded(price="30"), "buy", "notional", "1000")
    assert approved(data) == ("buy", Decimal(33), False)
    assert figures(data) == {"notional": "1000", "price": "30", "step": "1"}


def test_a_notional_amount_buys_fractions_where_the_account_deals_in_them() -> None:
    assert approved(ask(funded(FRACTIONS, price="30"), "buy", "notional", "1000"))[1] == Decimal("33.333333")


def test_coins_are_bought_in_fractions_at_their_rate() -> None:
    log = funded(price=None)
    log.quote("BTC/EUR", "40000")
    log.quote("EUR/USD", "1.25")
    data = ask(log, "buy", "notional", "1000", symbol="BTC/EUR")
    assert approved(data)[1] == Decimal("0.02")
    assert figures(data)["price"] == "50000.00"


def test_the_orders_own_price_is_what_it_is_sized_at() -> None:
    data = ask(funded(price="100"), "buy", "notional", "1000", order_type="limit", limit_price=Decimal(50))
    assert approved(data)[1] == 20


def test_a_percentage_of_equity_leaves_out_what_is_not_realized() -> None:
    log = funded(cash="10000")
    log.hold("10", symbol="MSFT", price="100")
    log.quote("MSFT", "100")
    log.mark("MSFT", "300")
    data = ask(log, "buy", "percent_of_equity", "10")
    assert figures(data)["equity"] == "12000"
    assert figures(data)["unrealized"] == "2000"
    assert approved(data)[1] == 10


@pytest.mark.parametrize(("held", "side", "quantity"), [("10", "sell", 5), ("-7", "buy", 3)])
def test_a_percentage_of_the_position_is_taken_off_it(held: str, side: str, quantity: int) -> None:
    log = funded()
    log.hold(held)
    assert approved(ask(log, "reduce", "percent_of_position", "50")) == (side, Decimal(quantity), True)


def test_a_reduce_takes_a_plain_quantity_off_and_never_more_than_there_is() -> None:
    log = funded()
    log.hold("10")
    assert approved(log.decide(log.request("a", None, "4", action="reduce")).data) == ("sell", Decimal(4), True)
    reason, _ = denied(log.decide(log.request("b", None, "11", action="reduce")).data)
    assert reason == Reason.REDUCE_ONLY_ABOVE_POSITION


def test_there_is_nothing_to_reduce() -> None:
    log = funded()
    assert denied(log.decide(log.request("a", None, "4", action="reduce")).data)[0] == Reason.NOTHING_TO_CLOSE


@pytest.mark.parametrize(
    ("held", "target", "side", "quantity", "exit_"),
    [
        ("0", "30", "buy", "30", False),
        ("10", "30", "buy", "20", False),
        ("30", "10", "sell", "20", True),
        ("30", "0", "sell", "30", True),
        ("30", "-5", "sell", "35", False),
        ("-5", "0", "buy", "5", True),
        ("-5", "2", "buy", "7", False),
        ("1.5", "2", "buy", "0.5", False),
    ],
)
def test_a_target_is_reached_by_the_difference(held: str, target: str, side: str, quantity: str, exit_: bool) -> None:
    log = funded()
    if Decimal(held):
        log.hold(held)
    assert approved(ask(log, "target", "target_quantity", target)) == (side, Decimal(quantity), exit_)


def test_a_target_counts_what_works_already() -> None:
    log = funded()
    log.hold("10")
    log.approve("other", "buy", "5")
    data = ask(log, "target", "target_quantity", "30")
    assert approved(data)[1] == 15
    assert figures(data) == {"target": "30", "position": "10", "working": "5", "step": "1"}


def test_a_target_that_is_reached_is_no_order() -> None:
    log = funded()
    log.hold("10")
    reason, message = denied(ask(log, "target", "target_quantity", "10"))
    assert (reason, message) == (
        Reason.SIZE_UNKNOWN,
        "The order cannot be sized: the target of 10 is reached already.",
    )


@pytest.mark.parametrize(("percent", "side", "quantity"), [("5", "buy", 50), ("-2", "sell", 20)])
def test_a_target_percentage_of_equity(percent: str, side: str, quantity: int) -> None:
    assert approved(ask(funded(), "target", "target_percent", percent))[:2] == (side, Decimal(quantity))


@pytest.mark.parametrize(
    ("log", "action", "method", "missing"),
    [
        (funded(price=None), "buy", "notional", "its price is not known"),
        (Log(), "buy", "percent_of_equity", "the account's equity is not known"),
        (Log(), "target", "target_percent", "the account's equity is not known"),
        (funded(price=None), "target", "target_percent", "its price is not known"),
        (funded(), "buy", "martingale", "the method martingale is not carried out"),
    ],
)
def test_what_cannot_be_worked_out_is_denied_and_said(log: Log, action: Action, method: str, missing: str) -> None:
    data = ask(log, action, method, "5")
    failed = {check.name: check.value for check in data.checks if not check.passed}
    assert missing in (failed["size"] or "")
    assert "qty_min" in failed


def test_an_amount_that_buys_nothing_is_denied_and_not_enlarged() -> None:
    reason, message = denied(ask(funded(price="2000"), "buy", "notional", "1999"))
    assert (reason, message) == ("QTY_BELOW_MIN", "The quantity 0 is below the smallest allowed, 0.0001.")


def test_a_worked_out_size_passes_through_every_limit() -> None:
    reason, _ = denied(ask(funded(max_order_quantity="10"), "buy", "notional", "5000"))
    assert reason == Reason.QTY_ABOVE_MAX


def test_equal_amounts_are_duplicates_and_others_are_not() -> None:
    log = funded()
    fields: dict[str, Any] = {"size": SizeAsked("notional", Decimal(1000))}
    log.approve("a", "buy", None, **fields)
    assert log.decide(log.request("b", "buy", None, **fields)).reason is Reason.DUPLICATE_ORDER
    other: dict[str, Any] = {"size": SizeAsked("notional", Decimal(1001))}
    assert log.decide(log.request("c", "buy", None, **other)).reason is None
