"""What the supervisor keeps running: an engine or a service, each started, waited for and stopped in its own way."""

from collections.abc import Callable
from typing import Protocol

from tradewire_cli.engines.child import Child

Say = Callable[[str], None]
"""Tells a person, in a few words, what is going on."""


class Part(Protocol):
    """One process of the system."""

    @property
    def name(self) -> str:
        """Its name in messages, in `run.json` and of its log."""

    @property
    def http(self) -> str:
        """The address where it can be asked how it is."""

    async def start(self) -> Child:
        """Starts the process. Raises TradewireError when that cannot succeed."""

    async def wait_ready(self, child: Child, say: Say) -> None:
        """Returns when it serves. Raises EngineFailed when it ends or hangs before that."""

    async def ailment(self, child: Child) -> str:
        """Why a process that was ready must be started anew although it runs, or nothing. Asked again and again."""

    async def stop(self, child: Child, limit_seconds: float) -> bool:
        """Asks it to end, and kills it after the limit; returns whether asking helped."""


def silent(_: str) -> None:
    """Says nothing."""
