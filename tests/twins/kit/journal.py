"""The journal: every frame in and out, one JSON line each, numbered, with its time and without secrets.

Kinds: `in` and `out` are frames on the wire, `handled` is what the venue made of a frame (its time, the digest of its
answer, and the messages to streams that it brought, each with its digest), `open` and `close` are streams. `armed`,
`disarmed` and `hung_up` are what was done to the wire, and `fault` is a fault that bit. `replay` reads `in` and
`handled`.
"""

import hashlib
import json
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.twins.kit.venue import Push

HIDDEN = "[redacted]"
KEPT_LINES = 20_000


def digest(value: object) -> str:
    """A short name for an answer's content."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def told(push: Push) -> list[str]:
    """A message to streams as the journal has it: what faults are armed on, and its content's digest."""
    return [push.name, digest(push.message)]


def redacted(value: Any, names: frozenset[str]) -> Any:
    """The value with everything under a secret's name hidden, however deep; names are compared in lower case."""
    if isinstance(value, Mapping):
        return {key: HIDDEN if str(key).lower() in names else redacted(inner, names) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(inner, names) for inner in value]
    return value


class Journal:
    """Writes entries to a file when there is one, and keeps the last ones for those who ask."""

    def __init__(self, path: Path | None = None, secret_names: Iterable[str] = ()) -> None:
        self._names = frozenset(name.lower() for name in secret_names)
        self.last: deque[dict[str, Any]] = deque(maxlen=KEPT_LINES)
        self._number = 0
        if path is not None and path.exists():
            self._number = max((entry["n"] for entry in entries(path)), default=0)
        self._file = path.open("a", encoding="utf-8") if path is not None else None

    def write(self, kind: str, **fields: object) -> int:
        """Writes one entry and gives its number."""
        self._number += 1
        entry = redacted({"n": self._number, "at": time.time_ns() // 1000, "kind": kind, **fields}, self._names)
        self.last.append(entry)
        if self._file is not None:
            self._file.write(json.dumps(entry, separators=(",", ":"), default=str) + "\n")
            self._file.flush()
        return self._number

    def after(self, number: int = 0) -> list[dict[str, Any]]:
        """The kept entries with a higher number."""
        return [entry for entry in self.last if entry["n"] > number]

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def entries(path: Path) -> Iterator[dict[str, Any]]:
    """The entries of a journal's file; a last line that a kill cut short is left out."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.endswith("\n"):
                yield json.loads(line)
