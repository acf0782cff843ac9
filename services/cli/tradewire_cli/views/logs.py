"""Lines of logs: the services write JSON, the engines and the supervisor plain text."""

import re
from typing import Any, Final

import msgspec
from msgspec import Struct
from rich.text import Text

from tradewire_cli.views import text

_LEVELS: Final = {"debug": "dim", "info": "", "warning": "yellow", "error": "red", "critical": "bold red"}
_OWN: Final = frozenset({"service", "instance", "event", "level", "timestamp", "exception", "event_id", "trace_id"})
"""What the line's head says, and ids that only programs read: they are in the file, and with --json."""
_SHORTENED: Final = frozenset({"order", "signal"})
_ID_LENGTH: Final = 8
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_STAMP = re.compile(r"\A(\d{4}-\d{2}-\d{2}T[\d:.]+)\+00:00 (.*)", re.DOTALL)


class Line(Struct, frozen=True):
    """A line: which process wrote it, when (RFC 3339 or nothing), how grave it is, and what it says."""

    process: str
    raw: str
    time: str = ""
    level: str = ""
    says: str = ""
    details: str = ""


def read_line(process: str, raw: str) -> Line:
    """Reads a line of a process's log."""
    if stamped := _STAMP.match(raw):
        return Line(process, raw, f"{stamped[1]}Z", says=stamped[2])
    try:
        fields: dict[str, Any] = msgspec.json.decode(raw, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Line(process, raw, says=raw)
    details = "  ".join(f"{name}={_value(name, value)}" for name, value in fields.items() if name not in _OWN)
    if trace := fields.get("exception"):
        details = f"{details}\n{trace}"
    return Line(
        process,
        raw,
        str(fields.get("timestamp", "")),
        str(fields.get("level", "")),
        str(fields.get("event", "")),
        details,
    )


def line(line: Line, now: int, *, named: bool) -> Text:
    """A line for people; `named` says which process it is of."""
    return Text.assemble(
        f"{text.exact_time(line.time, now)}  " if line.time else "",
        (f"{line.process:<10} ", "bold") if named else "",
        (f"{line.level:<8} ", _LEVELS.get(line.level, "")) if line.level else "",
        line.says,
        (f"  {line.details}" if line.details else "", "dim"),
    )


def _value(name: str, value: Any) -> str:
    shown = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    if name in _SHORTENED and _UUID.fullmatch(shown):
        return shown[:_ID_LENGTH]
    return f'"{shown}"' if " " in shown and isinstance(value, str) else shown
