"""What a signal says of its size reaches the order, with the stop that it is measured by."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.unit.ingest.building import Log, stored
from tests.unit.ingest.test_reactions import SETTINGS, events_of, message
from tradewire.messages.signal_parse import parse_signal
from tradewire.messages.vocabulary import SizeAsked, SizeTerms
from tradewire_ingest.domain.reactions import Context, uuid_of
from tradewire_ingest.handlers import on_signal

RISK: dict[str, Any] = {"method": "risk_percent", "value": 1}


def asked(size: dict[str, Any], **fields: Any) -> SizeAsked | None:
    """The size of the order that a buy with this size leads to."""
    body = msgspec.json.encode({"id": "s-1", "symbol": "AAPL", "action": "buy", "size": size, **fields})
    signal = parse_signal("momo", body)
    _, requested = on_signal(signal, uuid_of(signal), message(body), Context(SETTINGS, Log().state, 1))
    size_asked: SizeAsked | None = stored(requested).size
    return size_asked


def terms(**given: str) -> SizeTerms:
    return SizeTerms(**{name: Decimal(text) for name, text in given.items()})


def test_every_field_of_a_size_reaches_the_order() -> None:
    every = {name: f"0.{n}" for n, name in enumerate(SizeTerms.__struct_fields__, 1)}
    for extra in ("stop_distance", "stop_percent"):
        del every[extra]
    found = asked({"method": "custom:mine", "value": "2.50", **every})
    assert found == SizeAsked("custom:mine", Decimal("2.50"), terms(**every))


def test_a_size_of_a_value_alone_has_no_terms() -> None:
    assert asked({"method": "percent_of_equity", "value": 5}) == SizeAsked("percent_of_equity", Decimal(5))


def test_it_comes_through_the_door_with_a_stop_of_its_own() -> None:
    raw = b'{"id":"s-1","symbol":"AAPL","action":"buy","size":{"method":"risk_percent","value":1,"stop":"145"}}'
    _, requested = events_of(raw)
    assert b'"size":["risk_percent","1",{"stop":"145"}]' in bytes(requested.data)


@pytest.mark.parametrize(
    ("loss", "found"),
    [
        ({"price": 145}, terms(stop="145")),
        ({"price": 145, "limit_price": 144}, terms(stop="145")),
        ({"amount": 5}, terms(stop_distance="5")),
        ({"percent": 2}, terms(stop_percent="2")),
        ({"trail": {"amount": 5}}, terms(stop_distance="5")),
        ({"trail": {"percent": 2}}, terms(stop_percent="2")),
    ],
)
def test_a_size_without_a_stop_is_measured_by_the_stop_loss(loss: dict[str, Any], found: SizeTerms) -> None:
    assert asked(RISK, stop_loss=loss) == SizeAsked("risk_percent", Decimal(1), found)


def test_the_sizes_own_stop_goes_before_the_stop_loss() -> None:
    assert asked({**RISK, "stop": 140}, stop_loss={"amount": 5}) == SizeAsked(
        "risk_percent", Decimal(1), terms(stop="140")
    )


def test_a_method_that_goes_by_no_stop_is_given_none() -> None:
    equity = {"method": "percent_of_equity", "value": 5}
    assert asked(equity, stop_loss={"amount": 5}) == SizeAsked("percent_of_equity", Decimal(5))
