"""What holds for every test."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.brokers import summary


def pytest_addoption(parser: pytest.Parser) -> None:
    """Has the contract suite of brokers run on another one."""
    told = "run the contract suite of brokers on the bench of this module alone; it has BROKER and bench(folder)"
    parser.addoption("--bench", metavar="MODULE", help=told)


@pytest.fixture(autouse=True)
def logging_is_left_as_it_was() -> Iterator[None]:
    """A process's logging is set up in processes of their own: a handler that stays would write for later tests."""
    before = list(logging.root.handlers)
    yield
    assert logging.root.handlers == before, "the test has set the logging of the test runner up"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Says of each broker how the contract suite went."""
    if told := summary.lines(terminalreporter.stats):
        terminalreporter.section("contract suite of brokers")
        for line in told:
            terminalreporter.write_line(line)
