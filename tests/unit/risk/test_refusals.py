"""What a broker takes in no order, by what is held: it is denied by name, with what to do instead."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from tests.unit.risk.builders import PAPER, Log
from tradewire.messages import order_events as o
from tradewire.messages.vocabulary import Refused, SizeAsked
from tradewire_risk.domain.profile import Setup

TURN = "The broker of paper turns no position through zero in one order in AAPL; close the position first."
SHORT = "The broker of paper sells nothing short in AAPL; sell no more than is held and not on sale already."
FRACTION = "The broker of paper takes no fraction in AAPL; send whole units."


def log_with(*refuses: Refused, held: str = "0", working: tuple[Any, str] | None = None) -> Log:
    log = Log()
    log.instrument(refuses=refuses, shortable=True, easy_to_borrow=True)
    if held != "0":
        log.hold(held)
    if working is not None:
        side, quantity = working
        log.approve("rest", side, quantity, order_type="limit", limit_price=Decimal(101))
    return log


def decided(log: Log, side: Any, quantity: str | None, name: str = "s", **fields: Any) -> Any:
    return log.decide(log.request(name, side, quantity, **fields)).data


@pytest.mark.parametrize(
    ("log", "side", "quantity", "words"),
    [
        (log_with("turn", held="10"), "sell", "10.01", TURN),
        (log_with("turn", held="-10"), "buy", "11", TURN),
        (log_with("turn", held="10", working=("sell", "4")), "sell", "7", TURN),
        (log_with("short", held="10"), "sell", "11", SHORT),
        (log_with("short", "turn"), "sell", "1", SHORT),
        (log_with("fraction"), "buy", "1.5", FRACTION),
        (log_with("fraction", held="1.5"), "sell", "1.5", FRACTION),
    ],
)
def test_what_no_order_may_be_is_denied_with_what_to_do_instead(log: Log, side: str, quantity: str, words: str) -> None:
    data = decided(log, side, quantity)
    assert isinstance(data, o.OrderDenied)
    assert (data.reason, data.message) == ("FEATURE_UNSUPPORTED", words)


@pytest.mark.parametrize(
    ("log", "side", "quantity"),
    [
        (log_with("turn", held="10"), "sell", "10"),
        (log_with("turn", held="-10"), "buy", "10"),
        (log_with("turn", held="-10"), "sell", "1"),
        (log_with("turn"), "sell", "5"),
        (log_with("turn", held="10"), "buy", "50"),
        (log_with("short", held="10"), "sell", "10"),
        (log_with("short", held="-10"), "buy", "20"),
        (log_with("fraction"), "buy", "2"),
        # What nobody told is left for the broker to judge, as it was before anybody could.
        (log_with(held="10"), "sell", "15.5"),
    ],
)
def test_every_other_order_passes(log: Log, side: str, quantity: str) -> None:
    assert isinstance(decided(log, side, quantity), o.OrderApproved)


LASTING = "The broker of paper takes fractions for the day alone in AAPL; send whole units, or with time_in_force day."
LIMIT: dict[str, Any] = {"order_type": "limit", "limit_price": Decimal(100)}


@pytest.mark.parametrize("time", ["gtc", "ioc"])
def test_a_fraction_that_outlasts_the_day_is_denied_where_the_broker_takes_none(time: str) -> None:
    log = log_with("lasting_fraction")
    data = decided(log, "buy", "1.5", time_in_force=time, **LIMIT)
    assert isinstance(data, o.OrderDenied)
    assert (data.reason, data.message) == ("FEATURE_UNSUPPORTED", LASTING)
    assert isinstance(decided(log, "buy", "1.5", "day", **LIMIT), o.OrderApproved)
    assert isinstance(decided(log, "buy", "2", "whole", time_in_force=time, **LIMIT), o.OrderApproved)


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, "market day"),
        ({**LIMIT, "time_in_force": "ioc"}, "limit ioc"),
        ({"order_type": "stop", "stop_price": Decimal(101)}, "stop day"),
    ],
)
def test_outside_regular_hours_only_what_the_broker_takes_there(fields: dict[str, Any], kind: str) -> None:
    data = decided(log_with("extended_other"), "buy", "1", extended_hours=True, **fields)
    assert isinstance(data, o.OrderDenied)
    assert (data.reason, data.message) == (
        "FEATURE_UNSUPPORTED",
        f"The broker of paper takes no {kind} order with extended_hours in AAPL, but limit day and limit gtc orders.",
    )
    assert isinstance(decided(log_with("extended_other"), "buy", "1", **fields), o.OrderApproved)
    assert isinstance(decided(log_with(), "buy", "1", extended_hours=True, **fields), o.OrderApproved)


@pytest.mark.parametrize("time", ["day", "gtc"])
def test_outside_regular_hours_limit_orders_pass(time: str) -> None:
    data = decided(log_with("extended_other"), "buy", "1", extended_hours=True, time_in_force=time, **LIMIT)
    assert isinstance(data, o.OrderApproved)


@pytest.mark.parametrize(
    ("told", "asked", "words"),
    [
        (
            {"order_types": ("market", "limit"), "times_in_force": ("gtc", "ioc")},
            {},
            "takes no market day order in AAPL, but market, limit orders with time_in_force gtc or ioc; "
            "add --time-in-force gtc, or the field to the signal.",
        ),
        (
            {"order_types": ("limit",), "times_in_force": ("day",)},
            {},
            "takes no market day order in AAPL, but limit orders with time_in_force day.",
        ),
        (
            {"times_in_force": ("ioc",)},
            {},
            "takes no market day order in AAPL, but any orders with time_in_force ioc; "
            "add --time-in-force ioc, or the field to the signal.",
        ),
        (
            {"order_types": ("limit",)},
            {},
            "takes no market day order in AAPL, but limit orders with any time_in_force.",
        ),
    ],
)
def test_a_type_or_time_that_is_not_taken_is_denied_with_those_that_are(
    told: dict[str, Any], asked: dict[str, Any], words: str
) -> None:
    log = Log()
    log.instrument(**told)
    data = decided(log, "buy", "1", **asked)
    assert isinstance(data, o.OrderDenied)
    assert (data.reason, data.message) == ("ORDER_TYPE_UNSUPPORTED", f"The broker of paper {words}")


def test_a_close_never_turns_whatever_else_is_working() -> None:
    log = log_with("short", "turn", held="10")
    data = decided(log, None, None, action="close")
    assert isinstance(data, o.OrderApproved)
    assert (data.side, str(data.quantity)) == ("sell", "10")


def test_a_target_on_the_other_side_is_reached_in_two_orders() -> None:
    log = log_with("turn", held="10")
    data = decided(log, None, None, action="target", size=SizeAsked("target_quantity", Decimal(-5)))
    assert isinstance(data, o.OrderDenied)
    assert data.message == TURN
    flat = decided(log, None, None, "flat", action="target", size=SizeAsked("target_quantity", Decimal(0)))
    assert isinstance(flat, o.OrderApproved)


def test_what_is_worth_too_little_to_be_dealt_in_is_judged_by_the_money_that_the_broker_is_told() -> None:
    setup = Setup(accounts={"paper": structs.replace(PAPER.accounts["paper"], fractional=True)})
    log = Log(setup, limits={"min_order_value": "none"})
    step = Decimal("0.001")
    log.instrument(features=("notional",), min_notional=Decimal(1), step=step, min_quantity=step)
    log.quote("AAPL", bid="149.97", ask="150.01")
    least = decided(log, "buy", None, size=SizeAsked("notional", Decimal(1)))
    assert isinstance(least, o.OrderApproved)
    assert least.price is not None
    assert (least.notional, least.quantity * least.price < 1) == (Decimal(1), True)
    less = decided(log, "buy", None, "less", size=SizeAsked("notional", Decimal("0.99")))
    assert less.reason == "NOTIONAL_BELOW_MIN"


def test_what_is_left_of_a_position_may_be_closed_however_little_it_is_worth() -> None:
    log = Log(limits={"min_order_value": "none"})
    log.instrument(min_notional=Decimal(5))
    log.hold("0.04")
    assert isinstance(decided(log, None, None, action="close"), o.OrderApproved)
    assert decided(log, "buy", "0.04", "more").reason == "NOTIONAL_BELOW_MIN"
