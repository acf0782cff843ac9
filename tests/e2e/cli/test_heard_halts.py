"""A halt that routers heard while the ledger did not answer: it holds, and how to be rid of it is said."""

import os
import time
from pathlib import Path
from signal import SIGKILL, SIGSTOP

from tests.e2e.cli.system import Up, tradewire
from tradewire_cli.exits import Exit

_LIMIT_SECONDS = 30.0


def test_a_halt_that_the_log_does_not_hold_is_named_with_the_way_out(data: Path, up: Up) -> None:
    sequencer = up.run.processes["sequencer"].pid
    os.kill(sequencer, SIGSTOP)
    halted = tradewire(data, "halt", "--reason", "odd prices")
    os.kill(sequencer, SIGKILL)

    shown = until(data, "switches: none is thrown in the log")
    lifted = tradewire(data, "resume", "global", "--reason", "well")
    again = tradewire(data, "halt", "--reason", "odd prices")
    resumed = tradewire(data, "resume", "global", "--reason", "well")

    assert halted.code == Exit.UNKNOWN
    assert (
        "\nglobal: a router keeps to a HALT by owner that it heard directly and the log does not hold; give " in shown
    )
    assert lifted.code == Exit.REFUSED
    assert lifted.err.startswith("tradewire resume: NOT_HALTED: ")
    assert "`tradewire halt global --level HALT --reason …`, then `tradewire resume global --reason …`" in lifted.err
    assert lifted.err.count("\n") == 1
    assert (again.code, resumed.code) == (Exit.DONE, Exit.DONE)
    until(data, "switches: none is thrown\n")
    assert tradewire(data, "send", "buy", "KO", "5", "--price", "60", "--wait").code == Exit.DONE


def until(data: Path, words: str) -> str:
    """What the status shows once these words are in it."""
    end = time.monotonic() + _LIMIT_SECONDS
    while words not in (shown := tradewire(data, "status").out):
        assert time.monotonic() < end, shown
    return shown
