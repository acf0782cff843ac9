"""A running system stays in hand while the settings' file in the folder is wrong, and says so when told to read it."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from signal import SIGHUP

import pytest

from tests.e2e.cli.system import Said, Up, started_up, tradewire
from tradewire_cli.exits import Exit

WRONG = "[risk]\nmax_order_value = 0\n"
_LIMIT_SECONDS = 20.0


@pytest.fixture(scope="module")
def up(data: Path) -> Iterator[Up]:
    """A system that was started with settings of its own, in a folder whose settings are wrong since."""
    with started_up(data, '[accounts.paper]\ncurrency = "EUR"\n', "mine.toml") as system:
        (data / "tradewire.toml").write_text(WRONG)
        yield system


def warned(said: Said) -> bool:
    """Whether it was done all the same, with the one line that says what is wrong."""
    line = "warning: the configuration is wrong: risk.max_order_value: 0 "
    return said.code == Exit.DONE and said.err.startswith(line) and said.err.count(line) == 1


@pytest.mark.usefixtures("up")
@pytest.mark.parametrize("where", [(), ("--data", "")])
def test_trading_can_be_stopped_and_started_again(data: Path, where: tuple[str, ...]) -> None:
    named = tuple(part or str(data) for part in where)
    assert warned(tradewire(data, "halt", "--reason", "x", *named))
    assert "global is at HALT" in tradewire(data, "status", *named).out
    assert warned(tradewire(data, "resume", "global", "--reason", "x", *named))


@pytest.mark.usefixtures("up")
@pytest.mark.parametrize(
    "command",
    [
        ("pause", "manual", "--reason", "x"),
        ("resume", "strategy.manual", "--reason", "x"),
        ("status",),
        ("limits",),
        ("orders",),
        ("approvals",),
        ("risk", "status"),
        ("flatten", "paper", "--reason", "x"),
        ("send", "buy", "KO", "5", "--price", "60", "--wait"),
        ("check", "--settled"),
        ("keys", "add", "person", "bob"),
        ("events",),
        ("logs", "up"),
    ],
)
def test_every_command_that_finds_what_runs_is_carried_out(data: Path, command: tuple[str, ...]) -> None:
    said = tradewire(data, *command)

    assert warned(said), (said.code, said.out, said.err)
    assert said.out


@pytest.mark.usefixtures("up")
@pytest.mark.parametrize("command", [("up",), ("config", "check"), ("check", "--config", "tradewire.toml")])
def test_what_needs_the_settings_ends_with_2(data: Path, command: tuple[str, ...]) -> None:
    said = tradewire(data, *command)

    assert said.code == Exit.WRONG_USE
    assert said.err.startswith(f"tradewire {command[0]}: risk.max_order_value: 0 ")


def test_settings_that_are_refused_are_said_where_it_runs(data: Path, up: Up) -> None:
    good = (data / "mine.toml").read_text()

    (data / "mine.toml").write_text(WRONG)
    os.kill(up.run.pid, SIGHUP)
    until(up, "\nsettings not reloaded, the old ones stay: risk.max_order_value: 0 ")
    (data / "mine.toml").write_text(good)
    os.kill(up.run.pid, SIGHUP)
    until(up, "\nsettings reloaded\n")

    assert tradewire(data, "status").code == Exit.DONE


def until(up: Up, words: str) -> None:
    end = time.monotonic() + _LIMIT_SECONDS
    while words not in up.said:
        assert time.monotonic() < end, up.said
        time.sleep(0.05)
