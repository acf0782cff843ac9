"""A file of limits for a replay: what it may say, and what is said of one that cannot be read."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from tradewire.errors import ConfigError
from tradewire_cli.demo.session import SETTINGS
from tradewire_cli.other_limits.file import read_limits
from tradewire_cli.other_limits.progress import SlowProgress


def read(tmp_path: Path, text: str) -> dict[str, dict[str, str]]:
    file = tmp_path / "new.toml"
    file.write_text(text)
    return read_limits(file)


def test_limits_are_by_scope_and_written_as_in_the_settings(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        """
        [risk]
        max_position_value = 25_000
        max_gross_exposure = 150.5
        allowed_symbols = ["MSFT", "AAPL"]
        max_price_age = "10s"
        max_drawdown = "none"
        [limits.account.paper]
        max_order_value = 500
        [limits.strategy.momo]
        max_orders_per_day = 3
        [limits.symbol."BTC/USDT"]
        max_order_quantity = 0.0000001
        [limits.broker.alpaca]
        max_open_orders = 7
        """,
    )
    assert found == {
        "global": {
            "max_position_value": "25000",
            "max_gross_exposure": "150.5",
            "allowed_symbols": "MSFT,AAPL",
            "max_price_age": "10s",
            "max_drawdown": "none",
        },
        "account.paper": {"max_order_value": "500"},
        "strategy.momo": {"max_orders_per_day": "3"},
        "symbol.BTC/USDT": {"max_order_quantity": "0.0000001"},
        "broker.alpaca": {"max_open_orders": "7"},
    }


def test_of_whole_settings_only_the_limits_count(tmp_path: Path) -> None:
    found = read(tmp_path, SETTINGS)
    assert found.keys() == {"global"}
    assert found["global"]["max_drawdown"] == "50"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no limit"),
        ("[risk]", "holds no limit"),
        ("[risk", "is not TOML"),
        ("[rsik]\nmax_order_value = 5", "rsik: is no section of limits"),
        ("risk = 5", "risk: is 5, which is no section"),
        ("[risk]\nmax_order_valu = 5", "risk.max_order_valu: is no limit. Did you mean max_order_value?"),
        ("[risk]\nmax_order_value = -5", "risk.max_order_value: -5 is below zero"),
        ("[risk]\nmax_order_value = true", "risk.max_order_value: "),
        ("[risk]\nmax_order_value = 1979-05-27", "risk.max_order_value: "),
        ("[limits.account.paper]\nmax_price_age = 5", "limits.account.paper.max_price_age: "),
        ("[limits.planet.earth]\nmax_order_value = 5", "limits.planet: is no kind of scope"),
        ("[limits.account]\nmax_order_value = 5", "limits.account.max_order_value: is 5, which is no section"),
        (
            "[limits.strategy.momo]\nmax_open_orders = 5",
            "limits.strategy.momo.max_open_orders: max_open_orders has no ",
        ),
        ("[limits.symbol.KO]\nmax_drawdown = 5", "Write global, broker.NAME, account.NAME or strategy.NAME."),
        ("[risk]\nmax_price_age = '0s'", "risk.max_price_age: 0s leaves no time"),
        ("[risk]\nmin_order_value = 6\nmax_order_value = 5", "risk.min_order_value: is above risk.max_order_value"),
        ("[limits.symbol.aapl]\nmax_order_value = 5", 'limits.symbol.aapl: "aapl" names no symbol'),
    ],
)
def test_what_is_wrong_is_named_with_its_key(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError) as error:
        read(tmp_path, text)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: cannot be read"):
        read_limits(tmp_path / "none.toml")


@pytest.mark.parametrize("terminal", [True, False])
def test_a_reading_that_takes_long_says_how_far_it_is(terminal: bool) -> None:
    said, hushed = io.StringIO(), io.StringIO()
    slow = SlowProgress(Console(file=said, width=80, force_terminal=terminal), quiet_seconds=0)
    quick = SlowProgress(Console(file=hushed, width=80, force_terminal=terminal), quiet_seconds=3600)
    for pos in range(1, 501):
        slow.at(pos, 500)
        quick.at(pos, 500)
    slow.stop()
    quick.stop()
    assert "of 500 positions" in said.getvalue()
    assert hushed.getvalue() == ""
    if not terminal:
        assert said.getvalue().count("\n") == 1
