"""Bars of the account's symbols, kept in `<data>/market/<account>.sqlite`: for charts, warm-up and whoever asks.

It is a cache, not a record: what risk measures by is in the log (BarsReported). It is bounded in the rows of a series
and in series; the one that nobody has added to for the longest time goes first. A file that is damaged or of another
form is set aside, and the broker is asked again. Only the holder of the account's lease writes to it.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Final, TypeVar

from tradewire.domain.money import plain
from tradewire.messages.account_events import Bar
from tradewire.messages.vocabulary import Timeframe
from tradewire.runtime.logs import Log

KEPT: Final[dict[Timeframe, int]] = {"1m": 2_000, "5m": 2_000, "15m": 2_000, "1h": 2_000, "1d": 1_000}
"""How many bars of a symbol are kept: five trading days of minutes, four years of days."""
MOST_SERIES: Final = 1_000
"""How many symbols times timeframes. A bar takes some 70 bytes, so the file stays below 150 MB."""
_FORM = 1
_TABLES = """
create table series (
    id integer primary key, symbol text not null, timeframe text not null, added_at integer not null,
    unique (symbol, timeframe)
);
create table bar (
    series integer not null, at integer not null, open text not null, high text not null, low text not null,
    close text not null, volume text not null, primary key (series, at)
) without rowid;
"""
_SERIES = """
insert into series (symbol, timeframe, added_at) values (?, ?, ?)
on conflict (symbol, timeframe) do update set added_at = max(added_at, excluded.added_at)
returning id
"""
_OLD_BARS = """
delete from bar where series = ? and at <= (select at from bar where series = ? order by at desc limit 1 offset ?)
"""
_OLD_SERIES = "select id from series order by added_at desc, id desc limit -1 offset ?"
_BARS = """
select at, open, high, low, close, volume from bar join series on bar.series = series.id
where symbol = ? and timeframe = ? and at < ? order by at desc limit ?
"""
_ALL_TIME = 1 << 62
T = TypeVar("T")


class BarStore:
    """Bars by symbol and timeframe. Every method returns although the file fails: then there is nothing to be had."""

    def __init__(self, path: Path, log: Log, most_series: int = MOST_SERIES) -> None:
        self._path, self._log, self._most_series = path, log, most_series
        self._thread = ThreadPoolExecutor(1, "bars")
        self._file: sqlite3.Connection | None = None
        self._closed = False

    async def keep(self, symbol: str, timeframe: Timeframe, bars: Sequence[Bar], now: int) -> None:
        """Adds bars at a time (µs), each in the place of one that begins at the same time; the oldest ones go."""
        if bars:
            await self._run(lambda file: _keep(file, symbol, timeframe, bars, now, self._most_series), None)

    async def read(self, symbol: str, timeframe: Timeframe, count: int, before: int = _ALL_TIME) -> list[Bar]:
        """The newest bars that begin before a time (µs), at most `count`, oldest first."""

        def read(file: sqlite3.Connection) -> list[Bar]:
            rows = file.execute(_BARS, (symbol, timeframe, before, count)).fetchall()
            return [Bar(at, *map(Decimal, prices)) for at, *prices in reversed(rows)]

        return await self._run(read, [])

    async def close(self) -> None:
        """Closes the file."""
        if self._file is not None:
            await self._run(lambda file: file.close(), None)
        self._closed = True
        self._thread.shutdown(wait=False)

    async def _run(self, do: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """Does something in the store's own thread, so that no disk is ever waited for by orders."""
        if self._closed:
            return otherwise
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._with_file, do)
        except (sqlite3.Error, OSError) as error:
            self._log.warning(
                "the store of bars fails; prices and orders go on", file=str(self._path), error=str(error)
            )
            return otherwise

    def _with_file(self, do: Callable[[sqlite3.Connection], T]) -> T:
        if self._file is None:
            self._file = self._open()
        return do(self._file)

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return _opened(self._path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise  # such as a full disk: what is there may be right
            aside = self._path.with_suffix(".damaged")
            self._log.warning("the store of bars is damaged and begins anew", aside=str(aside), error=str(error))
            self._path.replace(aside)
            for more in ("-wal", "-shm"):
                self._path.with_name(self._path.name + more).unlink(missing_ok=True)
            return _opened(self._path)


def _opened(path: Path) -> sqlite3.Connection:
    # Used by one thread after the other at most, which the executor sees to.
    file = sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False)
    with contextlib.ExitStack() as failed:
        failed.callback(file.close)
        file.execute("pragma journal_mode = wal")
        file.execute("pragma synchronous = normal")
        (form,) = file.execute("pragma user_version").fetchone()
        if form == 0:
            file.executescript(f"begin; {_TABLES} pragma user_version = {_FORM}; commit;")
        elif form != _FORM:
            raise sqlite3.DatabaseError(f"it has the form {form}, and this build writes {_FORM}")
        failed.pop_all()
    return file


def _keep(
    file: sqlite3.Connection, symbol: str, timeframe: Timeframe, bars: Sequence[Bar], now: int, most_series: int
) -> None:
    file.execute("begin immediate")
    try:
        ((series,),) = file.execute(_SERIES, (symbol, timeframe, now)).fetchall()
        rows = ((series, bar.at, *map(plain, (bar.open, bar.high, bar.low, bar.close, bar.volume))) for bar in bars)
        file.executemany("insert or replace into bar values (?, ?, ?, ?, ?, ?, ?)", rows)
        file.execute(_OLD_BARS, (series, series, KEPT[timeframe]))
        for (old,) in file.execute(_OLD_SERIES, (most_series,)).fetchall():
            file.execute("delete from bar where series = ?", (old,))
            file.execute("delete from series where id = ?", (old,))
        file.execute("commit")
    except BaseException:
        file.execute("rollback")
        raise
