"""What holds for every test."""

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def logging_is_left_as_it_was() -> Iterator[None]:
    """A process's logging is set up in processes of their own: a handler that stays would write for later tests."""
    before = list(logging.root.handlers)
    yield
    assert logging.root.handlers == before, "the test has set the logging of the test runner up"
