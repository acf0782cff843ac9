"""What a run cost: CPU by process, and bytes in Postgres."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from statistics import quantiles

import asyncpg
import psutil

from bench.system import Latency

_TABLE_BYTES = """
select coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'm') and n.nspname not in ('pg_catalog', 'information_schema')
"""


class CpuMeter:
    """CPU time of processes by name, their children included (Postgres's backends, a supervisor's services)."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._roots = {name: psutil.Process(pid) for name, pid in pids.items()}
        self._before = self._read()

    def start(self) -> None:
        """Measures from here on."""
        self._before = self._read()

    def microseconds(self) -> dict[str, float]:
        """CPU µs by name since `start`; the kernel counts in steps of 10 ms."""
        return {name: (now - self._before[name]) * 1e6 for name, now in self._read().items()}

    def _read(self) -> dict[str, float]:
        return {name: _tree_seconds(root) for name, root in self._roots.items()}


def _tree_seconds(root: psutil.Process) -> float:
    times = root.cpu_times()
    # A child that has ended is in its parent's `children_…`, so the sum never falls.
    seconds = times.user + times.system + times.children_user + times.children_system
    for child in root.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            part = child.cpu_times()
            seconds += part.user + part.system + part.children_user + part.children_system
    return float(seconds)


async def table_bytes(dsn: str) -> int:
    """The size of all tables of a database with their indexes and TOAST, in bytes."""
    connection = await asyncpg.connect(dsn)
    try:
        return int(await connection.fetchval(_TABLE_BYTES))
    finally:
        await connection.close()


def latency_of(calls: Sequence[int], first: int, rate: float) -> Latency:
    """The latency of orders that were due at `rate` a second from `first` on, and reached the broker at `calls`.

    Times are nanoseconds of the monotonic clock. An order that was sent late counts from when it was due.
    """
    waited = [(call - first) / 1e6 - number * 1e3 / rate for number, call in enumerate(calls)]
    return Latency(p50=percentile(waited, 50), p99=percentile(waited, 99))


def percentile(values: Sequence[float], percent: int) -> float:
    """A percentile of at least two values, interpolated between the neighbours."""
    return quantiles(values, n=100, method="inclusive")[percent - 1]
