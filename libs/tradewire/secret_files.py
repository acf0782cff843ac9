"""Secrets that stand in files, which are not taken where everybody on the machine may read them."""

import os
import stat
from pathlib import Path

from tradewire.errors import ConfigError


class Exposed(ConfigError):  # noqa: N818 - named for what it says
    """A secret can be read by everybody on the machine."""


def read_secret(path: Path, key: str, *, missing: str, empty: str) -> str:
    """Returns what stands in a file, without the white space around it.

    `key` is the setting that an error names; `missing` and `empty` say what to do about such a file.

    Raises:
        Exposed: the file is for everybody to read.
        ConfigError: the file cannot be read, or is empty.
    """
    try:
        with path.open() as file:
            if os.fstat(file.fileno()).st_mode & stat.S_IROTH:
                raise Exposed(key, f"{path} can be read by everybody", f"Run: chmod o-r {path}")
            text = file.read().strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "is not text"
        raise ConfigError(key, f"{path}: {why}", missing) from None
    if not text:
        raise ConfigError(key, f"{path} is empty", empty)
    return text
