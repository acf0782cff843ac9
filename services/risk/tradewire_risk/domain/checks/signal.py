"""Is the signal the first of its kind, and of our time."""

from tradewire.domain.times import span_text
from tradewire_risk.domain.check_input import MISSING, PASSED, CheckInput, Outcome


def not_duplicate(i: CheckInput) -> Outcome:
    """No equal order of another signal was requested within the window before or after this one, and approved."""
    window = i.rules.bounds.duplicate_window
    if window is None:
        return MISSING
    if i.duplicate_age is None:
        return ("", window.text, True)
    return (span_text(i.duplicate_age), window.text, abs(i.duplicate_age) >= window.micros)


def not_stale(i: CheckInput) -> Outcome:
    """The signal is no older than allowed. A signal without a time is as old as its request.

    Of an order that a person has granted, it counts how old the signal was when it came: the person knows how long it
    has waited since, and its own last time still holds.
    """
    limit = i.rules.bounds.max_signal_age
    if limit is None:
        return MISSING
    age = (i.order.requested_at if i.order.granted_by else i.now) - _time(i)
    return (span_text(age), limit.text, age <= limit.micros)


def not_from_future(i: CheckInput) -> Outcome:
    """The signal's time lies no further ahead than clocks may differ."""
    limit = i.rules.bounds.max_signal_ahead
    if limit is None:
        return MISSING
    ahead = _time(i) - i.now
    return (span_text(max(ahead, 0)), limit.text, ahead <= limit.micros)


def still_valid(i: CheckInput) -> Outcome:
    """The time that the signal gave as its last has not passed."""
    until = i.order.valid_until
    if until is None:
        return PASSED
    return (span_text(i.now - until), "0s", i.now <= until)


def _time(i: CheckInput) -> int:
    return i.order.requested_at if i.order.signal_time is None else i.order.signal_time
