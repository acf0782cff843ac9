"""Rows of `ledger.event` and `ledger.frame` as the structs of the wire."""

from collections.abc import Sequence
from typing import Any, TypeAlias

from msgspec import Raw

from tradewire.messages.log import Event, Frame

Row: TypeAlias = Any
"""An asyncpg Record, which is typed as no Mapping though it reads like one."""


def event_of(row: Row) -> Event:
    """An event from its row."""
    correlation, causation = row["correlation_id"], row["causation_id"]
    return Event(
        row["pos"],
        row["stream"],
        row["version"],
        str(row["event_id"]),
        row["type"],
        row["schema"],
        row["at"],
        row["time"],
        row["writer"],
        None if correlation is None else str(correlation),
        None if causation is None else str(causation),
        Raw(row["data"]),
    )


def frames_of(log_id: str, epoch: int, frames: Sequence[Row], events: Sequence[Event]) -> list[Frame]:
    """Frames from their rows and the events of their positions, both in order."""
    if not frames:
        return []
    first = frames[0]["first_pos"]
    return [
        Frame(
            log_id,
            epoch,
            row["frame"],
            row["first_pos"],
            row["last_pos"],
            row["hash"].hex(),
            tuple(events[row["first_pos"] - first : row["last_pos"] - first + 1]),
        )
        for row in frames
    ]
