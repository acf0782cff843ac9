"""A day at the exchange: Alpaca's twin, prices that move all day, and one clock for it and for all our processes."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.chaos.clocks import Clock
from tests.twins.kit.remote import Remote, started

NEW_YORK = ZoneInfo("America/New_York")
PRICES = {"AAPL": Decimal(100), "MSFT": Decimal(300), "TSLA": Decimal(200)}
_CENT = Decimal("0.01")
_TICK_SECONDS = 0.25
_CALENDAR = "XNYS"
_FULL_DAY = timedelta(hours=6, minutes=30)
_CLOCK_CODE = Path(__file__).parent / "clock"
_ROOT = Path(__file__).parents[3]


class Exchange:
    """The venue and the time. `day` is the trading day, the next whole one of the calendar."""

    def __init__(self, twin: Remote, clock: Clock) -> None:
        self.twin, self._clock = twin, clock
        self.day = next_day()
        self._closed = threading.Event()

    @property
    def environment(self) -> dict[str, str]:
        """What makes a process go by the day's clock."""
        path = os.pathsep.join(filter(None, (str(_CLOCK_CODE), str(_ROOT), os.environ.get("PYTHONPATH", ""))))
        return {"DAY_CLOCK": str(self._clock.file), "PYTHONPATH": path}

    def now(self) -> datetime:
        """The time of this day in New York."""
        return datetime.fromtimestamp(self._clock.now() / 1e6, NEW_YORK)

    def becomes(self, hour: str) -> None:
        """Sets every clock to a time of this day, which is still to come."""
        moment = datetime.combine(self.day, time.fromisoformat(hour), NEW_YORK)
        ahead = moment - self.now()
        assert ahead > timedelta(0), f"it is {self.now():%H:%M:%S} already"
        self._clock.ahead += ahead // timedelta(microseconds=1)
        self.twin.do("clock", skew_seconds=self._clock.ahead / 1e6)

    def do(self, verb: str, **args: object) -> Any:
        """What the venue's people do."""
        return self.twin.do(verb, **args)

    @contextmanager
    def quoting(self) -> Iterator[None]:
        """Prices move up and down by some cents, all the time."""
        thread = threading.Thread(target=self._quote, name="quotes")
        thread.start()
        try:
            yield
        finally:
            self._closed.set()
            thread.join()

    def _quote(self) -> None:
        number = 0
        while not self._closed.wait(_TICK_SECONDS):
            number += 1
            for symbol, price in PRICES.items():
                bid = price + (number % 7 - 3) * _CENT
                self.twin.do("quote", symbol=symbol, bid=str(bid), ask=str(bid + _CENT))


def next_day() -> date:
    """The date of the next trading day that is not over by noon, by the calendar of the exchange."""
    today = datetime.now(UTC).date()
    span = (today + timedelta(days=1), today + timedelta(days=14))
    program = [sys.executable, "-m", "tradewire_risk.calendars", _CALENDAR, *(each.isoformat() for each in span)]
    found = json.loads(subprocess.run(program, capture_output=True, check=True, text=True).stdout)
    for opens, closes, *_ in found["sessions"]:
        opened = datetime.fromtimestamp(opens / 1e6, NEW_YORK)
        if timedelta(microseconds=closes - opens) == _FULL_DAY and opened.date() > today:
            return opened.date()
    raise AssertionError(f"no whole trading day in {span}")


@contextmanager
def opened(folder: Path, **options: object) -> Iterator[Exchange]:
    """A twin with the prices of all symbols, early in the morning."""
    words = [word for name, value in options.items() for word in ("--option", f"{name}={value}")]
    clock = Clock(folder / "clock")
    try:
        with started("tests.twins.alpaca", folder / "twin", *words) as twin:
            exchange = Exchange(twin, clock)
            exchange.do("session", name="pre")
            with exchange.quoting():
                yield exchange
    finally:
        clock.close()
