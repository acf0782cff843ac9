"""A span as plain data: what an exporter makes of it is its own affair."""

from typing import Literal, Protocol

from msgspec import Struct
from msgspec.structs import replace

from tradewire.traces.context import TraceContext

Kind = Literal["internal", "server", "client", "consumer"]
Value = str | int | bool


class Span(Struct, frozen=True, kw_only=True, gc=False):
    """A span that has ended. Times are microseconds since the epoch; `failed` says why it came to nothing.

    An empty `parent` is a trace's first span.
    """

    trace: str
    span: str
    parent: str = ""
    name: str
    start: int
    end: int
    kind: Kind = "internal"
    attributes: dict[str, Value] = {}
    links: tuple[TraceContext, ...] = ()
    failed: str = ""


class Sink(Protocol):
    """Where spans go. It takes them at once, or drops them; it neither waits nor raises."""

    def offer(self, spans: list[Span]) -> None:
        """Takes spans, as far as there is room."""


def entered(span: Span, caller: TraceContext | None, mirror: str) -> list[Span]:
    """The first span of one of our traces, for a caller that has a trace of its own.

    Our traces are named by the log, whatever the caller's is called, because after a restart only the log is left. So
    the two are linked; and the caller's trace, where it is kept, gets a span named `mirror` that leads to ours. A
    caller that gave its trace our name is simply the parent.
    """
    if caller is None:
        return [span]
    if caller.trace == span.trace:
        return [replace(span, parent=caller.span)]
    ours = TraceContext(span.trace, span.span)
    found = [replace(span, links=(*span.links, caller))]
    if caller.sampled:
        theirs = replace(span, trace=caller.trace, span=mirror, parent=caller.span, links=(ours,))
        found.append(theirs)
    return found
