"""A process's time for what it decides: the wall's, or in a replay session that of the quotes.

It does not go back, except where the wall's clock was set back by more than two seconds: it was wrong before, and who
held on to the wrong time would take everything for late until the right one has caught up.
"""

import time
from typing import Literal

STEP_MICROSECONDS = 2_000_000


class Clock:
    """Microseconds since the epoch (UTC). With `quotes` there is no time before the first quote was heard."""

    def __init__(self, kind: Literal["wall", "quotes"]) -> None:
        self.kind = kind
        self._at = 0

    @property
    def started(self) -> bool:
        """False while a replay has not brought its first quote."""
        return self.kind == "wall" or self._at > 0

    def now(self) -> int:
        """The time now; in a replay before its first quote, 0."""
        if self.kind == "wall":
            wall = time.time_ns() // 1_000
            if wall > self._at or self._at - wall > STEP_MICROSECONDS:
                self._at = wall
        return self._at

    def hear(self, at: int) -> None:
        """Follows the time of a quote, where quotes are the clock."""
        if self.kind == "quotes":
            self._at = max(self._at, at)
