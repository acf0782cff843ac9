"""A message on `signals.<strategy>` and the events that it leads to."""

from decimal import Decimal
from hashlib import sha256
from typing import Any, get_args

import msgspec
import pytest

from tests.unit.ingest.building import NOW, Log, body, stored
from tradewire import ids
from tradewire.messages.chain import fingerprint
from tradewire.messages.order_events import OrderCancelRequested, OrderReplaceRequested, OrderRequested
from tradewire.messages.signal import Signal
from tradewire.messages.signal_support import unsupported
from tradewire.messages.signals_events import NothingToDo, SignalReceived, SignalRefused
from tradewire.messages.vocabulary import Action, ExitAsked
from tradewire.settings import Account, Settings, Strategy
from tradewire_ingest import handlers
from tradewire_ingest.domain.reactions import Context, Message, accept, refused, uuid_of
from tradewire_ingest.domain.refusal import Refused

SETTINGS = Settings(
    accounts={"paper": Account(), "second": Account()}, strategies={"other": Strategy(account="second")}
)


def message(raw: bytes, strategy: str = "momo", sequence: int = 7) -> Message:
    return Message(strategy, raw, "instance-1", sequence)


def events_of(raw: bytes, log: Log | None = None, strategy: str = "momo") -> list[Any]:
    came = message(raw, strategy)
    signal = accept(came, SETTINGS)
    assert isinstance(signal, Signal), signal
    return list(handlers.on_signal(signal, uuid_of(signal), came, Context(SETTINGS, (log or Log()).state, NOW)))


def test_a_signal_by_hand_is_of_the_person_who_sent_it() -> None:
    came = Message("manual", body(), "instance-1", 7, "anna")
    signal = accept(came, SETTINGS)
    assert isinstance(signal, Signal), signal
    context = Context(SETTINGS, Log().state, NOW)
    events = [stored(event) for event in handlers.on_signal(signal, uuid_of(signal), came, context)]
    assert [(data.strategy, data.identity) for data in events] == [("manual", "person:anna")] * 2
    bad = Message("manual", b"{", "instance-1", 7, "anna")
    refusal = accept(bad, SETTINGS)
    assert isinstance(refusal, Refused)
    data = stored(refused(bad, refusal, NOW))
    assert (data.strategy, data.identity) == ("manual", "person:anna")


def test_a_signal_is_received_and_an_order_is_requested() -> None:
    raw = b' {"id":"s-1","symbol":"AAPL","action":"sell","quantity":10.50,"order_type":"limit","limit_price":187.20}\n'
    received, requested = events_of(raw)
    uuid = ids.signal_uuid("nats", "momo", "s-1")
    order = ids.order_uuid(uuid, "paper", 0)
    assert (received.stream, received.version, received.event_id) == (f"signal-{uuid}", 1, uuid)
    assert (requested.stream, requested.version, requested.event_id) == (f"order-{order}", 1, order)
    assert {received.correlation_id, requested.correlation_id, requested.causation_id} == {uuid}
    assert stored(received) == SignalReceived(
        signal=uuid,
        strategy="momo",
        signal_id="s-1",
        identity="strategy:momo",
        source="nats",
        action="sell",
        symbol="AAPL",
        sha256=sha256(raw).hexdigest(),
        body=msgspec.Raw(raw.strip()),
    )
    assert stored(requested) == OrderRequested(
        order=order,
        signal=uuid,
        signal_id="s-1",
        strategy="momo",
        account="paper",
        symbol="AAPL",
        action="sell",
        identity="strategy:momo",
        side="sell",
        quantity=Decimal("10.50"),
        order_type="limit",
        limit_price=Decimal("187.20"),
    )


def test_what_the_signal_says_of_time_price_and_tags_reaches_the_order() -> None:
    raw = body(
        price=187.5,
        timestamp="2026-01-05T14:30:00Z",
        valid_until="2026-01-05T14:31:00Z",
        time_in_force="gtc",
        reduce_only=True,
        tags=["a", "b"],
    )
    requested = stored(events_of(raw)[1])
    assert (requested.signal_time, requested.valid_until) == (1_767_623_400_000_000, 1_767_623_460_000_000)
    assert (requested.price, requested.time_in_force) == (Decimal("187.5"), "gtc")
    assert (requested.reduce_only, requested.tags) == (True, ("a", "b"))


def test_a_close_has_no_side_and_no_quantity() -> None:
    requested = stored(events_of(body(action="close", quantity=None))[1])
    assert (requested.action, requested.side, requested.quantity) == ("close", None, None)


@pytest.mark.parametrize(
    ("strategy", "named", "account"),
    [("momo", None, "paper"), ("other", None, "second"), ("other", "paper", "paper"), ("momo", "second", "second")],
)
def test_an_order_goes_to_the_account_that_the_signal_or_its_strategy_names(
    strategy: str, named: str | None, account: str
) -> None:
    assert stored(events_of(body(account=named), strategy=strategy)[1]).account == account


def test_the_same_message_gives_the_same_events_at_another_time() -> None:
    came, log = message(body()), Log()
    signal = accept(came, SETTINGS)
    assert isinstance(signal, Signal)
    first, later = (
        handlers.on_signal(signal, uuid_of(signal), came, Context(SETTINGS, log.state, now)) for now in (NOW, NOW + 9)
    )
    assert [fingerprint(event) for event in first] == [fingerprint(event) for event in later]


def test_the_clock_of_the_session_is_named_in_both_events() -> None:
    came = message(body())
    settings = msgspec.structs.replace(SETTINGS, clock="quotes")
    signal = accept(came, settings)
    assert isinstance(signal, Signal)
    events = handlers.on_signal(signal, uuid_of(signal), came, Context(settings, Log().state, NOW))
    assert [stored(event).clock for event in events] == ["quotes", "quotes"]


def test_a_cancel_reaches_every_open_order_of_its_strategy_account_and_symbol() -> None:
    log = Log()
    first, denied, second = log.order("a"), log.order("b"), log.order("c")
    log.deny(denied)
    for other in ({"symbol": "MSFT"}, {"strategy": "other"}, {"account": "second"}):
        log.order("d", **other)
    raw = body(id="c-1", action="cancel", quantity=None)
    received, *cancels = events_of(raw, log)
    uuid = received.event_id
    assert [event.stream for event in cancels] == [f"order-{first}", f"order-{second}"]
    assert [event.version for event in cancels] == [None, None]
    assert stored(cancels[0]) == OrderCancelRequested(
        order=first, by="strategy:momo", reason="a signal of its strategy", request=uuid
    )
    assert cancels[0].causation_id == uuid
    assert cancels[0].correlation_id == ids.signal_uuid("nats", "momo", "a")
    assert len({event.event_id for event in cancels}) == 2


def test_a_cancel_with_nothing_open_is_recorded_as_nothing_to_do() -> None:
    received, nothing = events_of(body(action="cancel", quantity=None))
    assert (nothing.stream, nothing.version) == (received.stream, 2)
    assert isinstance(stored(nothing), NothingToDo)


@pytest.mark.parametrize(
    ("raw", "strategy", "code", "field"),
    [
        (b"", "momo", "BODY_EMPTY", "body"),
        (b"{", "momo", "JSON_MALFORMED", "body"),
        (b"[1]", "momo", "JSON_NOT_OBJECT", "body"),
        (b'{"id":"a","id":"b"}', "momo", "JSON_DUPLICATE_KEY", "body"),
        (body(quantity="NaN"), "momo", "NUMBER_NOT_FINITE", "quantity"),
        (body(side="buy"), "momo", "FIELD_UNKNOWN", "side"),
        (body(stop_loss={"price": "1"}), "momo", "NOT_SUPPORTED_YET", "stop_loss"),
        (body(), "Momo", "NAME_INVALID", "strategy"),
        (body(account="third"), "momo", "ACCOUNT_UNKNOWN", "account"),
    ],
)
def test_what_is_no_signal_for_us_is_refused_with_a_code_and_a_field(
    raw: bytes, strategy: str, code: str, field: str
) -> None:
    judged = accept(message(raw, strategy), SETTINGS)
    assert isinstance(judged, Refused)
    assert (judged.code, judged.field) == (code, field)
    assert judged.message
    assert judged.expected


def test_a_refusal_is_known_by_where_the_message_lay() -> None:
    raw = body(quantity="0")
    came = message(raw, sequence=12)
    judged = accept(came, SETTINGS)
    assert isinstance(judged, Refused)
    event = refused(came, judged, NOW)
    uuid = ids.refusal_uuid("instance-1", 12)
    assert (event.stream, event.version, event.event_id) == (f"signal-{uuid}", 1, uuid)
    assert stored(event) == SignalRefused(
        strategy="momo",
        identity="strategy:momo",
        source="nats",
        code="NUMBER_NOT_POSITIVE",
        field="quantity",
        message=judged.message,
        expected=judged.expected,
        sha256=sha256(raw).hexdigest(),
        size=len(raw),
        instance="instance-1",
        sequence=12,
        signal_id="s-1",
    )


@pytest.mark.parametrize("strategy", ["Momo", "a\0b", "мomo", "x" * 200])
def test_a_refusal_shows_a_strange_strategy_quoted(strategy: str) -> None:
    came = message(body(), strategy)
    judged = accept(came, SETTINGS)
    assert isinstance(judged, Refused)
    shown = stored(refused(came, judged, NOW)).strategy
    assert shown.startswith('"')
    assert shown.isprintable()
    assert len(shown) < 64


@pytest.mark.parametrize("raw", [b"\xff", b'{"id":"../etc"}', b'{"id":7}', b"[]"])
def test_a_refusal_claims_no_id_that_cannot_be_one(raw: bytes) -> None:
    came = message(raw)
    judged = accept(came, SETTINGS)
    assert isinstance(judged, Refused)
    assert stored(refused(came, judged, NOW)).signal_id is None


def test_a_message_that_breaks_the_parser_is_refused_like_any_other() -> None:
    came = message(b"{}")
    broken = Message(came.strategy, 7, came.instance, came.sequence)  # type: ignore[arg-type]
    judged = accept(broken, SETTINGS)
    assert isinstance(judged, Refused)
    assert judged.code == "PARSER_FAILED"
    assert "TypeError" in judged.message
    assert stored(refused(came, judged, NOW)).signal_id is None


@pytest.mark.parametrize("action", get_args(Action))
def test_every_action_has_a_reaction_or_is_refused_by_name(action: Any) -> None:
    signal = Signal(strategy="momo", id="x", symbol="AAPL", action=action)
    assert (action in handlers.SIGNALS) is (unsupported(signal) is None)


def test_new_terms_are_for_the_one_open_order() -> None:
    log = Log()
    order = log.order("one")
    settings = Settings(accounts={"paper": Account(broker="alpaca")})
    raw = b'{"id":"r-1","symbol":"AAPL","action":"replace","quantity":8,"limit_price":91}'

    def reacted() -> list[Any]:
        came = message(raw)
        signal = accept(came, settings)
        assert isinstance(signal, Signal), signal
        return list(handlers.on_signal(signal, uuid_of(signal), came, Context(settings, log.state, NOW)))

    received, asked = reacted()
    data = stored(asked)
    assert isinstance(data, OrderReplaceRequested)
    assert (asked.stream, asked.version, asked.causation_id) == (f"order-{order}", None, received.event_id)
    assert (data.order, data.by, data.request) == (order, "strategy:momo", received.event_id)
    assert (data.quantity, data.limit_price, data.stop_price) == (Decimal(8), Decimal(91), None)
    log.order("two")
    _, nothing = reacted()
    assert isinstance(stored(nothing), NothingToDo)
    assert "2 open orders of momo in paper and AAPL; new terms are for exactly one" in stored(nothing).reason


def test_new_terms_without_an_order_lead_to_nothing_and_the_paper_broker_has_none() -> None:
    raw = b'{"id":"r-1","symbol":"AAPL","action":"replace","quantity":8}'
    refusal = accept(message(raw), SETTINGS)
    assert isinstance(refusal, Refused)
    assert (refusal.code, refusal.field) == ("NOT_SUPPORTED_YET", "action")
    settings = Settings(accounts={"paper": Account(broker="alpaca")})
    signal = accept(message(raw), settings)
    assert isinstance(signal, Signal)
    context = Context(settings, Log().state, NOW)
    _, nothing = handlers.on_signal(signal, uuid_of(signal), message(raw), context)
    assert stored(nothing).reason == "no open order of momo in paper and AAPL; new terms are for exactly one"


def test_exits_and_trails_are_asked_for_as_they_were_said() -> None:
    settings = Settings(accounts={"paper": Account(broker="alpaca")})

    def requested(raw: bytes) -> OrderRequested:
        signal = accept(message(raw), settings)
        assert isinstance(signal, Signal), signal
        events = handlers.on_signal(signal, uuid_of(signal), message(raw), Context(settings, Log().state, NOW))
        data = stored(events[1])
        assert isinstance(data, OrderRequested)
        return data

    both = requested(
        b'{"id":"a","symbol":"AAPL","action":"buy","quantity":1,"extended_hours":true,'
        b'"stop_loss":{"price":90,"limit_price":89},"take_profit":[{"percent":5}]}'
    )
    assert both.exits == (
        ExitAsked(kind="take_profit", percent=Decimal(5)),
        ExitAsked(kind="stop_loss", price=Decimal(90), limit_price=Decimal(89)),
    )
    assert both.extended_hours
    trail = requested(
        b'{"id":"b","symbol":"AAPL","action":"sell","quantity":1,"order_type":"trailing_stop","trail":{"percent":2}}'
    )
    assert (trail.trail_amount, trail.trail_percent, trail.exits) == (None, Decimal(2), ())
