"""What is found while the settings are wrong: the data folder, and one warning."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tradewire.errors import ConfigError
from tradewire_cli import finding
from tradewire_cli.client import place_of
from tradewire_cli.exits import Exit, Failed

WRONG = "[risk]\nmax_order_value = 0\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with nobody's settings, in which nothing was warned of."""
    for name in ("TRADEWIRE_CONFIG", "TRADEWIRE_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    finding._warn.cache_clear()
    yield tmp_path
    finding._warn.cache_clear()


def write(text: str) -> None:
    Path(finding._HERE).write_text(text)


def test_wrong_settings_are_one_line_however_often_they_are_looked_for(capsys: pytest.CaptureFixture[str]) -> None:
    write(WRONG)

    assert finding.settings_if_right() is finding.settings_if_right() is None
    assert finding.folder_of(None).path == Path.cwd() / "data"

    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("warning: the configuration is wrong: risk.max_order_value: 0 ")
    assert err.endswith("; `tradewire config check` tells more\n")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "text",
    [
        f'data = "elsewhere"\n{WRONG}',
        'data = "elsewhere"\nshard = "Main"\n',
        'data = "elsewhere"\n[risk]\nmax_order_value = \n',
    ],
)
def test_the_data_folder_is_known_although_the_rest_is_wrong(text: str) -> None:
    write(text)

    assert finding.folder_of(None).path == Path.cwd() / "elsewhere"


@pytest.mark.parametrize("text", ["data = \n", "data = 5\n", 'data = ""\nshard = "Main"\n'])
def test_without_a_readable_data_folder_it_is_the_usual_one(text: str) -> None:
    write(text)

    assert finding.folder_of(None).path == Path.cwd() / "data"


def test_the_environment_names_the_data_folder_before_the_file(monkeypatch: pytest.MonkeyPatch, here: Path) -> None:
    write(f'data = "elsewhere"\n{WRONG}')
    monkeypatch.setenv("TRADEWIRE_DATA", "/from/here")
    assert finding.folder_of(None).path == Path("/from/here")

    monkeypatch.delenv("TRADEWIRE_DATA")
    monkeypatch.setenv("TRADEWIRE_CONFIG", str(here / "nowhere.toml"))
    assert finding.folder_of(None).path == here / "data"


def test_a_file_that_a_person_names_must_be_right(here: Path) -> None:
    write(WRONG)

    with pytest.raises(ConfigError):
        finding.folder_of(None, here / "tradewire.toml")
    assert finding.folder_of(here, here / "tradewire.toml").path == here


def test_settings_that_are_right_are_said_nothing_of(capsys: pytest.CaptureFixture[str]) -> None:
    write('data = "elsewhere"\n')

    assert finding.folder_of(None).path == Path.cwd() / "elsewhere"
    assert finding.settings_if_right() is not None
    assert capsys.readouterr().err == ""


def test_nothing_runs_is_said_beside_what_is_wrong(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    write('[nats]\nnkey_file = "seed"\nurll = "nats://elsewhere"\n')

    with pytest.raises(Failed, match="nothing runs in ") as failed:
        place_of(None, "owner")

    assert failed.value.code is Exit.NOT_RUNNING
    assert str(here / "data") in str(failed.value)
    assert "nats.urll: is not a setting" in capsys.readouterr().err
