"""Who a subject says has sent a signal."""

import pytest

from tradewire import subjects
from tradewire.permissions import permissions_of


@pytest.mark.parametrize(
    ("subject", "sender"),
    [
        ("signals.momo", ("momo", "")),
        ("signals.manual", ("manual", "")),
        ("signals.manual:anna", ("manual", "anna")),
        ("signals.manual:", ("manual:", "")),
        ("signals.manual:Anna", ("manual:Anna", "")),
        ("signals.momo:anna", ("momo:anna", "")),
        ("signals.manual:anna:bob", ("manual:anna:bob", "")),
    ],
)
def test_a_person_speaks_for_manual_and_for_nobody_else(subject: str, sender: tuple[str, str]) -> None:
    assert subjects.sender(subject) == sender


def test_a_person_publishes_signals_in_its_own_name_alone() -> None:
    allowed = [subject for subject in permissions_of("person-anna", "main").publish if subject.startswith("signals")]

    assert allowed == [subjects.manual_signals("anna")]
    assert subjects.sender(allowed[0]) == ("manual", "anna")
