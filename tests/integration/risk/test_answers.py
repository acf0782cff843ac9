"""People ask risk where it stands and what it would decide: its leader answers, and nothing is recorded."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from tests.integration.risk.floor import Floor
from tests.waiting import soon
from tradewire import subjects
from tradewire.errors import Unavailable
from tradewire.messages.risk_queries import (
    Checked,
    CheckQuestion,
    Question,
    RiskRefused,
    RiskStatus,
    StatusQuestion,
    decode_reply,
    encode,
)

SECONDS = 5.0


async def asked(floor: Floor, what: str, payload: bytes, timeout: float = SECONDS) -> Any:
    bus = await floor.bus("person-anna")
    return decode_reply((await bus.request(subjects.risk_query("main", what), payload, timeout=timeout)).data)


async def ask(floor: Floor, question: Question) -> Any:
    return await asked(floor, "check" if isinstance(question, CheckQuestion) else "status", encode(question))


def about(**fields: Any) -> CheckQuestion:
    body = {"id": "ask", "action": "buy", "symbol": "AAPL", "quantity": 1, **fields}
    return CheckQuestion(strategy="momo", signal=Raw(msgspec.json.encode(body)))


@pytest.fixture
async def people(floor: Floor) -> Floor:
    await floor.engines.add_user("person-anna")
    return floor


async def test_the_answer_is_the_decision_that_an_order_then_gets_and_nothing_is_recorded(people: Floor) -> None:
    async with people.risk({"TRADEWIRE_PAPER_PRICE_FROM_SIGNAL": "false"}):
        await people.feed()
        before = [row.pos for row in await people.rows()]
        good = await ask(people, about())
        large = await ask(people, about(quantity=101))
        unquoted = await ask(people, about(symbol="MSFT"))
        status = await ask(people, StatusQuestion())
        assert [row.pos for row in await people.rows()] == before
        orders = await people.request("good", signal_time=None)
        decided = await people.until_decided(orders)
    assert isinstance(good, Checked)
    assert (good.outcome, good.quantity, good.limits) == ("approved", Decimal(1), {"global": 1})
    (made,) = decided.values()
    assert [check.name for check in good.checks] == [check.name for check in made.every_check()]
    assert {check.passed for check in good.checks} == {True}
    assert (good.value, good.cost) == (made.unit_value, made.cost)
    assert (large.outcome, large.reason) == ("denied", "NOTIONAL_ABOVE_MAX")
    assert unquoted.message == "There is no quote for MSFT."
    assert isinstance(status, RiskStatus)
    assert [account.account for account in status.accounts] == ["paper"]
    assert status.instance.startswith("risk-")


async def test_a_question_that_has_no_answer_is_told_why(people: Floor) -> None:
    async with people.risk():
        await people.feed()
        for what, payload, code in (
            ("status", encode(StatusQuestion(account="other")), "ACCOUNT_UNKNOWN"),
            ("status", b"{", "INVALID_MESSAGE"),
            ("orders", b"", "UNKNOWN_QUERY"),
            ("check", encode(about(account="other")), "ACCOUNT_UNKNOWN"),
            ("check", encode(about(symbol="aapl")), "SYMBOL_INVALID"),
            ("check", encode(about(quantity="1e999999")), "NUMBER_INVALID"),
            ("check", encode(about(stop_loss={"price": 5})), "NOT_SUPPORTED_YET"),
            ("check", encode(about(action="cancel", quantity=None)), "WRONG_TYPE"),
            ("check", b'{"strategy":"momo","signal":{"id":"a","symbol":"AAPL","action":"cancel"}}', "NO_ORDER"),
            ("check", b'{"strategy":"Momo","signal":{}}', "NAME_INVALID"),
        ):
            refused = await asked(people, what, payload)
            assert isinstance(refused, RiskRefused), refused
            assert refused.code == code
            assert refused.message
        assert isinstance(await ask(people, about()), Checked)


async def test_the_leader_alone_answers_and_its_successor_after_it(people: Floor) -> None:
    with pytest.raises(Unavailable, match="nobody listens"):
        await ask(people, StatusQuestion())
    await people.feed()
    async with people.risk() as leader, people.risk(ready=False):
        answers = {(await ask(people, StatusQuestion())).instance for _ in range(10)}
        assert len(answers) == 1
        assert f'"{answers.pop()}"' in leader.output()
        assert await leader.stop() == 0

        async def led() -> bool:
            try:
                found = await asked(people, "status", b"", 0.5)
            except Unavailable:
                return False
            return isinstance(found, RiskStatus)

        await soon(led)


async def test_nobody_but_people_may_ask(people: Floor) -> None:
    async with people.risk():
        await people.feed()
        assert isinstance(await ask(people, StatusQuestion()), RiskStatus)
        router = await people.bus("router")
        with pytest.raises(Unavailable):
            await router.request(subjects.risk_query("main", "status"), b"", timeout=0.5)
