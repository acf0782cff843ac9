"""The frame of the matrix knows no broker that has a twin: another one is a line in `brokers.py`, and rows."""

import ast
from pathlib import Path

from tests.chaos.brokers import BROKERS, PAPER, TWINS
from tests.chaos.shape import Shape
from tests.chaos.written import written

CHAOS = Path(__file__).parents[2] / "chaos"
KNOWING = {"brokers.py", "cells.py", "planted/bugs.py", "planted/cases.py"}
"""What is about brokers: their list, the table of their rows, and the bugs in adapters."""


def names(path: Path) -> set[str]:
    """The words of a module's code and texts."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    texts = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    modules = [str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)]
    return {word for text in (*texts, *modules) for word in text.lower().replace(".", " ").replace("/", " ").split()}


def test_only_what_is_about_brokers_names_one() -> None:
    own = {f"{broker}.py" for broker in TWINS} | KNOWING
    frame = {
        str(path.relative_to(CHAOS)): path
        for path in CHAOS.rglob("*.py")
        if str(path.relative_to(CHAOS)) not in own and not path.parent.name.startswith("at_")
    }
    assert len(frame) > 30
    assert {(name, broker) for name, path in frame.items() for broker in TWINS if broker in names(path)} == set()


def test_the_settings_are_those_of_an_account_at_the_broker() -> None:
    assert (PAPER, *TWINS) == BROKERS
    for broker in TWINS:
        text = written(Shape(broker=broker), 'url_override = "http://twin"\n')
        assert (
            f'[accounts.{broker}]\nbroker = "{broker}"\nenvironment = "paper"\nurl_override = "http://twin"\n' in text
        )
        assert (
            f'[router]\ncall_timeout = "1s"\nabsence_grace = "1s"\nreconcile_interval = "2s"\naccount = "{broker}"'
            in text
        )
    assert "[accounts.paper]\n" in written(Shape(), "")
