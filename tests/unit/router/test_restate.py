"""Corrections and busts, which come at least once and not always in order."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.unit.router.builders import TELLER, Log, execution, fill_row
from tradewire import ids
from tradewire.domain.orders import Order
from tradewire.messages.answers import FillRow
from tradewire.messages.log import NewEvent
from tradewire.messages.registry import EVENT_TYPES
from tradewire_router.domain.restate import restated, unexplained

FILLED = fill_row()
CORRECTED = fill_row("correction", pos=9, revision=2, quantity=Decimal(8), price=Decimal(101), fee=Decimal(2))
BUSTED = fill_row("bust", pos=12, revision=2)


def an_order() -> Order:
    log = Log()
    return log.get(log.order(0, "OrderApproved", "OrderSubmitStarted", "OrderAccepted", "OrderFilled"))


def restate(revision: int, versions: list[FillRow], *, busted: bool) -> list[NewEvent]:
    order = an_order()
    told = execution(order, revision=revision, quantity=Decimal(7), price=Decimal(99), fee=Decimal(3))
    return restated(TELLER, order, told, versions, busted=busted, origin="live", evidence="message")


def said(event: NewEvent) -> Any:
    return msgspec.json.decode(event.data, type=EVENT_TYPES[event.type].struct)


def test_a_correction_takes_the_place_of_the_version_that_counts() -> None:
    (event,) = restate(3, [CORRECTED, FILLED], busted=False)

    data = said(event)
    assert event.type == "FillCorrected"
    assert (data.revision, data.quantity, data.price, data.fee) == (3, 7, 99, 3)
    assert (data.replaces, data.old_quantity, data.old_price, data.old_fee) == (2, 8, 101, 2)
    assert event.event_id == ids.fill_uuid("paper", "paper", "E1", 3)


def test_a_bust_takes_back_the_version_that_counts() -> None:
    (event,) = restate(2, [FILLED, CORRECTED], busted=True)

    data = said(event)
    assert event.type == "FillBusted"
    assert (data.revision, data.quantity, data.price, data.fee) == (2, 8, 101, 2)
    assert event.event_id not in {ids.fill_uuid("paper", "paper", "E1", revision) for revision in range(4)}


@pytest.mark.parametrize(
    ("revision", "versions", "busted"),
    [
        (2, [CORRECTED, FILLED], False),  # told again
        (1, [CORRECTED, FILLED], False),  # an earlier one told late
        (1, [CORRECTED, FILLED], True),
        (2, [BUSTED, CORRECTED, FILLED], True),
        (1, [BUSTED, CORRECTED, FILLED], False),
        (2, [BUSTED, CORRECTED, FILLED], False),
    ],
)
def test_what_the_log_has_or_has_gone_past_is_no_event_and_no_reason_to_halt(
    revision: int, versions: list[FillRow], busted: bool
) -> None:
    assert restate(revision, versions, busted=busted) == []
    assert unexplained(execution(revision=revision), versions, busted=busted) == ""


@pytest.mark.parametrize(
    ("versions", "busted", "words"),
    [
        ([], True, "busted execution E1, which no order of ours has"),
        ([], False, "corrected execution E1, which no order of ours has"),
        ([BUSTED, FILLED], False, "corrected execution E1 after it had taken it back"),
    ],
)
def test_what_cannot_be_explained_is_for_a_person(versions: list[FillRow], busted: bool, words: str) -> None:
    assert words in unexplained(execution(revision=3), versions, busted=busted)
    assert restate(3, versions, busted=busted) == []
