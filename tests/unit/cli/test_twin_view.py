"""What the command of a twin says is right when it is pasted."""

import shlex
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from tests.twins.alpaca.options import Options
from tests.twins.alpaca.reference import assets
from tradewire.setting_reading import load
from tradewire_cli.checkout import checkout, needs
from tradewire_cli.exits import Exit, Failed
from tradewire_cli.twins import KINDS
from tradewire_cli.views.twin import Served, served
from tradewire_router.brokers.alpaca import settings as alpaca

URL = "http://127.0.0.1:4711"


def said(**options: str) -> list[str]:
    out = StringIO()
    twin = Served("alpaca", KINDS["alpaca"], URL, Path("/somewhere"), "rehearsal", True, options)
    Console(file=out, width=80).print(served(twin), soft_wrap=True)
    return out.getvalue().splitlines()


def test_the_settings_are_those_of_an_account_at_the_twin(tmp_path: Path) -> None:
    lines = said()
    first, last = lines.index('default_account = "rehearsal"'), lines.index(f'url_override = "{URL}"')
    (tmp_path / "tradewire.toml").write_text("\n".join(lines[first : last + 1]))
    settings = load(str(tmp_path / "tradewire.toml"), {})
    (export,) = [line for line in lines if line.startswith("export ")]
    keys = dict(word.split("=", 1) for word in shlex.split(export)[1:])
    found = alpaca.read(settings, "rehearsal", keys)
    assert (found.url, found.stream_url) == (URL, "ws://127.0.0.1:4711/stream")
    assert (found.key.reveal(), found.secret.reveal()) == (Options().key, Options().secret)
    assert settings.router.account == "rehearsal"
    assert set(settings.risk.allowed_symbols.split(",")) <= assets().keys()
    assert any(line.endswith("ws://127.0.0.1:4711/stream") for line in lines)


def test_the_keys_are_those_that_were_chosen() -> None:
    (export,) = [line for line in said(key="a key", secret="x") if line.startswith("export ")]
    assert shlex.split(export)[1:] == ["ALPACA_API_KEY=a key", "ALPACA_API_SECRET=x"]


def test_a_checkout_is_found_around_this_folder_and_around_the_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "tests" / "twins").mkdir(parents=True)
    (inside := tmp_path / "deep" / "down").mkdir(parents=True)
    monkeypatch.chdir(inside)
    assert checkout("tests/twins") == tmp_path
    assert (checkout("tests/twins/alpaca") / "tests/twins/alpaca/venue.py").exists()
    for wanted, given, words in (
        ("tests/twins/kraken", None, "part of the repository and of no installed package"),
        ("tests/twins/alpaca", tmp_path, "name a clone of the repository"),
    ):
        with pytest.raises(Failed, match=words) as failed:
            checkout(wanted, given)
        assert failed.value.code == Exit.WRONG_USE


def test_what_a_twin_needs_of_python_is_named() -> None:
    needs(("aiohttp",), "the twin")
    with pytest.raises(Failed, match="the twin needs no_such_module, which this Python lacks"):
        needs(("aiohttp", "no_such_module"), "the twin")
