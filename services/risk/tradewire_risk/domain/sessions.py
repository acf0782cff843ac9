"""When an exchange is open: its sessions in order, and what is known of a time between the first and the last.

What lies outside them is unknown, which is something else than closed.
"""

from bisect import bisect_right
from typing import Literal

from msgspec import Struct

from tradewire.errors import InvalidValue

SessionState = Literal["regular", "extended", "closed"]


class Session(Struct, frozen=True, array_like=True, gc=False):
    """One uninterrupted stretch of regular trading and the extended hours around it, in µs since the epoch.

    Each begins at its first instant and has ended at its last. Where there are no extended hours, both are equal. A
    lunch break parts a day into two.
    """

    open: int
    close: int
    extended_open: int
    extended_close: int


Sessions = tuple[Session, ...]


def checked(sessions: Sessions) -> Sessions:
    """Returns sessions that can be looked at by this module.

    Raises:
        InvalidValue: SESSIONS_INVALID: there are none, one ends before it begins, or two overlap.
    """
    before = 0
    for session in sessions:
        if not before <= session.extended_open <= session.open < session.close <= session.extended_close:
            raise InvalidValue("SESSIONS_INVALID", f"{session} does not follow what is before it", "sessions in order")
        before = session.extended_close
    if not sessions:
        raise InvalidValue("SESSIONS_INVALID", "there are no sessions", "one at least")
    return sessions


def known(sessions: Sessions, now: int) -> bool:
    """Says whether a time lies between the beginning of the first session and the end of the last."""
    return bool(sessions) and sessions[0].extended_open <= now < sessions[-1].extended_close


def state_at(sessions: Sessions, now: int) -> SessionState | None:
    """Says what an exchange does at a time; None where that is not known."""
    if not known(sessions, now):
        return None
    session = _latest(sessions, now)
    if session.open <= now < session.close:
        return "regular"
    return "extended" if now < session.extended_close else "closed"


def next_open(sessions: Sessions, now: int) -> int | None:
    """When regular trading begins the next time after `now`; None where that is not known."""
    if not known(sessions, now):
        return None
    at = bisect_right(sessions, now, key=_open)
    return sessions[at].open if at < len(sessions) else None


def close_of(sessions: Sessions, now: int) -> int | None:
    """When the regular trading of `now` ends; None outside of it, and where that is not known."""
    if state_at(sessions, now) != "regular":
        return None
    return _latest(sessions, now).close


def _latest(sessions: Sessions, now: int) -> Session:
    """The session that began last, its extended hours counted."""
    return sessions[bisect_right(sessions, now, key=_extended_open) - 1]


def _open(session: Session) -> int:
    return session.open


def _extended_open(session: Session) -> int:
    return session.extended_open
