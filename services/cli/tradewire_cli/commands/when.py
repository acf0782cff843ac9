"""What `--since` takes: how long ago, a day, or a time with its zone."""

import re
import time
from datetime import date, datetime
from typing import Annotated

import typer

from tradewire.domain import times
from tradewire.errors import InvalidValue

SinceOption = Annotated[
    str | None,
    typer.Option("--since", metavar="WHEN", help="How long ago (10m, 4h, 2d), a day (2026-03-09), or a time."),
]
_SPAN = re.compile(r"\A\d+(ms|s|m|h|d)\Z")
_DAY = re.compile(r"\A\d{4}-\d{2}-\d{2}\Z")


def now() -> int:
    """Now, in microseconds since the epoch."""
    return time.time_ns() // 1_000


def since(text: str | None) -> int | None:
    """Returns the time that is meant, in microseconds; None where none is. A day begins where the reader is.

    Raises:
        InvalidValue: for anything else, an empty text included.
    """
    if text is None:
        return None
    if _SPAN.match(text):
        return now() - times.duration(text)
    if _DAY.match(text):
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise InvalidValue("TIME_INVALID", f"--since: {text} is no day", "one such as 2026-03-09") from None
        return int(datetime(day.year, day.month, day.day).astimezone().timestamp()) * times.SECOND
    try:
        return times.instant(text)
    except InvalidValue as error:
        raise InvalidValue(error.code, f"--since: {error.message}", "10m, 4h, 2d, 2026-03-09, or a time") from None
