"""Kept state: what changed the venue, one JSON line each, applied again at the next start."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Store:
    """An append-only file of changes. Without a path nothing is kept."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._mend(path)
        self._file = path.open("ab") if path is not None else None

    @staticmethod
    def _mend(path: Path) -> None:
        """Cuts a last line that a kill left unfinished: its change was never answered."""
        if path.exists() and (kept := path.read_bytes()) and not kept.endswith(b"\n"):
            path.write_bytes(kept[: kept.rfind(b"\n") + 1])

    def changes(self) -> Iterator[dict[str, Any]]:
        """What was kept, in its order."""
        return iter(()) if self._path is None else changes(self._path)

    def append(self, change: dict[str, Any]) -> None:
        """Keeps one change; it outlives the process from here on."""
        if self._file is not None:
            self._file.write(json.dumps(change, separators=(",", ":")).encode() + b"\n")
            self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def changes(path: Path) -> Iterator[dict[str, Any]]:
    """The changes in a file."""
    for line in path.read_bytes().splitlines():
        yield json.loads(line)
