"""What can be measured (`System`) and what a measurement gives (`Result`)."""

from pathlib import Path
from typing import Protocol

from msgspec import Struct

from tradewire_cli.engines.testing import Engines


class ResultError(Exception):
    """A run that did not end with exactly what it should have: its figures are worth nothing."""


class Latency(Struct, frozen=True):
    """From an order's scheduled send time to its broker call, in milliseconds."""

    p50: float
    p99: float


class Result(Struct, frozen=True):
    """One run of one system."""

    orders: int
    rate: float | None
    """Orders a second asked for; None for as fast as they go."""
    rows: int
    """Rows that the run added to Postgres; checked against what it had to add."""
    seconds: float
    """From the first publish to the commit of the last fill's row."""
    latency: Latency | None
    """Only at a given rate: saturated, it would measure the length of the queue."""
    cpu: dict[str, float]
    """CPU µs per order by process: the roles, `nats` and `postgres`."""
    postgres_bytes: float
    """Bytes per order in Postgres: tables, indexes and TOAST, without the write-ahead log."""

    @property
    def orders_per_second(self) -> float:
        """From first publish to last commit."""
        return self.orders / self.seconds

    @property
    def cpu_total(self) -> float:
        """CPU µs per order of all processes together."""
        return sum(self.cpu.values())


class System(Protocol):
    """A system under measurement, started on running engines, run several times, stopped."""

    async def start(self, engines: Engines, workdir: Path) -> None:
        """Starts the system's processes; logs go to `workdir`. When it returns, the system takes orders."""
        ...

    async def run(self, rate: float | None, orders: int) -> Result:
        """Sends `orders` orders and waits until they are all filled. Raises ResultError, or RoleError."""
        ...

    async def stop(self) -> None:
        """Ends the system's processes and removes what it made on the engines."""
        ...
