"""Whether a symbol's exchange is open now: by its calendar, by which risk goes, and as its broker says. Pure."""

from tradewire_risk.domain.sessions import Sessions, next_open, state_at
from tradewire_router.brokers.values import Hours
from tradewire_router.doctor.row import Row, none, ok
from tradewire_router.doctor.rows import closed, opening


def market(
    symbol: str, calendar: str, sessions: Sessions, now: int, broker: str = "", told: Hours | None = None
) -> Row:
    """The row of an exchange at a time (µs), with what the broker has told of its hours, if it has."""
    state = state_at(sessions, now)
    says = "" if told is None else f"{broker} says that it is {'open' if told.open else 'closed'}"
    if state is None:
        return none("market", f"{calendar} has no session near today" + (says and f"; {says}"))
    if state != "regular":
        what = "in its extended hours" if state == "extended" else "closed"
        return closed(f"{calendar} is {what}{opening(next_open(sessions, now))}" + (says and f"; {says}"))
    if told is not None and not told.open:
        return closed(f"{calendar} has a session now, and {says}{opening(told.opens_at)}")
    return ok("market", f"{symbol} is traded now, in {calendar}" + (says and f"; {says}"))
