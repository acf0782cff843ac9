"""Requests on `control.<verb>.<person>` as bytes."""

from typing import Any

import msgspec
import pytest

from tradewire.messages import control, control_parse
from tradewire.messages.control import (
    AgreeLimitCommand,
    ApproveCommand,
    CancelCommand,
    ControlRefused,
    DenyCommand,
    FlattenCommand,
    HaltCommand,
    KillCommand,
    PauseCommand,
    ResumeCommand,
    SetLimitCommand,
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
        (
            "halt",
            b'{"request":"r","scope":"broker.paper","level":"KILL"}',
            HaltCommand(request="r", scope="broker.paper", level="KILL"),
        ),
        (
            "pause",
            b'{"request":"r","strategy":"momo","reason":"ok"}',
            PauseCommand(request="r", strategy="momo", reason="ok"),
        ),
        (
            "flatten",
            b'{"request":"r","account":"paper","reason":"ok"}',
            FlattenCommand(request="r", account="paper", reason="ok"),
        ),
        ("approve", b'{"request":"r","order":"0a1b"}', ApproveCommand(request="r", order="0a1b")),
        (
            "deny",
            b'{"request":"r","order":"0a1b","reason":"no"}',
            DenyCommand(request="r", order="0a1b", reason="no"),
        ),
        (
            "set-limit",
            b'{"request":"r","scope":"global","limits":{"max_order_value":"5","rounding":""},"reason":"x","until":"4h"}',
            SetLimitCommand(
                request="r",
                scope="global",
                limits={"max_order_value": "5", "rounding": ""},
                reason="x",
                until="4h",
            ),
        ),
        ("agree-limit", b'{"request":"r","proposal":"global"}', AgreeLimitCommand(request="r", proposal="global")),
    ],
)
def test_a_request_is_read(verb: str, payload: bytes, command: Any) -> None:
    assert control_parse.parse(verb, payload) == command


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
        ("halt", {"scope": "broker.", "level": "HALT"}, "INVALID_FIELD", "scope"),
        ("halt", {"scope": "venue.paper", "level": "HALT"}, "INVALID_FIELD", "scope"),
        ("kill", {"scope": ""}, "INVALID_FIELD", "scope"),
        ("halt", {"scope": "strategy.momo", "level": "PAUSED"}, "INVALID_FIELD", "level"),
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
        ("pause", {"strategy": "momo"}, "MISSING_FIELD", "reason"),
        ("pause", {"strategy": "momo", "reason": " "}, "MISSING_FIELD", "reason"),
        ("pause", {"strategy": "a.b", "reason": "x"}, "INVALID_FIELD", "strategy"),
        ("flatten", {"account": "paper"}, "MISSING_FIELD", "reason"),
        ("flatten", {"account": "", "reason": "x"}, "MISSING_FIELD", "account"),
        ("approve", {}, "MISSING_FIELD", "order"),
        ("approve", {"order": "abc"}, "INVALID_FIELD", "order"),
        ("deny", {"order": "abcd"}, "MISSING_FIELD", "reason"),
        ("agree-limit", {}, "MISSING_FIELD", "proposal"),
        ("agree-limit", {"proposal": "r-1", "reason": LONG}, "INVALID_FIELD", "reason"),
    ],
)
def test_a_wrong_field_is_named_with_what_would_be_right(
    verb: str, fields: dict[str, Any], code: str, field: str
) -> None:
    with pytest.raises(ControlRefused) as refused:
        control_parse.parse(verb, msgspec.json.encode({"request": "r", **fields}))
    reply = refused.value.reply()
    assert (reply.ok, reply.code, reply.field) == (False, code, field)
    assert reply.message
    assert reply.expected


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"scope": "everything"}, "INVALID_FIELD", "scope"),
        ({"scope": ""}, "MISSING_FIELD", "scope"),
        ({"reason": ""}, "MISSING_FIELD", "reason"),
        ({"reason": "\t "}, "MISSING_FIELD", "reason"),
        ({"limits": {}}, "MISSING_FIELD", "limits"),
        ({"limits": {"max_order_value": 5}}, "INVALID_FIELD", "limits"),
        ({"limits": {"max_order_value": None}}, "INVALID_FIELD", "limits"),
        ({"limits": ["max_order_value"]}, "INVALID_FIELD", "limits"),
        ({"limits": {"max_ordr_value": "5"}}, "INVALID_FIELD", "limits"),
        ({"limits": {"max_order_value": "0"}}, "INVALID_FIELD", "limits.max_order_value"),
        ({"limits": {"max_order_value": "-5"}}, "INVALID_FIELD", "limits.max_order_value"),
        ({"limits": {"max_order_value": "NaN"}}, "INVALID_FIELD", "limits.max_order_value"),
        ({"limits": {"max_order_value": "Infinity"}}, "INVALID_FIELD", "limits.max_order_value"),
        ({"limits": {"max_order_value": "1e6"}}, "INVALID_FIELD", "limits.max_order_value"),
        ({"limits": {"max_order_value": "1_000"}}, "INVALID_FIELD", "limits.max_order_value"),
        ({"limits": {"max_order_value": " 5"}}, "INVALID_FIELD", "limits.max_order_value"),
        ({"limits": {"max_order_value": "much"}}, "INVALID_FIELD", "limits.max_order_value"),
        ({"limits": {"max_open_orders": "1.5"}}, "INVALID_FIELD", "limits.max_open_orders"),
        ({"limits": {"min_order_value": "-1"}}, "INVALID_FIELD", "limits.min_order_value"),
        ({"limits": {"max_signal_age": "30"}}, "INVALID_FIELD", "limits.max_signal_age"),
        ({"limits": {"rounding": "up"}}, "INVALID_FIELD", "limits.rounding"),
        ({"limits": {"allowed_symbols": "AAPL,aapl"}}, "INVALID_FIELD", "limits.allowed_symbols"),
        ({"limits": {"allowed_symbols": ", ,"}}, "INVALID_FIELD", "limits.allowed_symbols"),
        ({"limits": {"max_signal_age": "0s"}}, "INVALID_FIELD", "limits.max_signal_age"),
        ({"limits": {"approval_ttl": "none"}}, "INVALID_FIELD", "limits.approval_ttl"),
        ({"limits": {"max_drawdown": "101"}}, "INVALID_FIELD", "limits.max_drawdown"),
        ({"limits": {"max_order_value": "05"}}, "INVALID_FIELD", "limits.max_order_value"),
        ({"limits": {"max_ordr_value": ""}}, "INVALID_FIELD", "limits"),
        ({"limits": {"max_open_orders": "1"}, "scope": "strategy.momo"}, "INVALID_FIELD", "limits.max_open_orders"),
        ({"limits": {"max_drawdown": "1"}, "scope": "symbol.KO"}, "INVALID_FIELD", "limits.max_drawdown"),
        ({"until": "soon"}, "INVALID_FIELD", "until"),
        ({"until": "2026-03-09T14:30:00"}, "INVALID_FIELD", "until"),
        ({"until": "1772000000"}, "INVALID_FIELD", "until"),
        ({"until": 4}, "INVALID_FIELD", "until"),
        ({"by": "bob"}, "UNKNOWN_FIELD", "by"),
    ],
)
def test_limits_are_read_before_anything_is_made_of_them(fields: dict[str, Any], code: str, field: str) -> None:
    right = {"request": "r", "scope": "global", "limits": {"max_order_value": "5"}, "reason": "x"}
    with pytest.raises(ControlRefused) as refused:
        control_parse.parse("set-limit", msgspec.json.encode({**right, **fields}))
    reply = refused.value.reply()
    assert (reply.ok, reply.code, reply.field) == (False, code, field)
    assert reply.message
    assert reply.expected


@pytest.mark.parametrize(("until", "problem"), [("-1h", "is negative"), ("9999999h", "is too long")])
def test_a_span_that_cannot_be_an_end_is_told_why(until: str, problem: str) -> None:
    fields = {"request": "r", "scope": "global", "limits": {"max_order_value": "5"}, "reason": "x", "until": until}
    with pytest.raises(ControlRefused, match=problem):
        control_parse.parse("set-limit", msgspec.json.encode(fields))


def test_a_limit_that_means_nothing_in_a_scope_may_be_taken_from_it() -> None:
    fields = {"request": "r", "scope": "symbol.KO", "limits": {"max_drawdown": ""}, "reason": "x"}
    assert control_parse.parse("set-limit", msgspec.json.encode(fields)).request == "r"


def test_a_limit_that_is_nearly_right_is_told_its_name() -> None:
    with pytest.raises(ControlRefused) as refused:
        control_parse.parse(
            "set-limit", b'{"request":"r","scope":"global","limits":{"max_ordr_value":"5"},"reason":"x"}'
        )
    assert refused.value.expected == "max_order_value"


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
        control_parse.parse("kill", payload)
    assert refused.value.control_code == "INVALID_MESSAGE"


@pytest.mark.parametrize("verb", sorted(control.NOT_SUPPORTED_YET))
def test_a_command_of_a_later_release_is_refused_by_name(verb: str) -> None:
    with pytest.raises(ControlRefused, match=verb) as refused:
        control_parse.parse(verb, b'{"request":"r"}')
    assert refused.value.control_code == "NOT_SUPPORTED_YET"


def test_an_unknown_verb_is_told_which_there_are() -> None:
    with pytest.raises(ControlRefused) as refused:
        control_parse.parse("explode", b"{}")
    assert refused.value.control_code == "UNKNOWN_VERB"
    assert refused.value.expected == ", ".join(control.COMMANDS)


def test_an_answer_is_read_back_as_it_was_sent() -> None:
    reply = ControlRefused("INVALID_FIELD", "scope", "no", "yes").reply()
    assert control.decode_reply(control.encode(reply)) == reply
