"""What services that are ready want people to know, said on the terminal once each time that it is news."""

import asyncio
from collections.abc import Sequence
from typing import Final

from tradewire_cli.up.board import Board
from tradewire_cli.up.process import ServiceProcess

_LOOK_SECONDS: Final = 3.0


async def tell_notes(services: Sequence[ServiceProcess], board: Board) -> None:
    """Asks every service for its notes, now and every few seconds, until it is cancelled."""
    told: dict[str, dict[str, str]] = {}
    while True:
        for service in services:
            notes = await service.notes()
            if notes is None:
                continue
            for part, note in notes.items():
                if told.get(service.name, {}).get(part) != note:
                    board.line(f"{service.name}: {note}")
            for part in told.get(service.name, {}).keys() - notes.keys():
                board.line(f"{service.name}: no longer so: {told[service.name][part]}")
            told[service.name] = notes
        await asyncio.sleep(_LOOK_SECONDS)
