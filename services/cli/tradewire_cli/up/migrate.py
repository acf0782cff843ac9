"""Brings the database's schema up to date before the ledger starts."""

import os
import sys

from tradewire_cli.engines.child import Child
from tradewire_cli.engines.folder import DataFolder
from tradewire_cli.up.supervisor import StartFailed


async def migrate(folder: DataFolder, admin_dsn: str) -> None:
    """Runs the ledger's migrations as the database's owner. Raises StartFailed with what they said if they fail."""
    child = await Child.start(
        "migrate",
        (sys.executable, "-m", "tradewire_ledger", "migrate"),
        log=folder.logs / "migrate.log",
        environment={**os.environ, "TRADEWIRE_POSTGRES_ADMIN_DSN": admin_dsn},
    )
    try:
        code = await child.wait()
    finally:
        if child.exit_code is None:
            await child.stop(2.0)
    if code != 0:
        raise StartFailed(f"the migrations ended with code {code}{child.last_words}", 2 if code == 2 else 1)
