"""The sections [strategies.NAME] and the trading day of [accounts.NAME]: what is read, and what is wrong."""

from decimal import Decimal
from pathlib import Path

import pytest

from tradewire.errors import ConfigError
from tradewire.messages.default_size import DefaultSize
from tradewire.messages.signal import Size
from tradewire.setting_reading import load
from tradewire.settings import Settings, Strategy

WHOLE = """
[accounts.paper]
time_zone = "America/New_York"
day_rolls_at = "17:00"

[accounts.second]

[strategies.momo]
account = "second"
accounts = ["paper", "second"]
sides = "long"
windows = ["Mon-Fri 09:30-11:00", "Mon-Fri 15:00-16:00"]
time_zone = "America/New_York"
order_types = ["limit", "stop_limit"]
quantity = "percent_of_equity 5"
max_open_positions = 3
repeat = "reverse"
mode = "approve"
kelly_trades = 50
"""


def read(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "tradewire.toml"
    path.write_text(text)
    return load(str(path), {})


def test_a_whole_profile_is_read(tmp_path: Path) -> None:
    settings = read(tmp_path, WHOLE)

    assert settings.accounts["paper"].day_rolls_at == "17:00"
    assert settings.accounts["second"].day_rolls_at == "00:00"
    assert settings.strategies["momo"] == Strategy(
        account="second",
        accounts=["paper", "second"],
        sides="long",
        windows=["Mon-Fri 09:30-11:00", "Mon-Fri 15:00-16:00"],
        time_zone="America/New_York",
        order_types=["limit", "stop_limit"],
        quantity="percent_of_equity 5",
        max_open_positions=3,
        repeat="reverse",
        mode="approve",
        kelly_trades=50,
    )


def test_an_empty_profile_restricts_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, "[strategies.momo]").strategies["momo"] == Strategy()
    assert Strategy().accounts is Strategy().windows is Strategy().order_types is None
    assert (Strategy().sides, Strategy().repeat, Strategy().mode) == ("both", "add", "auto")
    assert Strategy().kelly_trades == 30


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("signal", None),
        ("quantity 10", DefaultSize("quantity", Decimal(10))),
        ("notional 1000.50", DefaultSize("notional", Decimal("1000.50"))),
        ("percent_of_equity 5", DefaultSize("size", Size(method="percent_of_equity", value=Decimal(5)))),
        ("kelly 0.5", DefaultSize("size", Size(method="kelly", value=Decimal("0.5")))),
    ],
)
def test_the_default_size_of_a_strategy(tmp_path: Path, text: str, size: DefaultSize | None) -> None:
    settings = read(tmp_path, f"[strategies.momo]\nquantity = '{text}'")
    assert settings.size_of("momo") == size
    assert settings.size_of("other") is None


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (
            "accounts = ['nowhere']",
            "strategies.momo.accounts: names no account: nowhere. "
            "Add [accounts.nowhere] or take it off strategies.momo.accounts.",
        ),
        (
            "accounts = ['second']",
            "strategies.momo.account: is not set, and default_account paper is not among strategies.momo.accounts. "
            "Set it to second.",
        ),
        (
            "account = 'paper'\naccounts = ['second', 'third']",
            "strategies.momo.account: is paper, which is not among strategies.momo.accounts. "
            "Set it to second or third.",
        ),
        (
            "sides = 'up'",
            'strategies.momo.sides: is "up", which is none of its words. Write both or long or short or buy or sell.',
        ),
        (
            "repeat = 'twice'",
            'strategies.momo.repeat: is "twice", which is none of its words. Write add or reverse or ignore.',
        ),
        (
            "mode = 'on'",
            'strategies.momo.mode: is "on", which is none of its words. Write auto or approve or off.',
        ),
        (
            "windows = []",
            "strategies.momo.windows: is empty, so that nothing could be traded. "
            "Name at least one, or leave it out to restrict nothing.",
        ),
        (
            "windows = ['Mon-Fri 09:30']",
            'strategies.momo.windows: "Mon-Fri 09:30" is not a window. Write days and hours such as '
            '"Mon-Fri 09:30-16:00", "Sat,Sun 10:00-14:00" or "22:00-06:00".',
        ),
        (
            "windows = ['Mon-Fri 09:30-16:00', 'Mon 10:00-10:00']",
            'strategies.momo.windows: "Mon 10:00-10:00" ends when it begins. '
            "Write another end, or 00:00-24:00 for the whole day.",
        ),
        (
            "windows = 'Mon-Fri 09:30-16:00'",
            'strategies.momo.windows: is "Mon-Fri 09:30-16:00", which is not a list of texts. '
            'Write one such as ["AAPL", "MSFT"].',
        ),
        (
            "time_zone = 'Mars/Phobos'",
            'strategies.momo.time_zone: "Mars/Phobos" is no time zone. Write one such as UTC or America/New_York.',
        ),
        (
            "order_types = ['limit', 'iceberg']",
            'strategies.momo.order_types: "iceberg" is no order type. '
            "Write market, limit, stop, stop_limit or trailing_stop.",
        ),
        (
            "quantity = '10'",
            'strategies.momo.quantity: "10" is not a default size. '
            'Write signal, or quantity, notional, percent_of_equity or kelly and a number, such as "notional 1000".',
        ),
        (
            "quantity = 'percent_of_position 50'",
            'strategies.momo.quantity: "percent_of_position 50" is not a default size. '
            'Write signal, or quantity, notional, percent_of_equity or kelly and a number, such as "notional 1000".',
        ),
        ("quantity = 'notional 0'", "strategies.momo.quantity: 0 is zero. Write more than zero."),
        (
            "quantity = 'notional 1e3'",
            'strategies.momo.quantity: "1e3" has an exponent. Write all digits written out, such as "1000" for 1e3.',
        ),
        (
            "quantity = 'kelly 2'",
            'strategies.momo.quantity: "kelly 2" is too large. Write kelly and at most 1.',
        ),
        (
            "kelly_trades = 0",
            "strategies.momo.kelly_trades: is 0, and from no trade nothing is learned. Set 1 or more.",
        ),
        (
            "max_open_positions = 0",
            "strategies.momo.max_open_positions: is 0, so that nothing could be opened. "
            'Set 1 or more, or mode = "off".',
        ),
        (
            "max_open_positions = 'many'",
            'strategies.momo.max_open_positions: is "many", which is not a whole number. '
            "Write digits alone, such as 10.",
        ),
        ("max_positions = 1", "strategies.momo.max_positions: is not a setting. Did you mean max_open_positions?"),
    ],
)
def test_what_is_wrong_with_a_profile_is_named_with_its_fix(tmp_path: Path, line: str, says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, f"[accounts.paper]\n[accounts.second]\n[accounts.third]\n[strategies.momo]\n{line}")

    assert str(refused.value) == says


@pytest.mark.parametrize("text", ["24:00", "5pm", "17", ""])
def test_a_roll_that_is_no_time_of_day_is_named_with_its_fix(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, f"[accounts.paper]\nday_rolls_at = '{text}'")

    assert str(refused.value) == (
        f'accounts.paper.day_rolls_at: "{text}" is not a time of day. '
        'Write hours and minutes from 00:00 to 23:59, such as "17:00".'
    )
