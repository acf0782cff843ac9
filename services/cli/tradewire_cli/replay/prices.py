"""The daily closes of AAPL, MSFT, IBM, GOOG and FB, March 2000 to March 2013, from the package bokeh-sampledata.

They are the prices of their day, not adjusted for splits: AAPL halves on 2000-06-21 and 2005-02-28, MSFT on 2003-02-18.
The file is found and read, the package is never imported: its code wants libraries that nobody here needs.
"""

import csv
import gzip
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec import Struct

from tradewire.errors import ConfigError

SYMBOLS = ("AAPL", "FB", "GOOG", "IBM", "MSFT")
_PACKAGE = "bokeh_sampledata"
_FILE = Path("_data", "stocks.csv.gz")
_CLOSE = time(16, tzinfo=ZoneInfo("America/New_York"))


class Day(Struct, frozen=True):
    """One trading day: the close of each symbol that traded, in the order of the symbols' names."""

    date: date
    closes: dict[str, Decimal]

    @property
    def at(self) -> int:
        """16:00 in New York on that day, in microseconds since the epoch."""
        return int(datetime.combine(self.date, _CLOSE).astimezone(UTC).timestamp()) * 1_000_000


def load_days(symbols: Iterable[str] = SYMBOLS) -> list[Day]:
    """Reads the trading days of some symbols, oldest first.

    Raises:
        ConfigError: the package is not installed, or has no such symbol.
    """
    wanted = set(symbols)
    closes: dict[date, dict[str, Decimal]] = {}
    with gzip.open(_stocks_file(), "rt", encoding="ascii", newline="") as file:
        for row in csv.DictReader(file):
            if row["Ticker"] in wanted:
                closes.setdefault(date.fromisoformat(row["Date"]), {})[row["Ticker"]] = Decimal(row["Close"])
    if missing := wanted.difference(*closes.values()):
        raise ConfigError("symbols", f"there are no prices for {', '.join(sorted(missing))}", f"Choose from {SYMBOLS}")
    return [Day(day, dict(sorted(closes[day].items()))) for day in sorted(closes)]


def _stocks_file() -> Path:
    spec = find_spec(_PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (file := Path(folder) / _FILE).exists():
            return file
    raise ConfigError(
        "bokeh-sampledata",
        "the package with the prices of the demo is not installed",
        "Install it with `pip install --no-deps bokeh-sampledata`",
    )
