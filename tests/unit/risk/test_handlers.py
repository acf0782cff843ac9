"""What risk does next, and in which order."""

from tests.unit.risk.builders import LIMITS, SECOND, Log
from tradewire import ids
from tradewire.messages import account_events as a
from tradewire.messages.log import Result, ResultCode
from tradewire.messages.system_events import LogRestored
from tradewire.messages.vocabulary import LostOrder
from tradewire.runtime.clock import Clock
from tradewire_risk.handlers import Desk, Work, decide


def desk(log: Log, limits: dict[str, str] | None = None) -> Desk:
    """A desk whose clock tells the log's time."""
    clock = Clock("quotes")
    clock.hear(log.now)
    return Desk(log.state, log.board, clock, LIMITS if limits is None else limits)


def types(work: Work | None) -> list[str]:
    return [event.type for command in work.commands for event in command.events] if work else []


def carry_out(log: Log, at: Desk, *, timers: bool = True) -> list[str]:
    """Appends what is next, as the worker does, and returns the types of the events."""
    work = at.next_work(timers=timers)
    if work is None:
        return []
    results = [Result("appended", tuple(e.pos for e in log.append(command))) for command in work.commands]
    at.settle(work, results)
    return types(work)


def test_limits_come_first_then_marks_then_decisions() -> None:
    log = Log(limits={})
    log.cash("1000")
    log.request("s")
    at = desk(log)
    assert [carry_out(log, at) for _ in range(4)] == [["LimitSet"], ["MarksRecorded"], ["OrderApproved"], []]


def test_without_limits_nothing_is_decided() -> None:
    log = Log(limits={})
    log.set_limits({"max_order_value": "5"}, "account.paper", by="anna")
    log.request("s")
    at = desk(log)
    log.state.configured = LIMITS
    assert at.next_work(timers=True) is None


def test_what_depends_on_time_alone_is_looked_at_only_when_asked() -> None:
    log = Log()
    log.approve("s")
    log.wait(60 * SECOND)
    at = desk(log)
    assert at.next_work(timers=False) is None
    assert types(at.next_work(timers=True)) == ["OrderLapsed"]


def test_the_day_rolls_before_the_next_order_whatever_the_timers_say() -> None:
    log = Log()
    log.cash("1000")
    log.request("s")
    assert types(desk(log).next_work(timers=False)) == ["MarksRecorded"]


def test_work_that_was_not_appended_is_derived_again() -> None:
    log = Log()
    log.request("s")
    at = desk(log)
    work = at.next_work(timers=True)
    assert work is not None
    at.settle(work, [Result("version_conflict")])
    assert at.next_work(timers=True) == work


def test_a_timer_that_is_in_the_log_already_is_not_derived_for_ever() -> None:
    log = Log()
    log.cash("1000")
    at = desk(log)
    codes: tuple[ResultCode, ...] = ("version_conflict", "id_reused")
    for code in codes:
        work = at.next_work(timers=True)
        assert types(work) == ["MarksRecorded"]
        assert work is not None
        at.settle(work, [Result(code)])
    assert at.next_work(timers=True) is None


def test_what_may_be_at_its_broker_after_a_restore_is_passed_over_and_the_others_are_decided() -> None:
    log = Log()
    there = log.request("there")
    restored = log.write("system", LogRestored(was="w", pos=1, hash="h", made_at=log.now, seal="s"))
    at = desk(log)
    assert decide(at, log.now) is None
    found = LostOrder(ids.client_order_id(there.order, 1), "B1", "AAPL")
    said = a.AccountRecovered(
        account="paper", broker="paper", restored=restored.pos, part=1, last=True, orders=(found,)
    )
    log.write("account-paper", said)
    assert decide(at, log.now) is None
    log.request("another")
    work = decide(at, log.now)
    assert work is not None
    assert [each.order.signal_id for each in work.decided] == ["another"]
