"""Events of the log in one line each, in plain words. The table at the foot has a line for every type."""

import textwrap
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import msgspec
from rich.cells import cell_len
from rich.text import Text

from tradewire.domain.times import instant_text
from tradewire.errors import InvalidValue
from tradewire.messages.answers import PublicEvent
from tradewire.messages.registry import EVENT_TYPES
from tradewire.messages.vocabulary import SizeAsked
from tradewire_cli.views import text

_BAD: Final = frozenset(
    {
        "SignalRefused",
        "CommandRefused",
        "SignalsGapSuspected",
        "OrderDenied",
        "OrderRejected",
        "OrderReplaceDenied",
        "OrderCancelRejected",
        "OrderLapsed",
        "OrderSubmitNeverArrived",
        "FillBusted",
        "AccountHalted",
        "Halted",
        "ReconciliationBroken",
        "ClockStepped",
    }
)
_NAME_WIDTH: Final = 16
"""The longest name of the events that are seen most."""

_INDENT: Final = 10
"""Under the time, where what an event says goes on in a narrow terminal."""

_GOOD: Final = frozenset({"OrderFilled", "Resumed", "ReconciliationMended"})


def decoded(event: PublicEvent) -> Any:
    """What an event says, as its struct; as dicts where this build does not know the type."""
    row = EVENT_TYPES.get(event.type)
    return msgspec.json.decode(event.data, type=row.struct) if row else msgspec.json.decode(event.data)


def name(event: PublicEvent) -> Text:
    """The event's type in words and in its colour."""
    style = "red" if event.type in _BAD else "green" if event.type in _GOOD else ""
    if event.type in {"OrderSubmitUnknown", "OrderUnknownResolved"}:
        style = "bold magenta"
    return Text(text.words(event.type), style)


def short(event: PublicEvent) -> str:
    """What an event says, in a few words."""
    say = _SAYS.get(event.type)
    return say(decoded(event)) if say else ""


def line(event: PublicEvent, now: int, *, orders: bool = True, width: int = 0) -> Text:
    """One line: position, time, the order's beginning unless only one order is meant, type, and what it says.

    With a width, what would not fit into so many columns goes on under it, broken between words.
    """
    order = f"{(event.order or '')[:8]:<8}  " if orders else ""
    head = Text.assemble(
        (f"{event.pos:>8}  ", "dim"), f"{text.exact_time(event.time, now)}  ", (order, "bold"), name(event)
    )
    says = short(event)
    gap = " " * (max(_NAME_WIDTH - name(event).cell_len, 0) + 2)
    if not width or head.cell_len + len(gap) + cell_len(says) <= width:
        return head.append(gap).append(says)
    return head.append("\n").append(under(says, width))


def under(says: str, width: int) -> str:
    """What did not fit beside the time, in lines that stand under it. An id is never broken: it is to be copied."""
    indent = " " * min(_INDENT, width // 4)
    lines = textwrap.wrap(
        says,
        width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines)


def _quantity_at(data: Any, price: Decimal | None) -> str:
    words = f"{data.side or ''} {text.quantity(data.quantity)} {data.symbol}".strip()
    return words if price is None else f"{words} at {text.price(price)}"


def _requested(data: Any) -> str:
    much = asked(data.size) if data.size else text.quantity(data.quantity) if data.quantity is not None else ""
    words = " ".join(filter(None, (data.action, much, data.symbol)))
    terms = "" if data.side is None else f", {_terms(data)}"
    return f"{words}{terms}, in {data.account}, for {data.strategy}"


_SIZES = {
    "notional": "{} worth of",
    "target_quantity": "to {}",
    "target_percent": "to {} % of equity in",
    "percent_of_equity": "{} % of equity in",
    "percent_of_position": "{} % of the position in",
    "risk_amount": "{} at risk in",
    "risk_percent": "{} % of equity at risk in",
    "volatility": "{} % of equity at risk, by volatility, in",
    "kelly": "{} of Kelly's fraction in",
}


def asked(size: SizeAsked) -> str:
    """A size that risk is to work out, in words that stand before the symbol."""
    return _SIZES.get(size.method, f"{size.method} {{}} of").format(text.quantity(size.value))


def _terms(data: Any) -> str:
    prices = [price for price in (data.stop_price, data.limit_price) if price is not None]
    return " ".join(
        [data.order_type.replace("_", " "), "/".join(text.price(p) for p in prices), data.time_in_force]
    ).replace("  ", " ")


def _approved(data: Any) -> str:
    quote = f", priced at {text.price(data.quotes[0].price)}" if data.quotes else ""
    return f"{_quantity_at(data, data.limit_price)}: {len(data.every_check())} checks passed{quote}"


def _denied(data: Any) -> str:
    return f"{data.reason}: {data.message}"


def _filled(data: Any) -> str:
    fee = f", fee {text.price(data.fee)} {data.fee_currency}" if data.fee else ""
    return f"{_quantity_at(data, data.price)}{fee}"


def _corrected(data: Any) -> str:
    return f"{_filled(data)}, instead of {text.quantity(data.old_quantity)} at {text.price(data.old_price)}"


def _accepted(data: Any) -> str:
    found = "" if data.origin == "live" else f", found by {data.origin}"
    return f"by {data.broker}, its order {data.broker_order_id or 'has no id yet'}{found}"


def _halted(data: Any) -> str:
    return f"{data.level} of {data.scope} by {data.by}: {data.reason or 'no reason given'}"


def _marks(data: Any) -> str:
    marks = ", ".join(f"{symbol} {text.price(mark.price)}" for symbol, mark in data.marks.items())
    return f"{data.account}, {data.day} ({data.reason}): {marks or 'nothing held'}"


def _limits(data: Any) -> str:
    by = f"{data.by} and {data.seconded_by}" if data.seconded_by else data.by
    until = f", until {_until(data.expires_at)}" if data.expires_at is not None else ""
    return f"{data.scope} by {by}: {_changed(data)}{until}: {data.reason}"


def _proposed(data: Any) -> str:
    return f"{data.scope} by {data.by}, needs a second person: {_changed(data)}: {data.reason}"


def _changed(data: Any) -> str:
    changed = [f"{key}={value}" for key, value in data.limits.items() if data.old.get(key) != value]
    return ", ".join([*changed, *(f"no {key}" for key in data.old if key not in data.limits)]) or "nothing changed"


def _broken(data: Any) -> str:
    found = "; ".join(
        f"{d.kind} {d.key}: ours {text.trimmed(d.ours)}, theirs {text.trimmed(d.theirs)}" for d in data.differences
    )
    return f"{data.account}: {found}"


def _by(data: Any) -> str:
    return f"by {data.by}: {data.reason}" if getattr(data, "reason", "") else f"by {data.by}"


def _until(microseconds: int) -> str:
    try:
        return instant_text(microseconds)
    except InvalidValue:
        return text.NO_END


def refusal(data: Any) -> str:
    """Why a signal is refused: code, field, what is wrong with it, and what would have been right."""
    named = "" if data.message.startswith(data.field) else f"{data.field}: "
    expected = f"; expected {data.expected}" if data.expected else ""
    return f"{data.code}: {named}{data.message}{expected}"


def _for(data: Any) -> str:
    return f" of {data.symbol}" if data.symbol else ""


def _by_whom(data: Any, why: str = "") -> str:
    said = why or getattr(data, "why", "")
    return f", by {data.by}: {said}" if data.by else ""


def _ratio(data: Any) -> str:
    parts = [f"{text.quantity(data.ratio)} for 1"] * (data.ratio != 1) + [f"{data.quantity:+f}"] * bool(data.quantity)
    return f": {' and '.join(parts)}" if parts else ""


_SAYS: Final[dict[str, Callable[[Any], str]]] = {
    "SignalReceived": lambda d: f"{d.signal_id} from {d.strategy}: {d.action} {d.symbol}",
    "SignalRefused": lambda d: f"{d.signal_id or 'without id'} from {d.strategy}: {refusal(d)}",
    "CommandRefused": lambda d: f"{d.verb} by {d.by}: {refusal(d)}",
    "NothingToDo": lambda d: d.reason,
    "SignalsStreamSeen": lambda d: f"works on the stream {d.instance}",
    "SignalsGapSuspected": lambda d: (
        f"the stream {d.old_instance} is gone, {d.new_instance} is new: signals may be lost"
    ),
    "LogRestored": lambda d: f"from a backup of log {d.was[:8]} at position {d.pos}, made {_until(d.made_at)}",
    "AccountRecovered": lambda d: f"{d.account}: {d.broker} has {len(d.orders)} orders that came after the backup",
    "ClockStepped": lambda d: f"by {text.quantity(d.seconds)} s",
    "OrderRequested": _requested,
    "OrderCancelRequested": _by,
    "OrderReplaceRequested": _by,
    "OrderApprovalGranted": _by,
    "OrderApprovalRefused": _by,
    "OrderApproved": _approved,
    "OrderDenied": _denied,
    "OrderHeld": lambda d: f"{d.reason}, needs a person until {_until(d.deadline)}",
    "OrderReplaceApproved": lambda d: f"{len(d.every_check())} checks passed",
    "OrderReplaceDenied": _denied,
    "OrderLapsed": lambda d: d.reason,
    "OrderSubmitStarted": lambda d: f"attempt {d.attempt} at {d.broker}, as {d.client_order_id}",
    "OrderReplaceStarted": lambda d: f"attempt {d.attempt}, as {d.client_order_id}",
    "OrderCancelStarted": lambda d: f"of {d.client_order_id}",
    "OrderCanceledLocally": lambda d: d.reason,
    "OrderAccepted": _accepted,
    "OrderRejected": lambda d: f"by {d.broker}: {d.code}: {d.message}",
    "OrderSubmitUnknown": lambda d: f"attempt {d.attempt}: {d.reason}",
    "OrderUnknownResolved": lambda d: f"{d.outcome}, by {d.evidence}",
    "OrderSubmitNeverArrived": lambda d: f"attempt {d.attempt}, by {d.evidence}",
    "OrderAdopted": lambda d: (
        f"{_quantity_at(d, d.limit_price)}: {d.broker} has it as {d.broker_order_id}, {d.evidence}"
    ),
    "OrderFilled": _filled,
    "FillAttributed": lambda d: f"{_filled(d)}, booked before as not ours",
    "FillCorrected": _corrected,
    "FillBusted": _filled,
    "OrderCanceled": lambda d: f"by {d.broker}{': ' + d.reason if d.reason else ''}",
    "OrderExpired": lambda d: f"at {d.broker}",
    "OrderCompleted": lambda d: f"by {d.broker}",
    "OrderReplaced": lambda d: f"by {d.broker}, revision {d.revision}",
    "OrderReplaceRejected": lambda d: f"revision {d.revision}: {d.code}: {d.message}",
    "OrderCancelRejected": lambda d: f"by {d.broker}: {d.code}: {d.message}",
    "CashMoved": lambda d: f"{text.price(d.amount)} {d.currency} in {d.account}: {d.reason}{_for(d)}{_by_whom(d)}",
    "CorporateAction": lambda d: f"{text.words(d.kind)} of {d.symbol} in {d.account}{_ratio(d)}",
    "PositionAdjusted": lambda d: (
        f"{d.quantity:+f} {d.symbol} at {text.price(d.price)} in {d.account}: {d.reason}{_by_whom(d)}"
    ),
    "BreakAccepted": lambda d: f"{d.kind} {d.key} of {d.account}: {d.theirs} and not {d.ours}{_by_whom(d, d.reason)}",
    "AdoptionRequested": lambda d: f"{d.account} by {d.by}: {d.reason}",
    "AccountAdopted": lambda d: (
        f"{d.account} for {d.by}: {d.positions} positions, {d.currencies} currencies, {len(d.orders)} orders not ours"
    ),
    "OrderResolved": lambda d: f"{d.outcome}, by {d.by}: {d.evidence}",
    "ExternalOrderEnded": lambda d: f"{d.symbol} {d.broker_order_id} at {d.broker}, not ours",
    "MarksRecorded": _marks,
    "AccountHalted": lambda d: f"{d.account} by {d.by}: {d.reason}",
    "ReconciliationBroken": _broken,
    "ReconciliationMended": lambda d: f"{d.account}: {d.orders} orders and {d.executions} executions agree",
    "FlattenRequested": lambda d: f"{d.account} by {d.by}: {d.reason}",
    "BrokerLost": lambda d: f"{d.account}: {d.broker} cannot be talked to: {d.code}: {d.reason}",
    "BrokerConnected": lambda d: f"{d.account}: {d.broker} can be talked to again",
    "BrokerDegraded": lambda d: f"{d.account}: {d.broker} does not tell all {d.part}: {d.reason}",
    "BrokerRecovered": lambda d: f"{d.account}: {d.broker} tells all {d.part} again",
    "ExternalOrderSeen": lambda d: f"{_quantity_at(d, None)} at {d.broker}, not ours",
    "ExternalFillBooked": lambda d: f"{_quantity_at(d, d.price)} at {d.broker}, not ours",
    "Halted": _halted,
    "Resumed": lambda d: f"{d.scope} by {d.by}: {d.reason}",
    "LimitSet": _limits,
    "LimitProposed": _proposed,
    "BalancesReported": lambda d: f"{d.account}: {text.money(d.buying_power)} {d.currency} to buy with, by {d.broker}",
    "InstrumentReported": lambda d: f"{d.symbol} in {d.account}: step {d.step}, tick {d.tick}, by {d.broker}",
    "BarsReported": lambda d: f"{len(d.bars)} daily bars of {d.symbol}, by {d.broker}",
    "LimitWarning": lambda d: f"{d.check} of {d.symbol} in {d.account}: {d.value} of {d.limit}",
    "WindowsRecorded": lambda d: f"{sum(d.approved.values())} orders of {d.day} in {d.account}",
    "LeaseGranted": lambda d: f"{d.name} to {d.holder}, epoch {d.epoch}",
    "LeaseReleased": lambda d: f"{d.name} by {d.by}, epoch {d.epoch}",
    "GroupOpened": lambda d: f"{d.kind} of {len(d.orders)} orders",
    "GroupExitRequested": lambda d: d.reason,
    "GroupClosed": lambda d: d.reason,
}
