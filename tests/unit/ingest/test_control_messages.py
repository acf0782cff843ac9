"""Requests on `control.<verb>.<person>` as bytes."""

from typing import Any

import msgspec
import pytest

from tradewire.messages import control
from tradewire.messages.control import (
    CancelCommand,
    ControlRefused,
    HaltCommand,
    KillCommand,
    ResumeCommand,
)

LONG = "x" * 501


@pytest.mark.parametrize(
    ("verb", "payload", "command"),
    [
        ("cancel", b'{"request":"r","order":"0a1b"}', CancelCommand(request="r", order="0a1b")),
        ("cancel", b'{"request":"r","symbol":"BTC/USDT"}', CancelCommand(request="r", symbol="BTC/USDT")),
        (
            "halt",
            b'{"request":"r","scope":"symbol.BRK.B","level":"HALT"}',
            HaltCommand(request="r", scope="symbol.BRK.B", level="HALT"),
        ),
        ("kill", b'{"request":"r"}', KillCommand(request="r", scope="global")),
        (
            "resume",
            b'{"request":"r","scope":"account.paper","reason":"ok"}',
            ResumeCommand(request="r", scope="account.paper", reason="ok"),
        ),
    ],
)
def test_a_request_is_read(verb: str, payload: bytes, command: Any) -> None:
    assert control.parse(verb, payload) == command


@pytest.mark.parametrize(
    ("verb", "fields", "code", "field"),
    [
        ("halt", {"level": "HALT"}, "MISSING_FIELD", "scope"),
        ("halt", {"scope": "global"}, "MISSING_FIELD", "level"),
        ("halt", {"scope": "global", "level": "halt"}, "INVALID_FIELD", "level"),
        ("halt", {"scope": "global", "level": None}, "INVALID_FIELD", "level"),
        ("halt", {"scope": "everything", "level": "HALT"}, "INVALID_FIELD", "scope"),
        ("halt", {"scope": "account.", "level": "HALT"}, "INVALID_FIELD", "scope"),
        ("halt", {"scope": "account.Paper", "level": "HALT"}, "INVALID_FIELD", "scope"),
        ("halt", {"scope": "symbol.aapl", "level": "HALT"}, "INVALID_FIELD", "scope"),
        ("halt", {"scope": "broker.paper", "level": "HALT"}, "INVALID_FIELD", "scope"),
        ("halt", {"scope": "global\n", "level": "HALT"}, "INVALID_FIELD", "scope"),
        ("halt", {"scope": 7, "level": "HALT"}, "INVALID_FIELD", "scope"),
        ("halt", {"scope": "global", "level": "HALT", "reason": LONG}, "INVALID_FIELD", "reason"),
        ("halt", {"scope": "global", "level": "HALT", "who": "anna"}, "UNKNOWN_FIELD", "who"),
        ("resume", {"scope": "global"}, "MISSING_FIELD", "reason"),
        ("resume", {"scope": "global", "reason": " \t"}, "MISSING_FIELD", "reason"),
        ("resume", {"reason": "x"}, "MISSING_FIELD", "scope"),
        ("cancel", {}, "MISSING_FIELD", "order"),
        ("cancel", {"order": "abc"}, "INVALID_FIELD", "order"),
        ("cancel", {"order": "ABCD"}, "INVALID_FIELD", "order"),
        ("cancel", {"order": "abcd' or 1=1"}, "INVALID_FIELD", "order"),
        ("cancel", {"order": "abcd", "symbol": "AAPL"}, "INVALID_FIELD", "order"),
        ("cancel", {"symbol": "NASDAQ:AAPL"}, "INVALID_FIELD", "symbol"),
        ("cancel", {"strategy": "a.b"}, "INVALID_FIELD", "strategy"),
        ("cancel", {"account": "*"}, "INVALID_FIELD", "account"),
        ("cancel", {"order": "abcd", "request": ""}, "INVALID_FIELD", "request"),
        ("cancel", {"order": "abcd", "request": "x" * 129}, "INVALID_FIELD", "request"),
        ("cancel", {"order": "abcd", "request": "a\u0007"}, "INVALID_FIELD", "request"),
    ],
)
def test_a_wrong_field_is_named_with_what_would_be_right(
    verb: str, fields: dict[str, Any], code: str, field: str
) -> None:
    with pytest.raises(ControlRefused) as refused:
        control.parse(verb, msgspec.json.encode({"request": "r", **fields}))
    reply = refused.value.reply()
    assert (reply.ok, reply.code, reply.field) == (False, code, field)
    assert reply.message
    assert reply.expected


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"kill",
        b"\xff\xfe",
        b"[]",
        b'"now"',
        b'{"request":"r","request":"s"}',
        b'{"request":"r","reason":"\\u0000"}',
        b'{"request":"r","reason":"' + b"x" * control.MAX_BYTES + b'"}',
        b"[" * 5_000,
    ],
)
def test_what_is_no_request_is_refused_as_a_whole(payload: bytes) -> None:
    with pytest.raises(ControlRefused) as refused:
        control.parse("kill", payload)
    assert refused.value.control_code == "INVALID_MESSAGE"


@pytest.mark.parametrize("verb", sorted(control.NOT_SUPPORTED_YET))
def test_a_command_of_a_later_release_is_refused_by_name(verb: str) -> None:
    with pytest.raises(ControlRefused, match=verb) as refused:
        control.parse(verb, b'{"request":"r"}')
    assert refused.value.control_code == "NOT_SUPPORTED_YET"


def test_an_unknown_verb_is_told_which_there_are() -> None:
    with pytest.raises(ControlRefused) as refused:
        control.parse("explode", b"{}")
    assert refused.value.control_code == "UNKNOWN_VERB"
    assert refused.value.expected == "cancel, halt, kill, resume"


def test_an_answer_is_read_back_as_it_was_sent() -> None:
    reply = ControlRefused("INVALID_FIELD", "scope", "no", "yes").reply()
    assert control.decode_reply(control.encode(reply)) == reply
