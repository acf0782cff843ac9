"""The reference page is what the code says."""

from pathlib import Path

from tradewire.domain.limits import KINDS
from tradewire_risk.domain.checks import CHECKS
from tradewire_risk.domain.reasons import Reason
from tradewire_risk.reference import render

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "risk-checks.md"


def test_the_page_is_current() -> None:
    assert render() == PAGE.read_text(), "run `python -m tradewire_risk.reference > docs/reference/risk-checks.md`"


def test_every_reason_is_explained_and_mapped_to_fix() -> None:
    page = render()
    for reason in Reason:
        assert f"| `{reason.value}` | {reason.fix} | {reason.__doc__} |" in page
        assert reason.fix in {0, 1, 2, 3, 6, 8, 11, 13, 15, 16, 18, 99}


def test_checks_have_names_of_their_own_and_measure_limits_that_exist() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    assert {name for check in CHECKS for name in check.limits} <= set(KINDS)
