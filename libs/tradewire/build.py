"""Which build a process runs. Approvals carry it, and a router sends none that another build has made.

In August 2012 one of Knight Capital's eight servers had been left with old code, and nothing compared them.
"""

import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import tradewire

PACKAGES = ("tradewire", "tradewire_ingest", "tradewire_ledger", "tradewire_risk", "tradewire_router")
_DIGITS = 8


@cache
def build_id() -> str:
    """Returns the environment's TRADEWIRE_BUILD, which an image sets, or else `<version>+<8 hex digits>` of the source.

    The digits are those of `source_digest` over the services that are installed here. It is worked out once a process,
    which has to be at its start: the files may change while it runs.
    """
    given = os.environ.get("TRADEWIRE_BUILD", "").strip()
    return given or f"{tradewire.__version__}+{source_digest(_folders())[:_DIGITS]}"


def source_digest(folders: Iterable[Path]) -> str:
    """Returns the sha256, as hex digits, of the names and contents of all .py files of packages, wherever they lie."""
    digest = hashlib.sha256()
    named = {path.relative_to(folder.parent).as_posix(): path for folder in folders for path in folder.rglob("*.py")}
    for name in sorted(named):
        if "__pycache__" in name:
            continue
        for part in (name.encode(), named[name].read_bytes()):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.hexdigest()


def _folders() -> list[Path]:
    """Where the packages lie that are installed here. They are not imported for it."""
    folders: list[Path] = []
    for name in PACKAGES:
        with suppress(ModuleNotFoundError):  # what a finder may raise instead of finding nothing
            spec = find_spec(name)
            folders += map(Path, (spec.submodule_search_locations if spec else None) or ())
    return folders
