"""A strategy's own size: what an entry trades that does not say how much, and that nothing else takes it."""

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.ingest.building import NOW, body, stored
from tradewire.messages.order_events import OrderRequested
from tradewire.messages.refusals import Code
from tradewire.messages.signal import Signal
from tradewire.messages.signals_events import SignalReceived
from tradewire.messages.vocabulary import SizeAsked
from tradewire.settings import Settings, Strategy
from tradewire_ingest.domain.reactions import Context, Message, accept, received, request_order, uuid_of
from tradewire_ingest.domain.refusal import Refused
from tradewire_ingest.domain.state import State


def message(**fields: Any) -> Message:
    return Message("momo", body(**{"quantity": None, **fields}), "i", 1)


def judged(default: str, **fields: Any) -> Signal | Refused:
    return accept(message(**fields), Settings(strategies={"momo": Strategy(quantity=default)}))


def requested(default: str, **fields: Any) -> OrderRequested:
    signal = judged(default, **fields)
    assert isinstance(signal, Signal), signal
    (event,) = request_order(signal, uuid_of(signal), message(**fields), Context(Settings(), State(), NOW))
    data = stored(event)
    assert isinstance(data, OrderRequested)
    return data


@pytest.mark.parametrize("action", ["buy", "sell"])
@pytest.mark.parametrize(
    ("default", "quantity", "size"),
    [
        ("quantity 10", Decimal(10), None),
        ("notional 1000", None, SizeAsked("notional", Decimal(1000))),
        ("percent_of_equity 5", None, SizeAsked("percent_of_equity", Decimal(5))),
    ],
)
def test_an_entry_without_a_size_takes_the_strategys(
    action: str, default: str, quantity: Decimal | None, size: SizeAsked | None
) -> None:
    order = requested(default, action=action)
    assert (order.quantity, order.size) == (quantity, size)


@pytest.mark.parametrize(
    "fields",
    [{"quantity": "3"}, {"notional": "50"}, {"size": {"method": "percent_of_equity", "value": 1}}],
)
def test_what_the_signal_says_holds(fields: dict[str, Any]) -> None:
    assert requested("quantity 10", **fields) == requested("signal", **fields)


def test_the_log_keeps_what_was_sent() -> None:
    settings = Settings(strategies={"momo": Strategy(quantity="quantity 10")})
    sent = message()
    signal = accept(sent, settings)
    assert isinstance(signal, Signal)
    data = stored(received(signal, uuid_of(signal), sent, Context(settings, State(), NOW)))
    assert isinstance(data, SignalReceived)
    assert bytes(data.body) == sent.body


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"action": "reduce"}, "quantity"),
        ({"action": "target"}, "target_quantity"),
        ({"action": "sell", "reduce_only": True}, "quantity"),
    ],
)
def test_exits_and_targets_must_say_their_size(fields: dict[str, Any], field: str) -> None:
    refusal = judged("quantity 10", **fields)
    assert isinstance(refusal, Refused)
    assert (refusal.code, refusal.field) == (Code.SIZE_MISSING, field)


@pytest.mark.parametrize("action", ["close", "cancel"])
def test_what_takes_no_size_gets_none(action: str) -> None:
    assert judged("quantity 10", action=action) == judged("signal", action=action)


def test_a_strategy_without_a_size_of_its_own_must_say_it() -> None:
    without = accept(Message("other", body(quantity=None), "i", 1), Settings())
    assert isinstance(without, Refused)
    assert without == judged("signal")
    assert without.code is Code.SIZE_MISSING
