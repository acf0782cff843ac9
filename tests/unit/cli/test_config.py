import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tradewire.errors import ConfigError
from tradewire_cli.commands.config import check
from tradewire_cli.up.options import UpOptions
from tradewire_cli.up.plan import read_settings


def test_every_key_is_shown_with_its_value(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "tradewire.toml"
    path.write_text(
        '[risk]\nmax_order_value = 500\nmin_order_quantity = 0.000000000001\nmax_signal_age = "4d"\n[postgres]\ndsn = "postgresql://u:pass@h/d"\n'
    )

    check(as_json=True, config_path=path)

    keys = json.loads(capsys.readouterr().out)
    assert keys["risk.max_order_value"] == "500"
    assert keys["risk.min_order_quantity"] == "0.000000000001"
    assert keys["risk.max_signal_age"] == "4d"
    assert keys["risk.approval_ttl"] == "30s"
    assert keys["accounts.paper.broker"] == "paper"
    assert keys["postgres.dsn"] == "(set)"


def test_only_what_was_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "tradewire.toml"
    path.write_text('[risk]\nmax_order_value = 500\n[accounts.paper]\n[strategies.momo]\naccount = "paper"\n')

    check(config_path=path, changed=True)

    _, table = capsys.readouterr().out.rsplit("──\n", 1)
    lines = [line.split() for line in table.splitlines()]
    assert lines == [["risk.max_order_value", "500", "10000"], ["strategies.momo.account", "paper"]]


def test_the_keys_of_a_named_section_have_defaults_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "tradewire.toml"
    path.write_text('[accounts.paper]\n[accounts.second]\nday_rolls_at = "17:00"\n[strategies.momo]\nsides = "long"\n')

    check(config_path=path, changed=True)

    _, table = capsys.readouterr().out.rsplit("──\n", 1)
    lines = [line.split() for line in table.splitlines()]
    assert lines == [["accounts.second.day_rolls_at", "17:00", "00:00"], ["strategies.momo.sides", "long", "both"]]


def test_what_is_not_set_is_shown_empty(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "tradewire.toml"
    path.write_text("[strategies.momo]\n")

    check(as_json=True, config_path=path)

    assert json.loads(capsys.readouterr().out)["strategies.momo.max_open_positions"] == ""


def test_a_bad_key_is_named_with_its_fix(tmp_path: Path) -> None:
    path = tmp_path / "tradewire.toml"
    path.write_text("[risk]\nmax_order_valeu = 500\n")

    with pytest.raises(ConfigError, match=r"max_order_valeu.*Did you mean max_order_value"):
        check(config_path=path)


def test_the_settings_of_an_account_at_a_broker_are_checked_by_its_adapter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "tradewire.toml"
    text = '[accounts.paper]\n[accounts.main]\nbroker = "alpaca"\nenvironment = "paper"\n'
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"accounts\.main\.api_key: is missing"):
        check(config_path=path)
    monkeypatch.setenv("ALPACA_API_KEY", "PK-key-of-mine")
    monkeypatch.setenv("ALPACA_API_SECRET", "secret-of-mine")
    check(config_path=path)
    path.write_text(text + 'feeed = "iex"\n')
    with pytest.raises(ConfigError, match="Did you mean feed"):
        check(config_path=path)
    path.write_text(text.replace("alpaca", "alpca"))
    with pytest.raises(ConfigError, match="Did you mean alpaca"):
        check(config_path=path)
    assert "of-mine" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("environment", "key", "said"),
    [
        ("papr", "PKTEST", r'accounts.real.environment: is "papr"\. Write paper or live\.'),
        ("live", "PKTEST", r"accounts.real.api_key: is a key of the paper environment, and environment says live\."),
        ("live", "AKTEST", r"accounts.real.live_sentence: is missing\."),
    ],
)
@pytest.mark.parametrize(
    "read", [lambda path: check(config_path=path), lambda path: read_settings(UpOptions(config=path))]
)
def test_what_is_wrong_in_itself_is_told_before_what_only_live_accounts_lack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: str, key: str, said: str, read: Callable[[Path], Any]
) -> None:
    monkeypatch.setenv("ALPACA_API_KEY", key)
    monkeypatch.setenv("ALPACA_API_SECRET", "guess")
    path = tmp_path / "tradewire.toml"
    path.write_text(
        'default_account = "real"\n[router]\naccount = "real"\n'
        f'[accounts.real]\nbroker = "alpaca"\nenvironment = "{environment}"\n'
    )

    with pytest.raises(ConfigError, match=said):
        read(path)
