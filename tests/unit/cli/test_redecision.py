import pytest

from tests.unit.cli.builders import order
from tradewire.domain.orders import Status
from tradewire_cli.commands.redecision import outcome
from tradewire_cli.exits import Exit


@pytest.mark.parametrize(
    ("status", "code", "says"),
    [
        (Status.HELD, Exit.DONE, ", and risk has not decided it once more yet"),
        (Status.REQUESTED, Exit.DONE, ", and risk has not decided it once more yet"),
        (Status.APPROVED, Exit.DONE, " and passes risk, and is not sent yet"),
        (Status.SUBMITTING, Exit.DONE, " and sent"),
        (Status.FILLED, Exit.DONE, " and sent"),
        (Status.DENIED, Exit.REFUSED, ", but now it is denied: KILL_SWITCH_ON: global is at HALT"),
        (Status.REJECTED, Exit.REFUSED, ", but now it is rejected: KILL_SWITCH_ON: global is at HALT"),
    ],
)
def test_an_approval_is_told_with_what_followed_it(status: Status, code: Exit, says: str) -> None:
    became = outcome(order(status=status, reason="KILL_SWITCH_ON", message="global is at HALT"))

    assert (became.exit, became.words) == (code, says)


def test_an_order_that_nobody_tells_of_is_not_decided_yet() -> None:
    assert outcome(None).exit is Exit.DONE
    assert outcome(order(status=Status.LAPSED)).words == ", but now it is lapsed"
