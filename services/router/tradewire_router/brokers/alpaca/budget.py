"""How many requests may still be sent: so many in any minute, and the last of them are for what only reduces.

Pure: times are seconds of the caller's clock. The broker's own count, in its headers, is believed where it is lower.
"""

from collections import deque
from enum import IntEnum

WINDOW_SECONDS = 60.0
PAUSE_SECONDS = 5.0
"""How long nothing is sent after the broker has refused a request and did not say for how long."""


class Urgency(IntEnum):
    """What a request is for; the lower goes first."""

    CANCEL = 0
    SUBMIT = 1
    LOOKUP = 2
    QUESTION = 3
    REPORT = 4


_KEPT = {Urgency.CANCEL: 0.0, Urgency.SUBMIT: 0.1, Urgency.LOOKUP: 0.15, Urgency.QUESTION: 0.2, Urgency.REPORT: 0.4}
"""Which part of the budget each leaves to those that are more urgent."""


class Budget:
    """Counts the requests of one account, whichever thread sends them."""

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._sent: deque[float] = deque()
        self._paused_until = 0.0

    def left(self, urgency: Urgency, now: float) -> int:
        """How many requests may still be sent now that are as urgent as that."""
        self._forget(now)
        return 0 if now < self._paused_until else max(0, self._most(urgency) - len(self._sent))

    def wait(self, urgency: Urgency, now: float) -> float:
        """In how many seconds a request may be sent; 0 for now."""
        self._forget(now)
        if now < self._paused_until:
            return self._paused_until - now
        over = len(self._sent) - self._most(urgency)
        return max(0.001, self._sent[over] + WINDOW_SECONDS - now) if over >= 0 else 0.0

    def take(self, now: float) -> None:
        """A request is sent."""
        self._sent.append(now)

    def heard(self, remaining: int, now: float) -> None:
        """The broker says how many are left; what somebody else has sent counts as sent now."""
        self._forget(now)
        others = self.per_minute - len(self._sent) - remaining
        self._sent.extend(now for _ in range(min(others, self.per_minute)))

    def refused(self, now: float, retry_after: float | None) -> None:
        """The broker takes none for so long."""
        seconds = PAUSE_SECONDS if retry_after is None else min(max(retry_after, 0.1), WINDOW_SECONDS)
        self._paused_until = max(self._paused_until, now + seconds)

    def _most(self, urgency: Urgency) -> int:
        return max(1, self.per_minute - int(self.per_minute * _KEPT[urgency]))

    def _forget(self, now: float) -> None:
        while self._sent and self._sent[0] <= now - WINDOW_SECONDS:
            self._sent.popleft()
