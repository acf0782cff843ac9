from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.cli.system import Up, started_up
from tradewire_cli.engines.testing import reachable_folder


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """A data folder for one module's tests."""
    with reachable_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def up(data: Path) -> Iterator[Up]:
    """A running system, shared by the tests of a module."""
    with started_up(data) as system:
        yield system
