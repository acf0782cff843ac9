"""W3C trace context, and the ids of our own traces, which derive from the log's (https://www.w3.org/TR/trace-context).

A trade's trace is its signal's uuid, so that every process has it from the log alone; a span is named by the event that
it ends with, so that whoever tells it again tells the same one.
"""

import re

from msgspec import Struct

from tradewire import ids

HEADER = "traceparent"
_HEADER_LINE = re.compile(rb"\r\ntraceparent[ \t]*:[ \t]*([^\r\n]*?)[ \t]*(?=\r\n)", re.IGNORECASE)
_PARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII)
_MOST_CHARACTERS = 512
_TRACE_DIGITS = 32
_SPAN_DIGITS = 16


class TraceContext(Struct, frozen=True, gc=False):
    """Somebody's span, as `traceparent` names it: ids in hex, and whether that trace is kept."""

    trace: str
    span: str
    sampled: bool = True

    @property
    def header(self) -> str:
        """The value of `traceparent`."""
        return f"00-{self.trace}-{self.span}-{'01' if self.sampled else '00'}"


def trace_of(cause: str) -> str:
    """The trace of a signal, refusal or command: its uuid without the dashes."""
    return cause.replace("-", "")


def span_of(event_id: str, part: str = "") -> str:
    """The span that ended with an event, or a named part of it."""
    digits = ids.derive("span", event_id, part).replace("-", "")
    return digits[-_SPAN_DIGITS:]


def parse(text: str) -> TraceContext | None:
    """Reads a `traceparent`; None for one that is not valid, which is to be taken as if it were not there."""
    found = _PARENT.fullmatch(text) if len(text) <= _MOST_CHARACTERS else None
    if found is None:
        return None
    version, trace, span, flags, more = found.groups()
    if version == "ff" or (version == "00" and more) or not int(trace, 16) or not int(span, 16):
        return None
    return TraceContext(trace, span, bool(int(flags, 16) & 1))


def read_headers(raw: bytes) -> TraceContext | None:
    """The context in a message's headers; None when there is none, none that is valid, or more than one."""
    if not raw:
        return None
    lines = _HEADER_LINE.findall(raw)
    if len(lines) != 1 or not lines[0].isascii():
        return None
    return parse(lines[0].decode())
