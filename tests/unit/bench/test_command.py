"""The command line refuses what it cannot measure."""

import pytest
import typer
from bench.__main__ import main
from typer.testing import CliRunner


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "tradewind"], "there is no system 'tradewind'; there are"),
        (["--rates", "100;500"], "is not a list of numbers such as 100,500"),
        (["--rates", "0"], "a rate is from 1 to 10,000 orders a second"),
        (["--orders", "1"], "greater than or equal to 10"),
    ],
)
def test_a_wrong_option_is_named(arguments: list[str], message: str) -> None:
    command = typer.Typer()
    command.command()(main)
    done = CliRunner().invoke(command, arguments, env={"COLUMNS": "200"})
    assert done.exit_code == 2
    assert message in done.output
