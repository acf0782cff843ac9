"""What the command line does while nothing runs, and over a stop and a new start."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.cli.system import Up, tradewire
from tradewire_cli.engines.testing import reachable_folder
from tradewire_cli.exits import Exit


@pytest.fixture
def folder() -> Iterator[Path]:
    with reachable_folder() as made:
        yield made


@pytest.mark.parametrize("command", [("orders",), ("status",), ("halt",), ("send", "buy", "AAPL", "1")])
def test_nothing_runs_is_4_and_one_line(tmp_path: Path, command: tuple[str, ...]) -> None:
    said = tradewire(tmp_path, *command)

    assert said.code == Exit.NOT_RUNNING
    assert said.err == (
        f"tradewire {command[0]}: nothing runs in {tmp_path}; "
        "start it with `tradewire up`, or name its folder with --data\n"
    )


def test_a_bad_setting_is_2_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "tradewire.toml").write_text("[paper]\nstarting_cash = -1\nsede = 3\n")

    for command in ("up", "config"):
        said = tradewire(tmp_path, *((command, "check") if command == "config" else (command,)))
        assert said.code == Exit.WRONG_USE
        assert said.err.startswith(f"tradewire {command}: paper.sede: is not a setting. Did you mean seed?")


@pytest.mark.parametrize(
    ("given", "mode", "said"),
    [
        (
            'url_override = "https://api.alpaca.markets"',
            0o600,
            "accounts.main.url_override: is Alpaca's live environment, and environment says paper. "
            'Leave it out, or write environment = "live".',
        ),
        ("", 0o644, "accounts.main.api_key_file: {key} can be read by everybody. Run: chmod o-r {key}"),
    ],
)
def test_keys_that_are_for_nobody_to_use_so_are_2_before_anything_starts(
    tmp_path: Path, given: str, mode: int, said: str
) -> None:
    key = tmp_path / "key"
    key.write_text("PK-of-paper\n")
    key.chmod(mode)
    account = f'broker = "alpaca"\nenvironment = "paper"\napi_key_file = "{key}"\n{given}\n'
    whole = f'default_account = "main"\n[router]\naccount = "main"\n[accounts.main]\n{account}'
    (tmp_path / "tradewire.toml").write_text(whole)

    up = tradewire(tmp_path, "up", more={"ALPACA_API_SECRET": "secret"})

    assert up.code == Exit.WRONG_USE
    assert up.err == f"tradewire up: {said.format(key=key)}\n"
    assert "starting" not in up.out


def test_what_was_traded_is_there_after_a_stop_and_a_new_stream(folder: Path) -> None:
    first = Up(folder)
    try:
        first.wait_up()
        sent = tradewire(folder, "send", "buy", "AAPL", "2", "--price", "187.25", "--wait", "--json")
        assert sent.code == Exit.DONE, sent.err
        busy = tradewire(folder, "ledger", "reset-stream", "--confirm", "LOG_main")
        assert busy.code == Exit.WRONG_USE
        assert "is in use by another tradewire up" in busy.err
        assert first.stop() == 0
    finally:
        first.kill()

    assert tradewire(folder, "check", "--settled").code == Exit.DONE
    assert "stopped" in tradewire(folder, "logs", "up").out
    assert tradewire(folder, "ledger", "reset-stream", given="LOG_nope\n").code == Exit.WRONG_USE
    assert tradewire(folder, "ledger", "reset-stream", given="LOG_main\n").out == (
        "LOG_main is gone; `tradewire up` makes it again\n"
    )

    second = Up(folder)
    try:
        second.wait_up()
        assert tradewire(folder, "status").code == Exit.DONE
        [order] = tradewire(folder, "orders", "--json").json["orders"]
        assert order["order"] == sent.json["order"]["order"]
        assert tradewire(folder, "send", "close", "AAPL", "--price", "190", "--wait").code == Exit.DONE
    finally:
        second.stop()
        second.kill()
