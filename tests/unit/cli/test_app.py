import subprocess
import sys
from pathlib import Path

import pytest

from tradewire.errors import ConfigError, InvalidValue, TradewireError, Unavailable
from tradewire.messages.registry import EVENT_TYPES
from tradewire_cli import app, exits
from tradewire_cli.__main__ import main
from tradewire_cli.exits import Exit, Failed


def run(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    out, err = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, out, err


def test_help_lists_every_command_and_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run("--help", capsys=capsys)

    assert code == 0
    for name in app.COMMANDS:
        assert f" {name} " in out
    for each in Exit:
        assert f"{each:d}  {each.meaning.split('`')[0].split(';')[0]}" in out


@pytest.mark.parametrize("name", app.COMMANDS)
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(name, "--help", capsys=capsys)

    assert code == 0
    assert f"tradewire {name}" in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("ordes",), "tradewire ordes: No such command 'ordes'"),
        (("orders", "--opne"), "tradewire orders: No such option: --opne"),
        (("why",), "tradewire why: Missing argument 'ORDER'"),
        (("orders", "--limit", "none"), "tradewire orders: Invalid value for '--limit' / '-n': expected a whole num"),
        (
            ("halt", "--level", "SOFT"),
            "tradewire halt: Invalid value for '--level': 'SOFT' is none; expected reduce_only, halt or kill. See ",
        ),
        (("send", "--timeout", "soon"), "tradewire send: Invalid value for '--timeout': expected a number. See "),
        (("send", "--timeout", "0"), "tradewire send: Invalid value for '--timeout': expected 0.1 or more. See "),
        (("risk", "replay", "--limits", "x", "--since", ""), "tradewire risk: --since: is empty; expected a position"),
        (("risk", "replay", "--limits", "x", "--until", ""), "tradewire risk: --until: is empty; expected a position"),
        (
            ("risk", "replay", "--limits", "x", "--since", "300", "--until", "200"),
            "tradewire risk: --since lies behind --until",
        ),
        (
            ("risk", "replay", "--limits", "x", "--since", "2026-03-10", "--until", "2026-03-09"),
            "tradewire risk: --since lies behind --until",
        ),
        (("orders", "--limit", "0"), "tradewire orders: Invalid value for '--limit' / '-n': expected 1 or more. See "),
        (("cancel",), "tradewire cancel: say what to cancel"),
        (("pause", "momo"), "tradewire pause: Missing option '--reason'"),
        (("resume", "global"), "tradewire resume: Missing option '--reason'"),
        (("flatten", "paper"), "tradewire flatten: Missing option '--reason'"),
        (("deny", "abcd"), "tradewire deny: Missing option '--reason'"),
        (("approve",), "tradewire approve: Missing argument 'ORDER'"),
        (("limits", "set", "global", "max_order_value=5"), "tradewire limits: Missing option '--reason'"),
        (("limits", "set", "global", "--reason", "x"), "tradewire limits: Missing argument 'NAME=VALUE"),
        (
            ("limits", "set", "global", "max_order_value", "--reason", "x"),
            "tradewire limits: 'max_order_value' changes",
        ),
        (
            ("limits", "--as", "bob", "agree", "global"),
            "tradewire limits: write the options after `tradewire limits agr",
        ),
        (("orders", "--since", "soon"), "tradewire orders: --since"),
        (("positions", "--price", "AAPL"), "tradewire positions: --price"),
        (("orders", "-n", "none"), "tradewire orders: Invalid value for '--limit'"),
        (("fills", "-n", "0"), "tradewire fills: Invalid value for '--limit'"),
        (("events", "-n", "-1"), "tradewire events: Invalid value for '--limit'"),
        (("events", "--type", "Nope"), 'tradewire events: --type: no event is of the type "Nope". There are Account'),
        (("events", "--type", "filled"), 'tradewire events: --type: no event is of the type "filled". Did you mean Or'),
        (("send", "buy", "AAPL", "-5"), "tradewire send: quantity: -5 is a negative number; expected more than zero"),
        (("send", "buy", "AAPL", "-0.25"), "tradewire send: quantity: -0.25 is a negative number"),
        (("send", "buy", "AAPL", "--wiat", "-5"), "tradewire send: No such option: --wiat"),
        (("why", "-5"), "tradewire why: No such option: -5"),
    ],
)
def test_wrong_use_is_one_line_and_2(arguments: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(*arguments, capsys=capsys)

    assert code == Exit.WRONG_USE
    assert out == ""
    assert err.startswith(says)
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Failed(Exit.NOT_RUNNING, "no"), Exit.NOT_RUNNING),
        (ConfigError("shard", "is odd", "Mend it"), Exit.WRONG_USE),
        (InvalidValue("NAME_INVALID", "odd", "a name"), Exit.WRONG_USE),
        (Unavailable("nobody answers"), Exit.UNKNOWN),
        (TradewireError("no"), Exit.REFUSED),
    ],
)
def test_errors_lead_to_their_codes(error: TradewireError, code: Exit) -> None:
    assert exits.code_of(error) is code


def test_a_command_imports_only_what_it_needs() -> None:
    program = (
        "import sys; from tradewire_cli import app; app.make(['orders']);"
        "print(*sorted(m for m in sys.modules if m.startswith('tradewire_cli.commands.')))"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    loaded = {name.rsplit(".", 1)[1] for name in done.stdout.split()}
    assert "orders" in loaded
    assert loaded & {row.where.partition(":")[0] for row in app.COMMANDS.values()} == {"orders"}


def test_a_type_of_event_that_there_is_not_is_answered_with_all_that_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, _, err = run("events", "--type", "orderfiled", capsys=capsys)

    assert "Did you mean OrderFilled or " in err
    assert set(EVENT_TYPES) <= set(err.rstrip().replace(",", "").split())


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_reader_who_goes_away_is_no_error(tmp_path: Path, form: tuple[str, ...]) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "risk.log").write_text("said\n" * 20_000)
    program = [sys.executable, "-m", "tradewire_cli", "logs", "--data", str(tmp_path), "-n", "20000", *form]

    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as writing:
        assert writing.stdout is not None
        assert writing.stderr is not None
        writing.stdout.readline()
        writing.stdout.close()
        said = writing.stderr.read()

    assert (writing.returncode, said) == (Exit.DONE, b"")
