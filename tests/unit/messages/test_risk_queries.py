"""Questions to risk: what is read, and what is said of what cannot be read."""

import pytest

from tradewire import subjects
from tradewire.messages.risk_queries import (
    MAX_QUESTION_BYTES,
    CheckQuestion,
    RiskRefused,
    StatusQuestion,
    decode_reply,
    encode,
    read_question,
)
from tradewire.permissions import permissions_of


def test_an_empty_message_asks_about_everything() -> None:
    assert read_question("status", b"") == StatusQuestion()
    assert read_question("status", b'{"account":"paper"}') == StatusQuestion(account="paper")


def test_a_signal_stays_byte_for_byte_what_was_sent() -> None:
    body = b'{"id": "a", "quantity": 1.50, "quantity": 2}'
    question = read_question("check", b'{"strategy":"momo","signal":' + body + b"}")
    assert isinstance(question, CheckQuestion)
    assert bytes(question.signal) == body


@pytest.mark.parametrize(
    ("what", "payload", "code", "says"),
    [
        ("sell", b"{}", "UNKNOWN_QUERY", "status, check"),
        ("status", b"{", "INVALID_MESSAGE", "one JSON object"),
        ("status", b"\xff", "INVALID_MESSAGE", "one JSON object"),
        ("status", b"[" * 100_000, "INVALID_MESSAGE", f"{MAX_QUESTION_BYTES} bytes at most"),
        ("status", b"[" * 60_000, "INVALID_MESSAGE", ""),
        ("status", b'{"acount":"paper"}', "INVALID_MESSAGE", "fields: account"),
        ("status", b'{"account":5}', "INVALID_MESSAGE", "fields: account"),
        ("check", b"{}", "INVALID_MESSAGE", "fields: strategy, signal"),
    ],
)
def test_what_is_no_question_is_told_so(what: str, payload: bytes, code: str, says: str) -> None:
    refused = read_question(what, payload)
    assert isinstance(refused, RiskRefused)
    assert refused.code == code
    assert says in refused.expected
    assert decode_reply(encode(refused)) == refused


def test_people_ask_and_risk_alone_hears() -> None:
    asked = {subjects.risk_query("main", "*")}
    users = ("sequencer", "reader", "ingest", "risk", "router", "paper", "feed", "strategy-momo", "person-anna")
    assert [user for user in users if asked & set(permissions_of(user, "main").subscribe)] == ["risk"]
    assert [user for user in users if asked & set(permissions_of(user, "main").publish)] == ["person-anna"]
