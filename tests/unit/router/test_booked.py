"""Which booked execution a broker means that corrects it, or takes it back, by an id of its own."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import asdict

from tests.unit.router.builders import execution, fill_row
from tradewire_router.brokers import events as b
from tradewire_router.brokers.values import Execution
from tradewire_router.domain.booked import BUSTED, Booked, Told, booked_of, latest_of, named

NEW = execution(execution="", quantity=Decimal(7), price=Decimal(99))
"""What an execution is restated to, of which the session has not heard."""


def version(event: Any = "fill", **fields: Any) -> Booked:
    told_as = fields.pop("told_as", "")
    return Booked(**asdict(fill_row(event, **fields)), told_as=told_as)


def correction(new: Execution = NEW, **fields: Any) -> b.FillCorrected:
    told = {"event_key": "k", "broker_time": None, "received_at": 1, "client_order_id": "c", "replaces": 0, **fields}
    return b.FillCorrected(execution=new, **told)


def bust(of: Execution, **fields: Any) -> b.FillBusted:
    told = {"event_key": "k", "broker_time": None, "received_at": 1, "client_order_id": "c", **fields}
    return b.FillBusted(execution=of, **told)


def name(found: Execution | None) -> tuple[str, int] | None:
    return (found.execution, found.revision) if found else None


@pytest.mark.parametrize(
    ("kind", "execution", "event"),
    [
        ("OrderFilled", "E1", "fill"),
        ("FillCorrected", "E1", "correction"),
        ("FillBusted", "E1", "bust"),
        ("ExternalFillBooked", "E1", "external"),
        ("ExternalFillBooked", f"E1{BUSTED}", "bust"),
    ],
)
def test_an_event_is_a_version_of_its_execution(kind: str, execution: str, event: str) -> None:
    said = Told("paper", "sim", "AAPL", "buy", Decimal(10), Decimal(100), execution, told_as="t")
    booked = booked_of(7, kind, said)
    assert (booked.pos, booked.event, booked.execution, booked.told_as) == (7, event, "E1", "t")
    assert (booked.time, booked.broker_time) == (0, None)


def test_the_version_that_counts_is_the_last() -> None:
    assert latest_of([version(pos=9, revision=1), version(pos=5)]).revision == 1


def test_what_was_told_with_the_id_is_meant_whatever_its_terms() -> None:
    booked = [version(told_as="t1"), version(execution="E2", quantity=Decimal(3), told_as="t2")]
    assert name(named(correction(previous="t2", told_as="t3"), booked)) == ("E2", 1)
    assert name(named(bust(NEW, previous="t1"), booked)) == ("E1", 0)


def test_a_correction_that_is_told_again_stays_the_version_that_it_made() -> None:
    booked = [version(told_as="t1"), version("correction", pos=9, revision=1, told_as="t2")]
    assert name(named(correction(previous="t1", told_as="t2"), booked)) == ("E1", 1)


def test_a_bust_without_a_known_id_means_the_execution_of_the_same_terms() -> None:
    booked = [version(), version(execution="E2", quantity=Decimal(3))]
    assert name(named(bust(execution(execution="", quantity=Decimal(3))), booked)) == ("E2", 0)
    assert named(bust(execution(execution="", quantity=Decimal(3), price=Decimal(1))), booked) is None


def test_a_correction_without_a_known_id_means_the_execution_whose_quantity_the_order_lacks_now() -> None:
    booked = [version(), version(execution="E2", pos=6, quantity=Decimal(3))]
    assert name(named(correction(filled=Decimal(17)), booked)) == ("E2", 1)  # 13 were filled; 7 took the place of 3
    assert name(named(correction(filled=Decimal(10)), booked)) == ("E1", 1)  # 7 took the place of 10
    assert named(correction(filled=Decimal(14)), booked) is None
    assert named(correction(filled=None), booked) is None


def test_two_that_fit_are_as_good_as_each_other_only_at_one_price() -> None:
    alike = [version(), version(execution="E2", pos=6)]
    assert name(named(correction(filled=Decimal(17)), alike)) == ("E2", 1)
    apart = [version(), version(execution="E2", pos=6, price=Decimal(101))]
    assert named(correction(filled=Decimal(17)), apart) is None


@pytest.mark.parametrize("other", [version("bust", pos=9), version(told_as="t9")], ids=["busted", "another-id"])
def test_what_is_taken_back_or_was_told_with_another_id_is_not_meant(other: Booked) -> None:
    booked = [version(), other] if other.event == "bust" else [other]
    assert named(bust(execution(execution=""), previous="t1"), booked) is None
