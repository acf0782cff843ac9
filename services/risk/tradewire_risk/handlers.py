"""What risk does next, derived from its state; the table at the foot is the order in which it looks.

Nothing is remembered between two looks but timers that are known to be in the log, so what was not appended, for
whatever reason, is derived again.
"""

from collections.abc import Callable, Sequence

from msgspec import Struct

from tradewire import faults
from tradewire.messages.log import Command, Result
from tradewire.runtime.clock import Clock
from tradewire_risk.domain.configured import due_limits
from tradewire_risk.domain.decide import Decided, decide_requested
from tradewire_risk.domain.due import Due
from tradewire_risk.domain.flatten import due_closes
from tradewire_risk.domain.lapses import due_lapses
from tradewire_risk.domain.marks import due_by_time, due_first
from tradewire_risk.domain.prices import QuoteBoard
from tradewire_risk.domain.replacing import decide_replacement
from tradewire_risk.domain.state import RiskState
from tradewire_risk.domain.timers import due_counts, due_expiries, due_warnings
from tradewire_risk.domain.trips import due_repeats, due_steps
from tradewire_risk.patience import Patience

_MAX_KNOWN = 10_000


class Work(Struct, frozen=True):
    """Commands to append together, and what each is: a decision, a timer, or new limits."""

    commands: Sequence[Command]
    decided: Sequence[Decided] = ()
    due: Sequence[Due] = ()


class Desk:
    """What decisions are made from: the state, the quotes, the clock and the configuration's limits."""

    def __init__(self, state: RiskState, board: QuoteBoard, clock: Clock, limits: dict[str, str]) -> None:
        self.state, self.board, self.clock, self.limits = state, board, clock, limits
        self.patience = Patience(state, board)
        self._known: dict[str, None] = {}

    def next_work(self, *, timers: bool) -> Work | None:
        """The first thing to do, or None; `timers` says whether to look at what depends on time alone."""
        now = self.clock.now()
        for handle, timed in HANDLERS:
            if (timers or not timed) and (work := handle(self, now)) is not None:
                return work
        return None

    def settle(self, work: Work, results: Sequence[Result]) -> None:
        """Notes which timers are in the log, now or from before, so that they are not derived for ever."""
        for due, result in zip(work.due, results, strict=False):
            if result.stored or result.code == "id_reused":
                self._known[due.event_id] = None
        while len(self._known) > _MAX_KNOWN:
            del self._known[next(iter(self._known))]

    def fresh(self, due: Sequence[Due]) -> Work | None:
        """Those timers that are not known to be in the log."""
        left = [each for each in due if each.event_id not in self._known]
        return Work([each.command for each in left], due=left) if left else None


def set_limits(desk: Desk, now: int) -> Work | None:
    """The configuration's limits, when the configuration says something else than it said last."""
    command = due_limits(desk.state, desk.limits, now)
    return None if command is None else Work([command])


def mark_first(desk: Desk, now: int) -> Work | None:
    """Marks without which an account's loss is unknown or that of yesterday."""
    return desk.fresh(due_first(desk.state, desk.board, now))


def mark_by_time(desk: Desk, now: int) -> Work | None:
    """Marks of the interval, and trips."""
    return desk.fresh(due_by_time(desk.state, desk.board, now))


def trip(desk: Desk, now: int) -> Work | None:
    """Strategies that were executed too often in a row, and live accounts after a step of the ledger's clock."""
    return desk.fresh([*due_repeats(desk.state, now), *due_steps(desk.state, now)])


def expire(desk: Desk, now: int) -> Work | None:
    """Limits that were set for a while."""
    return desk.fresh(due_expiries(desk.state, now))


def close(desk: Desk, now: int) -> Work | None:
    """The orders that close what people want closed."""
    return desk.fresh(due_closes(desk.state, now))


def count(desk: Desk, now: int) -> Work | None:
    """The counts, so that a restart forgets none."""
    return desk.fresh(due_counts(desk.state, now))


def warn(desk: Desk, now: int) -> Work | None:
    """Use that nears a limit."""
    return desk.fresh(due_warnings(desk.state, now))


def lapse(desk: Desk, now: int) -> Work | None:
    """Approvals that nobody sent and held orders that nobody approved."""
    return desk.fresh(due_lapses(desk.state, now))


def replace(desk: Desk, now: int) -> Work | None:
    """New terms that somebody asked for, one order at a time: the next is measured with what came of this."""
    if not desk.state.limited:
        return None
    command = decide_replacement(desk.state, desk.board, now)
    return None if command is None else Work([command])


def decide(desk: Desk, now: int) -> Work | None:
    """The orders that were requested and not decided, once there are limits to measure them against."""
    if not desk.state.orders.requested or not desk.state.limited:
        return None
    faults.point("risk.before_decide")
    waiting, held_back = desk.patience.at(now), desk.state.held_back()
    if held_back:
        held_back.update(each for each in desk.state.orders.requested if each in waiting)
    decided = decide_requested(desk.state, desk.board, now, waiting=held_back or waiting)
    return Work([each.command for each in decided], decided=decided) if decided else None


Handler = Callable[[Desk, int], Work | None]

HANDLERS: tuple[tuple[Handler, bool], ...] = (
    (set_limits, False),
    (mark_first, False),
    (close, False),
    (trip, True),
    (expire, True),
    (mark_by_time, True),
    (lapse, True),
    (warn, True),
    (count, True),
    (replace, False),
    (decide, False),
)
"""Each handler, and whether it depends on time alone."""
