"""What holds for every test."""

import logging
from collections.abc import Iterator

import pytest

WORLDS = {"up", "data", "pit", "asked"}
"""Fixtures that all tests of a module share: what one of them leaves behind, the next ones find."""


@pytest.hookimpl(tryfirst=True)  # before the groups are read
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share a world run in one process and in their order."""
    for item in items:
        if isinstance(item, pytest.Function) and WORLDS & set(item.fixturenames):
            item.add_marker(pytest.mark.xdist_group(item.module.__name__))


@pytest.fixture(autouse=True)
def logging_is_left_as_it_was() -> Iterator[None]:
    """A process's logging is set up in processes of their own: a handler that stays would write for later tests."""
    before = list(logging.root.handlers)
    yield
    assert logging.root.handlers == before, "the test has set the logging of the test runner up"
