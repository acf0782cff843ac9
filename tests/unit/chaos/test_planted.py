"""Every bug can be planted: what it changes is still there. Each is tried in a process of its own, as in a run."""

import subprocess
import sys

import pytest

from tests.chaos.planted.bugs import BUGS

PLANT = "import sys; from tests.chaos.planted.bugs import BUGS; [patch() for patch in BUGS[sys.argv[1]][sys.argv[2]]]"
CROSSED = """
from decimal import Decimal
from tradewire.messages.quotes import Quote
from tradewire_risk.domain.prices import QuoteBoard

print([QuoteBoard().hear(Quote("AAPL", 1, bid=Decimal(bid), ask=Decimal(50)), "feed") for bid in ("200", "NaN")])
"""


def planted(bug: str, module: str, then: str = "") -> str:
    """Plants a bug as in the process that it is about, and returns what `then` prints."""
    run = subprocess.run(
        [sys.executable, "-c", f"{PLANT}\n{then}", bug, module], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.mark.parametrize(("bug", "module"), [(bug, module) for bug, patches in BUGS.items() for module in patches])
def test_what_a_bug_changes_is_still_there(bug: str, module: str) -> None:
    assert planted(bug, module) == ""


def test_crossed_quotes_are_believed_where_that_is_the_bug_and_other_nonsense_is_not() -> None:
    assert planted("crossed-quotes", "tradewire_risk", CROSSED) == "[True, False]\n"
