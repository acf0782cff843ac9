"""Which trading day has ended without a comparison that names it. Pure."""

from datetime import tzinfo

from msgspec import Struct

from tradewire.domain.days import day_of, start_of

_MICROSECOND = 1


class TradingDay(Struct, frozen=True):
    """When an account's days roll: so many minutes after midnight in a zone."""

    zone: tzinfo
    rolls_at: int

    def ended(self, now: int, named: str) -> str:
        """The day that ended last at a time (µs), unless it is `named`, the last that was named; then it is empty.

        At zero, which is before the clock has begun, no day has ended.
        """
        if not now:
            return ""
        today = day_of(now, self.zone, self.rolls_at)
        last = day_of(start_of(today, self.zone, self.rolls_at) - _MICROSECOND, self.zone, self.rolls_at)
        return last if last > named else ""
