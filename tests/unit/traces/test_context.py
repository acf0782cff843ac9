"""The ids of traces derive from the log's, and a publisher's context is read as W3C says, or taken as not there."""

import pytest

from tests.builders import ORDER, SIGNAL
from tradewire.bus import wire
from tradewire.traces.context import TraceContext, parse, read_headers, span_of, trace_of

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
VALID = f"00-{TRACE}-{SPAN}-01"


def headers(*lines: tuple[str, str]) -> bytes:
    """Headers as they come from the server, each line as it is given."""
    wired = wire("a", b"", headers={})
    head = wired.split(b"\r\n", 1)[1].split(b"\r\n\r\n")[0]
    return head + b"".join(f"\r\n{name}: {value}".encode() for name, value in lines) + b"\r\n\r\n"


def test_a_trace_is_the_signals_uuid_and_spans_are_named_by_events() -> None:
    assert trace_of(SIGNAL) == "3947b1222a1c540fb9c27764d3aa0c28"
    names = {span_of(event, part) for event in (SIGNAL, ORDER) for part in ("", "append", "commit")}
    assert len(names) == 6
    assert all(len(name) == 16 and int(name, 16) for name in names)


def test_span_ids_are_the_same_for_ever() -> None:
    assert span_of("6f0f6b6e-3f1d-5c3e-9a57-7472616465aa") == "a595de3c958b9f45"
    assert span_of("6f0f6b6e-3f1d-5c3e-9a57-7472616465aa", "append") == "9c5788e13a8affde"


@pytest.mark.parametrize(
    ("text", "sampled"),
    [
        (VALID, True),
        (f"00-{TRACE}-{SPAN}-00", False),
        (f"00-{TRACE}-{SPAN}-03", True),
        (f"cc-{TRACE}-{SPAN}-01-x", True),
    ],
)
def test_a_valid_context_is_read(text: str, sampled: bool) -> None:
    assert parse(text) == TraceContext(TRACE, SPAN, sampled)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00",
        VALID.upper(),
        VALID + "-x",
        VALID + " ",
        "ff" + VALID[2:],
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE[1:]}-{SPAN}-01",
        f"00_{TRACE}-{SPAN}-01",
        f"cc-{TRACE}-{SPAN}-01-" + "x" * 1000,
    ],
)
def test_what_is_not_valid_is_as_if_it_were_not_there(text: str) -> None:
    assert parse(text) is None


def test_the_context_is_found_among_headers_however_its_name_is_written() -> None:
    expected = TraceContext(TRACE, SPAN)
    assert read_headers(headers(("Nats-Msg-Id", "momo:1"), ("traceparent", VALID))) == expected
    assert read_headers(headers(("TraceParent", f"  {VALID} "), ("tracestate", "a=b"))) == expected
    assert read_headers(headers(("x-traceparent", VALID))) is None
    assert read_headers(headers(("traceparent", "é" * 10))) is None
    assert read_headers(headers(("traceparent", VALID), ("Traceparent", VALID))) is None
    assert read_headers(b"") is None


def test_a_context_is_written_as_it_is_read() -> None:
    assert parse(TraceContext(TRACE, SPAN, sampled=False).header) == TraceContext(TRACE, SPAN, sampled=False)
