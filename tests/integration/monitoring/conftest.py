from pathlib import Path

import pytest

from tests.deploy.prometheus import MissingError, folder


@pytest.fixture(scope="session")
def tools() -> Path:
    """The folder of prometheus and promtool."""
    try:
        return folder()
    except MissingError as missing:
        pytest.skip(str(missing))
