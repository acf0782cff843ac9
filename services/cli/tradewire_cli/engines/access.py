"""Whether this user may use a data folder, and the line that mends it: mounted folders often belong to others."""

import os
import stat
from pathlib import Path
from shlex import quote

from tradewire.errors import ConfigError

_MOUNTED = "in a container: on the host, with the folder that is mounted there"


def require_writable(path: Path) -> None:
    """Raises ConfigError, with the user's number and the command that mends it, unless this user may write in `path`.

    A folder that is not there is made by the caller, so the nearest one above it counts then.
    """
    if path.is_dir():
        if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
            raise ConfigError(str(path), *_mended(path))
        return
    above = next(folder for folder in path.parents if folder.exists())
    if above.is_dir() and not os.access(above, os.W_OK | os.X_OK):
        owner = f"{os.geteuid()}:{os.getegid()}"
        problem = f"is not there, and user {os.geteuid()} cannot make it in {above}"
        made = f"sudo install -d -m 0700 -o {os.geteuid()} -g {os.getegid()} {quote(str(path))}"
        raise ConfigError(
            str(path), problem, f"Make it for {owner}: {made} ({_MOUNTED}), or choose another with --data"
        )


def given_away(path: Path) -> str:
    """The command that gives a folder and all in it to this user."""
    return f"sudo chown -R {os.geteuid()}:{os.getegid()} {quote(str(path))} ({_MOUNTED})"


def _mended(path: Path) -> tuple[str, str]:
    """What is wrong with a folder that is there, and the fix."""
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        return (
            "is on a read-only file system",
            "Mount it for writing (a container: a volume, as in -v tradewire:/data), or choose another with --data",
        )
    found = path.stat()
    problem = (
        f"user {os.geteuid()} cannot write it: it belongs to {found.st_uid}:{found.st_gid}, "
        f"mode {stat.S_IMODE(found.st_mode):04o}"
    )
    if found.st_uid == os.geteuid():
        return problem, f"Open it with: chmod u+rwx {quote(str(path))}"
    return problem, f"Give it to that user: {given_away(path)}, or choose another with --data"
