"""The demo's prices: what is in the file, when a day closes, and that nothing of the package is imported."""

import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tradewire.errors import ConfigError
from tradewire_cli.replay.prices import SYMBOLS, Day, load_days

D = Decimal


def test_every_day_of_thirteen_years_is_there_in_order() -> None:
    days = load_days()

    assert (len(days), sum(len(day.closes) for day in days)) == (3270, 12_154)
    assert [day.date for day in days] == sorted({day.date for day in days})
    assert days[0] == Day(date(2000, 3, 1), {"AAPL": D("130.31"), "IBM": D("100.25"), "MSFT": D("90.81")})
    assert days[-1].date == date(2013, 3, 1)
    assert tuple(days[-1].closes) == SYMBOLS
    assert days[-1].closes["GOOG"] == D("806.19")


@pytest.mark.parametrize(
    ("day", "close"),
    [
        (date(2000, 3, 1), datetime(2000, 3, 1, 21, tzinfo=UTC)),
        (date(2000, 7, 3), datetime(2000, 7, 3, 20, tzinfo=UTC)),
        (date(2007, 3, 12), datetime(2007, 3, 12, 20, tzinfo=UTC)),  # summer time began three weeks earlier that year
    ],
)
def test_a_day_closes_at_four_in_new_york(day: date, close: datetime) -> None:
    assert Day(day, {}).at == close.timestamp() * 1_000_000


def test_symbols_can_be_chosen_and_an_unknown_one_is_named() -> None:
    days = load_days(["FB"])

    assert (len(days), days[0]) == (196, Day(date(2012, 5, 18), {"FB": D("38.2318")}))
    with pytest.raises(ConfigError, match="no prices for TSLA"):
        load_days(["FB", "TSLA"])


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_the_package_is_read_but_not_imported() -> None:
    imported = run(
        "import sys; from tradewire_cli.replay.prices import load_days; load_days();"
        "print([name for name in ('bokeh_sampledata', 'pandas', 'bokeh') if name in sys.modules])"
    )

    assert imported == "[]"


def test_without_the_package_the_error_says_what_to_install() -> None:
    message = run(
        "import sys; sys.modules['bokeh_sampledata'] = None\n"
        "from tradewire_cli.replay.prices import load_days\n"
        "try: load_days()\n"
        "except Exception as error: print(type(error).__name__, error)"
    )

    assert message.startswith("ConfigError bokeh-sampledata: the package with the prices of the demo is not installed.")
    assert message.endswith("Install it with `pip install --no-deps bokeh-sampledata`")
