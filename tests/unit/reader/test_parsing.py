"""Questions are read strictly: what is wrong is named, with what would have been right."""

from typing import Any

import msgspec
import pytest

from tests.unit.reader.bad_queries import BAD, NOT_JSON
from tradewire.messages.queries import QUERIES, OrderQuery, QueryRefused, parse


@pytest.mark.parametrize(("what", "fields", "code", "field"), BAD)
def test_a_bad_question_is_refused(what: str, fields: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(QueryRefused) as refused:
        parse(what, msgspec.json.encode(fields))
    reply = refused.value.reply()
    assert (reply.code, reply.field) == (code, field)
    assert reply.message
    assert reply.expected


@pytest.mark.parametrize("payload", NOT_JSON)
def test_what_is_no_object_is_refused(payload: bytes) -> None:
    with pytest.raises(QueryRefused):
        parse("orders", payload)


def test_every_question_but_an_order_can_be_asked_with_nothing() -> None:
    for what, kind in QUERIES.items():
        if what != "order":
            assert type(parse(what, b"")) is kind


def test_every_field_of_every_question_has_a_rule() -> None:
    for what, kind in QUERIES.items():
        for name in kind.__struct_fields__:
            with pytest.raises(QueryRefused) as refused:
                parse(what, msgspec.json.encode({name: {"no": ["value"]}}))
            assert refused.value.field == name
            assert refused.value.expected


def test_what_is_asked_rightly_is_read() -> None:
    fields = {"open": True, "account": "paper", "strategy": "EXTERNAL", "symbol": "BTC/USD", "limit": 1000, "since": 0}
    fields["cursor"] = "1700000000000000.6f0f6b6e-3f1d-5c3e-9a57-7472616465aa"
    query = parse("orders", msgspec.json.encode(fields))
    assert {name: getattr(query, name) for name in fields} == fields


@pytest.mark.parametrize("name", ["a", "abc", "7", "x" * 64])
def test_an_order_may_be_called_by_any_id_that_a_signal_may_have(name: str) -> None:
    assert parse("order", msgspec.json.encode({"id": name})) == OrderQuery(id=name)
