"""The twin's clock: read once for each frame that comes in, so that the same frames give the same answers."""

import time
from collections.abc import Callable


class Clock:
    """Microseconds since the epoch (UTC), with a skew that a test may set."""

    def __init__(self, source: Callable[[], int] = lambda: time.time_ns() // 1000) -> None:
        self._source = source
        self.skew = 0
        self.now = source()

    def tick(self) -> int:
        """Reads the source; the time stands still until the next tick."""
        self.now = self._source() + self.skew
        return self.now

    def set(self, now: int) -> None:
        """Puts the clock at a recorded time."""
        self.now = now
