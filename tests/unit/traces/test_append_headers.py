"""An append request says which trace it is part of, where there is one."""

from tests.builders import SIGNAL, command, nothing
from tradewire.append import _headers
from tradewire.messages.registry import new_event
from tradewire.messages.signals_events import NothingToDo
from tradewire.traces.context import TraceContext, span_of, trace_of


def test_a_request_about_one_signal_names_the_span_that_waits_for_it() -> None:
    first, second = nothing("a"), nothing("a", version=2)
    signal = first.correlation_id or ""
    wanted = f"00-{trace_of(signal)}-{span_of(first.event_id, 'append')}-01"
    assert _headers([command(first), command(second)], None) == {"traceparent": wanted}
    assert signal != SIGNAL


def test_a_request_about_several_signals_or_none_names_nothing() -> None:
    data = NothingToDo(signal=SIGNAL, reason="test")
    about_none = new_event(f"signal-{SIGNAL}", 1, SIGNAL, data, time=1, correlation=None)
    assert _headers([command(nothing("a")), command(nothing("b"))], None) is None
    assert _headers([command(about_none)], None) is None
    assert _headers([command(nothing("a")), command(about_none)], None) is None


def test_who_asks_for_a_command_is_named_whatever_it_is_about() -> None:
    context = TraceContext("5" * 32, "6" * 16)
    assert _headers([command(nothing("a"))], context) == {"traceparent": context.header}
