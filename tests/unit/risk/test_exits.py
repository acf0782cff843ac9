"""Exits that go with an entry, trails, extended hours and amounts of money: what is approved, and what is denied."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from tests.unit.risk.builders import NOW, PAPER, Log
from tradewire import ids
from tradewire.messages import order_events as o
from tradewire.messages.account_events import InstrumentReported
from tradewire.messages.vocabulary import Exit, ExitAsked, Feature, SizeAsked
from tradewire_risk.domain.profile import Setup

ALL: tuple[Feature, ...] = ("notional", "extended_hours", "trail_percent", "bracket", "oto")
FRACTIONS = Setup(accounts={"paper": structs.replace(PAPER.accounts["paper"], fractional=True)})
MONEY = SizeAsked("notional", Decimal(250))


def asked(kind: Any, **terms: str) -> ExitAsked:
    return ExitAsked(kind=kind, **{name: Decimal(value) for name, value in terms.items()})


def log_with(features: tuple[Feature, ...] | None = ALL, setup: Setup = PAPER) -> Log:
    log = Log(setup)
    log.write(
        "account-paper",
        InstrumentReported(
            account="paper",
            broker="paper",
            symbol="AAPL",
            at=NOW,
            asset_class="equity",
            currency="USD",
            tick=Decimal("0.01"),
            step=Decimal("0.000001"),
            min_quantity=Decimal("0.000001"),
            features=features,
            shortable=True,
            easy_to_borrow=True,
        ),
    )
    return log


def decided(log: Log, side: Any = "buy", **fields: Any) -> Any:
    return log.decide(log.request("s", side, **fields)).data


@pytest.mark.parametrize(
    ("side", "exits", "found"),
    [
        ("buy", (asked("take_profit", percent="10"),), [("limit", "110", None)]),
        ("buy", (asked("stop_loss", amount="5.5"),), [("stop", None, "94.5")]),
        ("buy", (asked("stop_loss", price="95", limit_price="94"),), [("stop_limit", "94", "95")]),
        ("sell", (asked("take_profit", percent="10"),), [("limit", "90", None)]),
        ("sell", (asked("stop_loss", percent="5"),), [("stop", None, "105")]),
        # Towards the entry, so that nothing lies further away than was asked.
        ("buy", (asked("take_profit", percent="1.2345"),), [("limit", "101.23", None)]),
        ("buy", (asked("stop_loss", percent="1.2345"),), [("stop", None, "98.77")]),
        (
            "buy",
            (asked("take_profit", price="120"), asked("stop_loss", percent="10")),
            [("limit", "120", None), ("stop", None, "90")],
        ),
    ],
)
def test_an_approval_carries_its_exits(side: Any, exits: Any, found: list[tuple[str, str | None, str | None]]) -> None:
    data = decided(log_with(), side, exits=exits)
    assert isinstance(data, o.OrderApproved), data
    wanted = [(kind, limit and Decimal(limit), stop and Decimal(stop)) for kind, limit, stop in found]
    assert [(each.order_type, each.limit_price, each.stop_price) for each in data.exits] == wanted
    assert [each.kind for each in data.exits] == [each.kind for each in exits]


def test_distances_are_taken_from_the_entrys_own_price() -> None:
    limit: dict[str, Any] = {"order_type": "limit", "limit_price": Decimal(80)}
    data = decided(log_with(), exits=(asked("stop_loss", percent="10"),), **limit)
    assert data.exits == (Exit(kind="stop_loss", order_type="stop", stop_price=Decimal(72)),)


@pytest.mark.parametrize(
    ("exits", "reason", "words"),
    [
        ((asked("stop_loss", price="101"),), "EXIT_PRICE_INVALID", "its stop_loss 101 is not below the entry 100"),
        ((asked("take_profit", price="99"),), "EXIT_PRICE_INVALID", "its take_profit 99 is not above the entry 100"),
        ((asked("stop_loss", amount="200"),), "EXIT_PRICE_INVALID", "its stop_loss -100 is not below"),
        ((asked("stop_loss", percent="0.0001"),), "EXIT_PRICE_INVALID", "is not below the entry 100"),
        ((asked("stop_loss", price="95.005"),), "PRICE_TICK_INVALID", "95.005"),
    ],
)
def test_an_exit_that_cannot_be_is_denied(exits: Any, reason: str, words: str) -> None:
    data = decided(log_with(), exits=exits)
    assert isinstance(data, o.OrderDenied)
    assert data.reason == reason
    assert words in data.message


@pytest.mark.parametrize(
    ("fields", "lacking"),
    [
        ({"exits": (asked("stop_loss", percent="5"),)}, "oto"),
        ({"exits": (asked("take_profit", percent="5"), asked("stop_loss", percent="5"))}, "bracket"),
        ({"extended_hours": True, "order_type": "limit", "limit_price": Decimal(99)}, "extended_hours"),
        ({"order_type": "trailing_stop", "trail_percent": Decimal(2)}, "trail_percent"),
    ],
)
def test_what_the_broker_does_not_take_is_denied_by_name(fields: dict[str, Any], lacking: Any) -> None:
    rest = tuple(feature for feature in ALL if feature != lacking)
    data = decided(log_with(rest), **fields)
    assert isinstance(data, o.OrderDenied)
    assert (data.reason, f"takes no {lacking} in AAPL" in data.message) == ("FEATURE_UNSUPPORTED", True)
    # The broker itself says no where nobody knows what it takes.
    for features in (ALL, None):
        approved = decided(log_with(features), **fields)
        assert isinstance(approved, o.OrderApproved)


def test_a_trailing_stop_is_approved_as_it_was_asked_and_measured_at_its_distance() -> None:
    trail: dict[str, Any] = {"order_type": "trailing_stop"}
    bought = decided(log_with(), **trail, trail_amount=Decimal(5))
    assert (bought.trail_amount, bought.trail_percent, bought.price) == (Decimal(5), None, Decimal(105))
    assert decided(log_with(), **trail, trail_percent=Decimal(2)).price == Decimal(102)
    assert decided(log_with(), "sell", **trail, trail_percent=Decimal(2)).price == Decimal(100)
    off = decided(log_with(), **trail, trail_amount=Decimal("1.005"))
    assert off.reason == "PRICE_TICK_INVALID"


def test_an_amount_of_money_is_passed_on_where_the_broker_and_the_account_take_it() -> None:
    data = decided(log_with(setup=FRACTIONS), quantity=None, size=MONEY)
    assert (data.notional, data.quantity) == (Decimal(250), Decimal("2.5"))


@pytest.mark.parametrize(
    ("features", "setup", "fields"),
    [
        (ALL, PAPER, {}),
        ((), FRACTIONS, {}),
        (None, FRACTIONS, {}),
        (ALL, FRACTIONS, {"order_type": "limit", "limit_price": Decimal(100)}),
        (ALL, FRACTIONS, {"exits": (asked("stop_loss", percent="5"),)}),
    ],
)
def test_else_it_becomes_the_quantity_that_it_buys(
    features: tuple[Feature, ...] | None, setup: Setup, fields: dict[str, Any]
) -> None:
    data = decided(log_with(features, setup), quantity=None, size=MONEY, **fields)
    assert isinstance(data, o.OrderApproved), data
    assert data.notional is None
    assert data.quantity == (Decimal("2.5") if setup is FRACTIONS else Decimal(2))


def test_an_exit_is_nobodys_to_decide_and_of_two_only_one_counts() -> None:
    log = log_with()
    entry = log.request("s", "buy", "10")
    signal = entry.signal
    first, second = (ids.order_uuid(signal, "paper", leg) for leg in (1, 2))
    for order, leg, instead_of in ((first, 1, ""), (second, 2, first)):
        log.request("s", "sell", "10", leg=leg, parent=entry.order, instead_of=instead_of, reduce_only=True)
        assert order not in log.state.orders.requested
        started = o.OrderSubmitStarted(
            order=order,
            attempt=1,
            client_order_id=ids.client_order_id(order, 1),
            account="paper",
            broker="paper",
            epoch=1,
            state_pos=1,
            head="head",
        )
        log.write(f"order-{order}", started)
    exposure = log.state.orders.exposures.at(("paper", "AAPL"))
    assert (exposure.sells, exposure.open) == (Decimal(10), 2)
