from tests.builders import TIME
from tests.unit.cli.builders import NOW, seen
from tradewire.domain.switches import NOT_IN_LOG
from tradewire_cli.heard import Heard, heard_in
from tradewire_cli.views import status
from tradewire_cli.views.status import LogState, ProcessState, System

LOG = LogState(log_id="7d", head=12, frame=9, lag=0, open_orders={}, switches={}, leases=())


def test_what_routers_heard_is_read_once_from_what_they_say() -> None:
    both = f"work HALT of global by anna, {NOT_IN_LOG}; KILL of account.main by person:bob, {NOT_IN_LOG}"

    assert heard_in(["", "lease waits", both, f"work HALT of global by anna, {NOT_IN_LOG}"]) == (
        Heard("account.main", "KILL", "person:bob"),
        Heard("global", "HALT", "anna"),
    )


def test_the_status_says_beside_the_switches_what_the_log_does_not_hold_and_what_to_do() -> None:
    router = ProcessState("router", 12, TIME, "http://x", f"work HALT of global by anna, {NOT_IN_LOG}")
    found = System((router,), LOG, heard=heard_in([router.problem]))

    lines = seen(status.system(found, 300, NOW), 300).splitlines()

    at = lines.index("switches: none is thrown in the log")
    assert lines[at + 1].startswith("global: a router keeps to a HALT by anna that it heard directly")
    assert "`tradewire halt global --level HALT --reason …`, then `tradewire resume global " in lines[at + 1]
    assert "switches: none is thrown" in seen(status.system(System((), LOG), 300, NOW), 300).splitlines()


def test_it_is_said_too_while_nobody_tells_the_log() -> None:
    found = System((), problem="the reader does not answer", heard=(Heard("global", "KILL", "anna"),))

    assert "keeps to a KILL" in seen(status.system(found, 300, NOW), 300)
