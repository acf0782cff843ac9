"""The system user that Postgres runs as, because Postgres refuses to run as root."""

import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path

from tradewire.errors import ConfigError
from tradewire_cli.engines.child import Account
from tradewire_cli.engines.errors import EngineFailed

ACCOUNT = "tradewire"


def postgres_account() -> Account | None:
    """Returns None when this process is not root: Postgres then runs as the same user.

    As root, returns the system account `tradewire`, which it creates at the first start: without a password, a shell or
    a home. Raises EngineFailed if that is impossible, and ConfigError for a user without a name, as whom Postgres ends.
    """
    if os.geteuid() != 0:
        _require_name(os.geteuid())
        return None
    try:
        entry = pwd.getpwnam(ACCOUNT)
    except KeyError:
        _create()
        entry = pwd.getpwnam(ACCOUNT)
    if entry.pw_uid == 0:
        raise EngineFailed(f"the system account {ACCOUNT} is root: Postgres refuses to run as root")
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def require_reachable(path: Path, account: Account) -> None:
    """Raises EngineFailed, naming the folder and the fix, if a folder above `path` shuts the account out."""
    for folder in reversed(path.resolve().parents):
        found = folder.stat()
        if found.st_uid == account.uid:
            needed = stat.S_IXUSR
        elif found.st_gid == account.gid:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        if not found.st_mode & needed:
            raise EngineFailed(
                f"Postgres may not run as root, and its account {account.name} cannot reach {path}, because {folder} "
                "is closed to it. Choose a data folder (or an environment) elsewhere, such as /var/lib/tradewire, "
                f"run as a plain user, or open the way with: chmod o+x {folder}"
            )


def _require_name(uid: int) -> None:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        raise ConfigError(
            "postgres.dsn",
            f"names no Postgres, and the embedded one does not run as user {uid}, who has no name in /etc/passwd",
            "Run as a user who has one (in the image: leave --user out), or name a server",
        ) from None


def _create() -> None:
    program = shutil.which("useradd") or shutil.which("useradd", path="/usr/sbin:/sbin")
    advice = f"run as a plain user, or create a system account called {ACCOUNT}"
    if program is None:
        raise EngineFailed(f"Postgres may not run as root, and there is no useradd to make an account for it: {advice}")
    options = (
        "--system",
        "--user-group",
        "--no-create-home",
        "--home-dir",
        "/nonexistent",
        "--shell",
        "/usr/sbin/nologin",
    )
    done = subprocess.run([program, *options, ACCOUNT], capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise EngineFailed(f"useradd {ACCOUNT} failed ({done.stderr.strip()}): {advice}")
