from decimal import Decimal

import pytest

from tests.builders import ORDER, approved, denied, fact, requested, started
from tests.unit.cli.builders import NOW, order, seen, told, widest
from tradewire.domain.orders import Status
from tradewire.messages.order_events import OrderAccepted, OrderSubmitUnknown
from tradewire.messages.vocabulary import CheckResult, QuoteUsed
from tradewire_cli.views import why

CHECKS = (CheckResult("switch", "NONE", None, True), CheckResult("val_max", "18725.00", "10000", False))


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_story_has_every_step_and_every_check(width: int) -> None:
    told_so = [told(requested()), told(denied(checks=CHECKS, reason="NOTIONAL_ABOVE_MAX"), pos=2, after=4_000)]
    over = order(status=Status.DENIED, reason="NOTIONAL_ABOVE_MAX", message="too large")

    page = seen(why.story(over, told_so, width, NOW), width)

    assert over.order in page
    assert "NOTIONAL_ABOVE_MAX: too large" in page
    assert "+4ms" in page
    lines = [line.split() for line in page.splitlines()]
    assert ["switch", "NONE", "–", "–", "passed"] in lines
    assert ["val_max", "18725.00", "10000", "-8725", "failed"] in lines
    assert widest(page) <= width


def test_a_decision_says_what_it_rests_on() -> None:
    quotes = (QuoteUsed("AAPL", Decimal("187.25"), 1, "replay"),)

    decision = approved(quotes=quotes, mid=Decimal("187.2"), limits={"global": 3})

    page = seen(why.story(order(), [told(decision)], 120, NOW))

    assert "prices AAPL 187.25 from replay; worth 187.20 a unit" in page
    assert "limits global v3" in page
    assert "switches never set" in page


def test_a_price_that_came_late_is_said_to_have() -> None:
    late = approved(quotes=(QuoteUsed("AAPL", Decimal("187.25"), 1, "alpaca", delayed=True),))

    assert "prices AAPL 187.25 from alpaca (delayed);" in seen(why.story(order(), [told(late)], 120, NOW))


def test_the_steps_of_a_story_stand_under_each_other() -> None:
    page = seen(why.story(order(), [told(requested()), told(started(), pos=2, after=1_000)], 160, NOW), 160)
    first, second = page.splitlines()[-2:]

    assert first.index("requested") == second.index("submit started")
    assert first.index("buy 10") == second.index("attempt 1")


def test_a_call_without_an_answer_makes_no_order_unknown_of_which_the_broker_had_told() -> None:
    lost = OrderSubmitUnknown(order=ORDER, attempt=1, client_order_id="c", reason="TIMEOUT: no answer in 3 s")
    known = [told(started()), told(fact(OrderAccepted), pos=2), told(lost, pos=3)]

    page = seen(why.story(order(), known, 160, NOW), 160)
    assert "submit unknown" not in page
    last = page.splitlines()[-1]
    assert "call not answered  the broker had told of the order by then; attempt 1: TIMEOUT: no answer in 3 s" in last

    for unknown in (
        [told(started()), told(lost, pos=2)],
        [*known[:2], told(started(attempt=2), pos=3), told(lost, pos=4)],
    ):
        last = seen(why.story(order(), unknown, 160, NOW), 160).splitlines()[-1]
        assert "submit unknown" in last
        assert "by then" not in last


@pytest.mark.parametrize("width", [60, 80])
def test_what_does_not_fit_beside_the_time_stands_under_it_and_no_id_is_broken(width: int) -> None:
    begun = started()

    page = seen(why.story(order(), [told(requested()), told(begun, pos=2)], width, NOW), width)

    assert f" {begun.client_order_id}" in page
    assert widest(page) <= width
