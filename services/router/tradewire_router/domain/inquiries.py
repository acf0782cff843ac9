"""When which order is asked about, and when its absence is proven. Pure: times are seconds of the caller's clock.

Asking costs a broker's patience, so it slows down while answers bring nothing, and all that is due shares a round. An
order that the broker says to be absent is asked about more often, until it has been absent for the whole grace period.
"""

from collections.abc import Collection

from msgspec import Struct

PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0)
ALERT_SECONDS = 30.0
TOGETHER = 64
"""How many orders are asked about in one round."""
_ROUND_SECONDS = (0.05, 0.2)
_ASKED_WITHIN_GRACE = 4

Attempt = tuple[str, int]
"""An order and which attempt at it."""


class Inquiry(Struct):
    """What asking about one attempt has brought so far."""

    began: float
    next_at: float
    alerted: float
    turn: int = 0
    absent_since: float | None = None


class Inquiries:
    """All attempts whose outcome is asked for."""

    def __init__(self, grace_seconds: float) -> None:
        self._grace = grace_seconds
        self._often = max(grace_seconds / _ASKED_WITHIN_GRACE, _ROUND_SECONDS[0])
        self._round = min(self._often, _ROUND_SECONDS[1])
        self._next_round = 0.0
        self._inquiries: dict[Attempt, Inquiry] = {}

    def keep(self, attempts: Collection[Attempt], now: float) -> list[Attempt]:
        """Forgets all others; returns those of these that are new, and are due at once."""
        before = self._inquiries
        self._inquiries = {each: before.get(each) or Inquiry(now, now, now) for each in attempts}
        return [each for each in attempts if each not in before]

    def due(self, now: float) -> list[Attempt]:
        """Whom to ask about now, those that have waited longest first; nobody until the next round."""
        if now < self._next_round:
            return []
        due = sorted((inquiry.next_at, each) for each, inquiry in self._inquiries.items() if now >= inquiry.next_at)
        if due:
            self._next_round = now + self._round
        return [each for _, each in due[:TOGETHER]]

    def ripe(self, attempt: Attempt, now: float) -> bool:
        """Whether one more absence would complete the proof, so that what costs more is to be asked as well."""
        since = self._inquiries[attempt].absent_since
        return now - (now if since is None else since) >= self._grace

    def note(self, attempt: Attempt, now: float, *, gone: bool) -> bool:
        """Takes an answer; True when the order has been absent, whenever it was asked about, for the grace period."""
        inquiry = self._inquiries[attempt]
        pause = PAUSES[min(inquiry.turn, len(PAUSES) - 1)]
        inquiry.turn += 1
        inquiry.next_at = now + (min(pause, self._often) if gone else pause)
        if not gone:
            inquiry.absent_since = None
            return False
        if inquiry.absent_since is None:
            inquiry.absent_since = now
        return self.ripe(attempt, now)

    def interrupted(self) -> None:
        """The broker was away, and may not have everything again when it is back: proof begins anew."""
        for inquiry in self._inquiries.values():
            inquiry.absent_since = None

    def overdue(self, attempt: Attempt, now: float) -> int | None:
        """For how many seconds an attempt has been asked about; now and then, once that is long."""
        inquiry = self._inquiries[attempt]
        if now - inquiry.alerted <= ALERT_SECONDS:
            return None
        inquiry.alerted = now
        return round(now - inquiry.began)
