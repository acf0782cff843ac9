"""What each answer of the ledger means for a message."""

import pytest

from tests.unit.ingest.building import NOW
from tradewire.messages.log import Result, ResultCode
from tradewire_ingest.domain.reactions import Message, refused
from tradewire_ingest.domain.refusal import Refused, id_reused
from tradewire_ingest.domain.settling import Asked, Step, Unsettled, settle, whether_known


@pytest.mark.parametrize(
    ("asked", "answer", "step"),
    [
        (Asked.REACTION, "appended", Step.RECORDED),
        (Asked.REACTION, "replayed", Step.KNOWN),
        (Asked.REACTION, "id_reused", Step.ASK),
        (Asked.REACTION, "version_conflict", Step.ASK),
        (Asked.WHETHER_KNOWN, "replayed", Step.KNOWN),
        (Asked.REFUSAL, "appended", Step.RECORDED),
        (Asked.REFUSAL, "replayed", Step.RECORDED),
        (Asked.REFUSAL, "id_reused", Step.RECORDED),
    ],
)
def test_an_answer_leads_on(asked: Asked, answer: ResultCode, step: Step) -> None:
    assert settle(asked, Result(answer)) is step


@pytest.mark.parametrize(
    ("asked", "answer", "code"),
    [
        (Asked.WHETHER_KNOWN, "id_reused", "IDEMPOTENCY_CONFLICT"),
        (Asked.WHETHER_KNOWN, "guard_changed", "LEDGER_REFUSED"),
        (Asked.REACTION, "too_large", "LEDGER_REFUSED"),
        (Asked.REACTION, "invalid", "LEDGER_REFUSED"),
        (Asked.REACTION, "not_permitted", "LEDGER_REFUSED"),
    ],
)
def test_an_answer_leads_to_a_refusal(asked: Asked, answer: ResultCode, code: str) -> None:
    refusal = settle(asked, Result(answer, message="why"))
    assert isinstance(refusal, Refused)
    assert refusal.code == code


@pytest.mark.parametrize("answer", ["too_large", "invalid", "not_permitted", "version_conflict"])
def test_a_refusal_that_cannot_be_recorded_leaves_the_message_where_it_is(answer: ResultCode) -> None:
    with pytest.raises(Unsettled, match=answer):
        settle(Asked.REFUSAL, Result(answer))


def test_asking_whether_a_signal_is_known_can_append_nothing() -> None:
    event = refused(Message("momo", b"{}", "i", 1), id_reused(), NOW)
    command = whether_known(event)
    assert command.events == (event,)
    assert all(guard.version < 0 for guard in command.guards)
    assert command.guards
