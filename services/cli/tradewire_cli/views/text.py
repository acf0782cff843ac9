"""Numbers, times and ids as people read them."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from decimal import ROUND_HALF_EVEN, Context, Decimal

from rich.text import Text

from tradewire.domain import times
from tradewire.errors import InvalidValue

NOTHING = "–"
"""What stands where there is no value, which is not zero."""
NO_END = "no end"
"""What stands for a time so far away that no calendar has it."""

_ID_LENGTH = 8
_PRICE_DIGITS = 2
_PRICE_DIGITS_MAX = 8
_UNITS = (("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000))
_DECIMALS = re.compile(r"-?[0-9]+\.[0-9]+")
_WIDE = Context(prec=60, rounding=ROUND_HALF_EVEN)


def quantity(value: Decimal | None) -> str:
    """A quantity, without needless zeros: 1,500 or 0.25."""
    if value is None:
        return NOTHING
    return f"{value.normalize(_WIDE):,f}"


def trimmed(written: str) -> str:
    """A number as it was written, without needless zeros; any other words as they are."""
    return written.rstrip("0").rstrip(".") if _DECIMALS.fullmatch(written) else written


def price(value: Decimal | None) -> str:
    """A price, with all its digits and at least two after the point; a mean of prices, at most eight."""
    if value is None:
        return NOTHING
    exponent = value.normalize(_WIDE).as_tuple().exponent
    digits = min(max(-exponent if isinstance(exponent, int) else 0, _PRICE_DIGITS), _PRICE_DIGITS_MAX)
    return f"{value.quantize(Decimal(1).scaleb(-digits), context=_WIDE):,f}"


def mean(value: Decimal | None) -> str:
    """A mean price, rounded to four digits after the point, or to eight below 1."""
    if value is None:
        return NOTHING
    digits = 4 if abs(value) >= 1 else _PRICE_DIGITS_MAX
    return price(value.quantize(Decimal(1).scaleb(-digits), context=_WIDE))


def money(value: Decimal | None) -> str:
    """An amount of money, rounded to two digits after the point."""
    return NOTHING if value is None else f"{value.quantize(Decimal('0.01'), context=_WIDE):,f}"


def result(value: Decimal | None) -> Text:
    """A profit or loss, signed and coloured."""
    if value is None:
        return Text(NOTHING)
    rounded = value.quantize(Decimal("0.01"), context=_WIDE)
    style = "green" if rounded > 0 else "red" if rounded < 0 else ""
    return Text(f"{rounded:+,f}" if rounded else "0.00", style)


def local(microseconds: int, zone: tzinfo | None = None) -> datetime:
    """A time in the zone of whoever reads it, or in the one given.

    Raises:
        ValueError: no calendar has it, as after the year 9999.
        OverflowError: the same, further away.
    """
    return datetime.fromtimestamp(microseconds / 1_000_000, UTC).astimezone(zone)


def short_time(microseconds: int | None, now: int, zone: tzinfo | None = None) -> str:
    """A time in short: the time of day if it is today, the day and the time if it is this year, else the date.

    One that no calendar has is no end.
    """
    if microseconds is None:
        return NOTHING
    try:
        time, today = local(microseconds, zone), local(now, zone)
    except (ValueError, OverflowError):
        return NO_END
    if time.date() == today.date():
        return f"{time:%H:%M:%S}"
    return f"{time:%b %d %H:%M}" if time.year == today.year else f"{time:%Y-%m-%d %H:%M}"


def micros(time: str) -> int:
    """An ISO 8601 time of our own making as microseconds since the epoch."""
    return int(datetime.fromisoformat(time).timestamp() * 1_000_000)


def exact_time(text: str, now: int, zone: tzinfo | None = None) -> str:
    """The time of an event, to the millisecond; with the date if it was not today. `text` is what the log says."""
    try:
        microseconds = times.instant(text)
    except InvalidValue:
        return text
    time, today = local(microseconds, zone), local(now, zone)
    clock = f"{time:%H:%M:%S}.{time.microsecond // 1000:03d}"
    return clock if time.date() == today.date() else f"{time:%Y-%m-%d} {clock}"


def span(seconds: float) -> str:
    """A span of time in its two largest units, to a tenth of a second at most: 4ms, 12.3s, 2h 1m."""
    step = 0.001 if seconds < 1 else 0.1 if seconds < 60 else 1
    return times.span_text(int(seconds / step + 0.5) * int(step * times.SECOND))


def duration(microseconds: int) -> str:
    """A span as settings write it, in the largest unit that divides it: 30s, 4d."""
    unit, size = next(((unit, size) for unit, size in _UNITS if microseconds % size == 0), ("ms", 1_000))
    return f"{microseconds // size}{unit}" if microseconds else "0s"


def short_ids(ids: Iterable[str | None]) -> dict[str, str]:
    """The beginning of each id, as short as tells it from the others, and at least eight characters."""
    known = sorted({each for each in ids if each})
    found = {}
    for before, each, after in zip(["", *known], known, [*known[1:], ""], strict=False):
        common = max(_common(each, before), _common(each, after))
        found[each] = each[: max(common + 1, _ID_LENGTH)]
    return found


def _common(one: str, other: str) -> int:
    length = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        length += 1
    return length


def words(name: str) -> str:
    """An event type or a status in words: `OrderSubmitStarted` is `submit started`, `partially_filled` two words."""
    spaced = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()
    return spaced.replace("_", " ").removeprefix("order ")
