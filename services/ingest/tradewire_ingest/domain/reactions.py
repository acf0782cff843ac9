"""What a message on `signals.<strategy>` leads to: events, and nothing else.

`accept` judges a message by itself. Then each action has its reaction: an intent becomes an order request, a cancel
becomes a cancel request for every open order of its strategy, account and symbol, and a replacement a request to the
one that there is. Ids derive from the signal, so that
the same message gives the same events however often it comes.
"""

from collections.abc import Callable
from hashlib import sha256

from msgspec import Raw, Struct

from tradewire import ids
from tradewire.domain import names
from tradewire.domain.quoting import quoted
from tradewire.messages.log import NewEvent
from tradewire.messages.order_events import OrderCancelRequested, OrderReplaceRequested
from tradewire.messages.order_request import order_request
from tradewire.messages.refusals import SignalInvalid
from tradewire.messages.registry import new_event
from tradewire.messages.signal import Signal
from tradewire.messages.signal_parse import parse_signal
from tradewire.messages.signal_support import unsupported
from tradewire.messages.signals_events import NothingToDo, SignalReceived, SignalRefused
from tradewire.messages.strict_json import JsonInvalid, parse_object
from tradewire.settings import Settings
from tradewire_ingest.domain.refusal import DoorCode, Refused, of_parser, parser_failed, unknown_account
from tradewire_ingest.domain.state import State

SOURCE = "nats"
_WHITE_SPACE = b" \t\r\n"


class Message(Struct, frozen=True, gc=False):
    """A message as it lay in SIGNALS. `strategy` and `person` are from its subject, which proves who published it."""

    strategy: str
    body: bytes
    instance: str
    sequence: int
    person: str = ""

    @property
    def identity(self) -> str:
        """Who published it: a person by hand, or a strategy."""
        return f"person:{self.person}" if self.person else f"strategy:{self.strategy}"


class Context(Struct, frozen=True):
    """What a reaction may know beside the signal: the settings, the log's state, and the time in microseconds."""

    settings: Settings
    state: State
    time: int


Reaction = Callable[[Signal, str, Message, Context], tuple[NewEvent, ...]]


def accept(message: Message, settings: Settings) -> Signal | Refused:
    """Returns the signal that a message is, or why it is none that anybody can act on. Raises nothing."""
    try:
        strategy = message.strategy
        signal = parse_signal(strategy, message.body, settings.size_of(strategy), settings.symbols_of(strategy))
    except SignalInvalid as error:
        return of_parser(error.refusal)
    except Exception as error:  # noqa: BLE001 - whatever a message does to the parser, the next one must be read
        return parser_failed(f"{type(error).__name__}: {error}")
    account = signal.account or settings.account_of(signal.strategy)
    if (refusal := unsupported(signal, settings.broker_of(account))) is not None:
        return of_parser(refusal)
    if account not in settings.accounts:
        return unknown_account(account, " or ".join(sorted(settings.accounts)))
    return signal


def uuid_of(signal: Signal) -> str:
    """The signal's uuid, which is also the id of its first event."""
    return ids.signal_uuid(SOURCE, signal.strategy, signal.id)


def received(signal: Signal, uuid: str, message: Message, context: Context) -> NewEvent:
    """The event that a signal came in, with exactly what was sent."""
    data = SignalReceived(
        signal=uuid,
        strategy=signal.strategy,
        signal_id=signal.id,
        identity=message.identity,
        source=SOURCE,
        action=signal.action,
        symbol=signal.symbol,
        sha256=sha256(message.body).hexdigest(),
        body=Raw(message.body.strip(_WHITE_SPACE)),
        clock=context.settings.clock,
    )
    return new_event(f"signal-{uuid}", 1, uuid, data, time=context.time, correlation=uuid)


def request_order(signal: Signal, uuid: str, message: Message, context: Context) -> tuple[NewEvent, ...]:
    """One order request for the signal's account; its id is also the event's."""
    account = signal.account or context.settings.account_of(signal.strategy)
    order = ids.order_uuid(uuid, account, 0)
    data = order_request(
        signal, uuid=uuid, order=order, account=account, identity=message.identity, clock=context.settings.clock
    )
    return (new_event(f"order-{order}", 1, order, data, time=context.time, correlation=uuid, causation=uuid),)


def cancel_orders(signal: Signal, uuid: str, message: Message, context: Context) -> tuple[NewEvent, ...]:
    """A cancel request for each open order of the signal's strategy, account and symbol, or that there is none."""
    account = signal.account or context.settings.account_of(signal.strategy)
    found = context.state.open_orders(signal.strategy, account, signal.symbol)
    if not found:
        reason = f"no open order of {signal.strategy} in {account} and {signal.symbol}"
        return (_nothing(uuid, reason, context),)
    return tuple(
        new_event(
            f"order-{order.order}",
            None,
            ids.command_uuid(uuid, "OrderCancelRequested", ordinal),
            OrderCancelRequested(
                order=order.order, by=message.identity, reason="a signal of its strategy", request=uuid
            ),
            time=context.time,
            correlation=order.signal,
            causation=uuid,
        )
        for ordinal, order in enumerate(found)
    )


def replace_order(signal: Signal, uuid: str, message: Message, context: Context) -> tuple[NewEvent, ...]:
    """New terms for the one open order of the signal's strategy, account and symbol, or why nobody can tell which."""
    account = signal.account or context.settings.account_of(signal.strategy)
    found = [
        order
        for order in context.state.open_orders(signal.strategy, account, signal.symbol)
        if not order.cancel_requested
    ]
    if len(found) != 1:
        count = f"{len(found)} open orders" if found else "no open order"
        reason = f"{count} of {signal.strategy} in {account} and {signal.symbol}; new terms are for exactly one"
        return (_nothing(uuid, reason, context),)
    (order,) = found
    data = OrderReplaceRequested(
        order=order.order,
        by=message.identity,
        request=uuid,
        quantity=signal.quantity,
        limit_price=signal.limit_price,
        stop_price=signal.stop_price,
    )
    event_id = ids.command_uuid(uuid, "OrderReplaceRequested")
    stream = f"order-{order.order}"
    return (new_event(stream, None, event_id, data, time=context.time, correlation=order.signal, causation=uuid),)


def _nothing(uuid: str, reason: str, context: Context) -> NewEvent:
    """The event that a signal leads to nothing."""
    data = NothingToDo(signal=uuid, reason=reason)
    event_id = ids.command_uuid(uuid, "NothingToDo")
    return new_event(f"signal-{uuid}", 2, event_id, data, time=context.time, correlation=uuid, causation=uuid)


def refusal_of(message: Message) -> str:
    """The uuid of a message's refusal, which is also the id of its event."""
    return ids.refusal_uuid(message.instance, message.sequence)


def refused(message: Message, refusal: Refused, time: int) -> NewEvent:
    """The event that a message was refused. It is known by where it lay, because its own id cannot be trusted."""
    uuid = refusal_of(message)
    strategy = message.strategy if names.is_name(message.strategy) else quoted(message.strategy)
    data = SignalRefused(
        strategy=strategy,
        identity=message.identity if message.person else f"strategy:{strategy}",
        source=SOURCE,
        code=refusal.code,
        field=refusal.field,
        message=refusal.message,
        expected=refusal.expected,
        sha256=sha256(message.body).hexdigest(),
        size=len(message.body),
        instance=message.instance,
        sequence=message.sequence,
        signal_id=claimed_id(message, refusal),
    )
    return new_event(f"signal-{uuid}", 1, uuid, data, time=time, correlation=uuid)


def claimed_id(message: Message, refusal: Refused) -> str | None:
    """What a refused message calls itself, where that can be read."""
    if refusal.code is DoorCode.PARSER_FAILED:
        return None
    try:
        claimed = parse_object(message.body).get("id")
    except JsonInvalid:
        return None
    return claimed if type(claimed) is str and names.is_signal_id(claimed) else None
