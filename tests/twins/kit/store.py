"""Kept state: what may have changed the venue, one JSON line each, done again at the next start.

What the venue refused or broke off is among it, and is refused again: it may have drawn ids before it was.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.twins.kit.venue import Call, Venue


class KeptError(Exception):
    """What was kept cannot be done again; the words name the file, the line and the cure."""


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

    def restore(self, venue: Venue) -> None:
        """Does all that was kept once more, each at its own time.

        Raises:
            KeptError: a line cannot be read, fails where it did not, or comes out otherwise.
        """
        for number, line in enumerate(self._path.read_bytes().splitlines() if self._path is not None else (), 1):
            try:
                _again(venue, json.loads(line))
            except Exception as error:
                raise KeptError(
                    f"{self._path}, line {number}: this cannot be done again ({error!r}). Start with the "
                    "options that the folder was begun with, or anew: with --fresh, or without this file"
                ) from error

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


def _again(venue: Venue, change: dict[str, Any]) -> None:
    """Does a change once more. Raises what the venue raises, unless it did so then, and ValueError for another end."""
    venue.clock.set(change["at"])
    try:
        if "verb" in change:
            venue.do(change["verb"], change["args"])
            status = None
        else:
            status = venue.handle(Call(**change["call"])).status
    except Exception:
        if "failed" in change:
            return
        raise
    if "failed" in change:
        raise ValueError(f"it succeeds, and it failed then: {change['failed']}")
    if change.get("status", status) != status:
        raise ValueError(f"it is answered with {status}, and it was with {change['status']}")
