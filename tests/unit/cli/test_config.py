import json
from pathlib import Path

import pytest

from tradewire.errors import ConfigError
from tradewire_cli.commands.config import check


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
