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
