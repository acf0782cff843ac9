"""What older builds wrote under the same schema number is still read, and means what it meant."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tradewire.domain.orders import request
from tradewire.messages.log import Event
from tradewire.messages.registry import decode, decode_for_state
from tradewire.messages.vocabulary import SizeAsked

OLDER = Path(__file__).parent / "golden" / "older"


@pytest.mark.parametrize("read", [decode, decode_for_state])
def test_a_size_of_a_method_and_a_value_alone(read: Callable[[Event], Any]) -> None:
    stored = (OLDER / "OrderRequested.1.size_of_two.json").read_bytes()
    event = Event(1, "order-1", 1, "id", "OrderRequested", 1, 1, 1, "w", None, None, msgspec.Raw(stored))

    data = read(event)

    assert data.size == SizeAsked("a method", Decimal("12.340"), None)
    assert request(event, data).size == data.size


def test_a_size_that_goes_by_nothing_else_is_stored_without_names() -> None:
    assert msgspec.json.encode(SizeAsked("notional", Decimal(1000))) == b'["notional","1000",null]'


@pytest.mark.parametrize("read", [decode, decode_for_state])
def test_limits_of_the_configuration_that_are_all_that_it_said(read: Callable[[Event], Any]) -> None:
    stored = (OLDER / "LimitSet.1.without_configured.json").read_bytes()
    event = Event(1, "limits-global", 1, "id", "LimitSet", 1, 1, 1, "w", None, None, msgspec.Raw(stored))

    data = read(event)

    assert (data.limits, data.configured) == ({"max_order_value": "5000"}, None)
    assert msgspec.json.encode(data) == stored


@pytest.mark.parametrize("read", [decode, decode_for_state])
def test_counts_without_the_results_of_strategies(read: Callable[[Event], Any]) -> None:
    """None is another thing than no strategy: nobody knows what they had won by then."""
    stored = (OLDER / "WindowsRecorded.1.without_results.json").read_bytes()
    event = Event(1, "account-paper", 1, "id", "WindowsRecorded", 1, 1, 1, "w", None, None, msgspec.Raw(stored))

    data = read(event)

    assert (data.fills, data.results) == ({"global": 3}, None)
    assert msgspec.json.encode(data) == stored


@pytest.mark.parametrize("read", [decode, decode_for_state])
@pytest.mark.parametrize(
    ("name", "unsaid"),
    [
        ("CashMoved", {"activity": "", "at": None, "by": "", "why": ""}),
        ("CorporateAction", {"broker": "", "activity": "", "at": None}),
        ("ReconciliationBroken", {"since": (), "prices": {}, "day": ""}),
        ("ReconciliationMended", {"activities": "", "occasion": "", "day": ""}),
    ],
)
def test_accounts_of_which_only_executions_were_told(
    read: Callable[[Event], Any], name: str, unsaid: dict[str, Any]
) -> None:
    stored = (OLDER / f"{name}.1.before_activities.json").read_bytes()
    event = Event(1, "account-paper", 1, "id", name, 1, 1, 1, "w", None, None, msgspec.Raw(stored))

    data = read(event)

    assert {field: getattr(data, field) for field in unsaid} == unsaid
    assert msgspec.json.encode(data) == stored


@pytest.mark.parametrize("read", [decode, decode_for_state])
@pytest.mark.parametrize("name", ["CashMoved", "ReconciliationBroken"])
def test_accounts_whose_log_began_with_all_that_was_told(read: Callable[[Event], Any], name: str) -> None:
    stored = (OLDER / f"{name}.1.before_cursors.json").read_bytes()
    event = Event(1, "account-paper", 1, "id", name, 1, 1, 1, "w", None, None, msgspec.Raw(stored))

    data = read(event)

    assert (data.cursor, data.activities) == ("", "")
    assert msgspec.json.encode(data) == stored


def test_prices_of_which_nobody_said_that_they_come_late() -> None:
    stored = (OLDER / "OrderApproved.1.quotes_of_four.json").read_bytes()
    event = Event(1, "order-1", 1, "id", "OrderApproved", 1, 1, 1, "w", None, None, msgspec.Raw(stored))

    (used,) = decode(event).quotes

    assert (used.symbol, used.source, used.delayed) == ("AAPL", "a source", False)


@pytest.mark.parametrize("read", [decode, decode_for_state])
def test_rules_of_a_symbol_without_what_came_later(read: Callable[[Event], Any]) -> None:
    stored = (OLDER / "InstrumentReported.1.without_expiry.json").read_bytes()
    event = Event(1, "account-paper", 1, "id", "InstrumentReported", 1, 1, 1, "w", None, None, msgspec.Raw(stored))

    data = read(event)

    assert (data.expiry, data.name, data.price_magnifier) == ("", "", 1)
    assert msgspec.json.encode(data) == stored


@pytest.mark.parametrize("read", [decode, decode_for_state])
def test_rules_of_a_symbol_of_before_what_is_refused_was_told(read: Callable[[Event], Any]) -> None:
    stored = (OLDER / "InstrumentReported.1.before_refusals.json").read_bytes()
    event = Event(1, "account-paper", 1, "id", "InstrumentReported", 1, 1, 1, "w", None, None, msgspec.Raw(stored))

    data = read(event)

    assert data.refuses == ()
    assert msgspec.json.encode(data) == stored


@pytest.mark.parametrize("read", [decode, decode_for_state])
@pytest.mark.parametrize(
    ("name", "unsaid"),
    [
        (
            "OrderRequested",
            {"trail_amount": None, "extended_hours": False, "exits": (), "parent": "", "instead_of": ""},
        ),
        ("OrderApproved", {"notional": None, "trail_percent": None, "extended_hours": False, "exits": ()}),
        ("OrderSubmitStarted", {"head": ""}),
        ("InstrumentReported", {"features": None}),
        ("OrderReplaceApproved", {"expires_at": None, "unit_value": None, "build": "", "request": ""}),
        ("OrderReplaceDenied", {"request": ""}),
    ],
)
def test_orders_of_before_exits_amounts_and_trails(
    read: Callable[[Event], Any], name: str, unsaid: dict[str, Any]
) -> None:
    stored = (OLDER / f"{name}.1.before_exits.json").read_bytes()
    event = Event(1, "order-1", 1, "id", name, 1, 1, 1, "w", None, None, msgspec.Raw(stored))

    data = read(event)

    assert {field: getattr(data, field) for field in unsaid} == unsaid
    if read is decode:
        assert msgspec.json.encode(data) == stored


@pytest.mark.parametrize("read", [decode, decode_for_state])
def test_a_fill_without_the_brokers_own_id_of_it(read: Callable[[Event], Any]) -> None:
    stored = (OLDER / "OrderFilled.1.without_told_as.json").read_bytes()
    event = Event(1, "order-1", 1, "id", "OrderFilled", 1, 1, 1, "w", None, None, msgspec.Raw(stored))

    assert read(event).told_as == ""
    assert msgspec.json.encode(read(event)) == stored
