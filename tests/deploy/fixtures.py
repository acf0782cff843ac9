"""A fixture for whoever needs Debian's Prometheus."""

from pathlib import Path

import pytest

from tests.deploy.prometheus import MissingError, folder


@pytest.fixture(scope="session")
def tools() -> Path:
    """The folder of prometheus and promtool; skips by the package's name where they cannot be had."""
    try:
        return folder()
    except MissingError as missing:
        pytest.skip(str(missing))
