"""A person's command as a span: one request is one span, however often it is sent."""

import msgspec
from msgspec import Struct

from tradewire.bus import Message
from tradewire.messages.control import MAX_BYTES, ControlReply
from tradewire.traces.context import read_headers, span_of
from tradewire.traces.span import Span, Value, entered
from tradewire.traces.steps import command_context

_MICROSECOND = 1_000


class _Request(Struct):
    request: str


_decode = msgspec.json.Decoder(_Request).decode


def spans_of(message: Message, reply: ControlReply, began: int, ended: int) -> list[Span]:
    """The spans of a command that was answered; none of one that has no request id. Times are in nanoseconds."""
    try:
        request = _decode(message.data).request if len(message.data) <= MAX_BYTES else ""
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    if not request:
        return []
    _, verb, person = message.subject.split(".")
    attributes: dict[str, Value] = {"tradewire.verb": verb[:64], "tradewire.person": person[:64]}
    attributes["tradewire.code"] = reply.code
    if len(reply.orders) == 1:
        attributes["tradewire.order"] = reply.orders[0]
    if reply.positions:
        attributes["tradewire.pos"] = reply.positions[-1]
    own = command_context(request)
    span = Span(
        trace=own.trace,
        span=own.span,
        name="command",
        start=began // _MICROSECOND,
        end=ended // _MICROSECOND,
        kind="server",
        attributes=attributes,
        failed="" if reply.ok else f"{reply.code}: {reply.message}",
    )
    return entered(span, read_headers(message.raw_headers), span_of(request, "caller"))
