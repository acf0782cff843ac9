"""The store of bars: what it keeps over restarts, what it lets go, and what it does when its file fails."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import structlog

from tradewire.messages.account_events import Bar
from tradewire_router.market import store as module
from tradewire_router.market.store import KEPT, BarStore

MINUTE = 60_000_000
NOW = 1_767_366_000_000_000


def bar(number: int, close: str = "100.5") -> Bar:
    return Bar(
        NOW + number * MINUTE, Decimal(100), Decimal(101), Decimal("99.123456789012"), Decimal(close), Decimal(7)
    )


def opened(path: Path, **more: Any) -> BarStore:
    return BarStore(path, structlog.get_logger(), **more)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "market" / "paper.sqlite"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[BarStore]:
    made = opened(path)
    yield made
    await made.close()


async def test_what_was_kept_is_there_after_a_restart_to_the_last_digit(path: Path) -> None:
    first = opened(path)
    await first.keep("BTC/USDT", "1m", [bar(0), bar(1), bar(2)], NOW)
    await first.keep("BTC/USDT", "5m", [bar(5)], NOW)
    await first.close()
    again = opened(path)
    assert await again.read("BTC/USDT", "1m", 10) == [bar(0), bar(1), bar(2)]
    assert await again.read("BTC/USDT", "1m", 2) == [bar(1), bar(2)]
    assert await again.read("BTC/USDT", "1m", 10, bar(2).at) == [bar(0), bar(1)]
    assert await again.read("BTC/USDT", "5m", 10) == [bar(5)]
    assert await again.read("BTC/USDT", "1d", 10) == []
    assert await again.read("AAPL", "1m", 10) == []
    await again.close()


async def test_a_bar_that_is_told_again_takes_the_place_of_the_first(store: BarStore) -> None:
    await store.keep("AAPL", "1m", [bar(0), bar(1)], NOW)
    await store.keep("AAPL", "1m", [bar(1, "100.75"), bar(2)], NOW)
    assert await store.read("AAPL", "1m", 10) == [bar(0), bar(1, "100.75"), bar(2)]


async def test_no_more_than_so_many_bars_of_a_series_are_kept(store: BarStore) -> None:
    most = KEPT["1d"]
    await store.keep("AAPL", "1d", [bar(n) for n in range(most + 5)], NOW)
    await store.keep("MSFT", "1d", [bar(0)], NOW)
    await store.keep("AAPL", "1d", [bar(most + 5)], NOW)
    kept = await store.read("AAPL", "1d", 10 * most)
    assert (len(kept), kept[0], kept[-1]) == (most, bar(6), bar(most + 5))
    assert await store.read("MSFT", "1d", 10) == [bar(0)]


async def test_the_series_that_nobody_added_to_for_longest_goes_first(path: Path) -> None:
    store = opened(path, most_series=3)
    for number, symbol in enumerate(("A", "B", "C")):
        await store.keep(symbol, "1m", [bar(0)], NOW + number)
    await store.keep("A", "1m", [bar(1)], NOW + 10)
    await store.keep("D", "1m", [bar(0)], NOW + 11)
    assert [len(await store.read(symbol, "1m", 10)) for symbol in "ABCD"] == [2, 0, 1, 1]
    await store.close()
    file = sqlite3.connect(path)
    assert file.execute("select count(*), count(distinct series) from bar").fetchone() == (4, 3)
    assert file.execute("select count(*) from series").fetchone() == (3,)
    file.close()


async def test_a_crash_in_the_middle_leaves_what_was_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = opened(path)
    await store.keep("AAPL", "1m", [bar(0)], NOW)
    with monkeypatch.context() as patched:
        patched.setattr(module, "_OLD_BARS", "delete from nothing where ? and ? and ?")
        await store.keep("AAPL", "1m", [bar(1)], NOW)
    assert await store.read("AAPL", "1m", 10) == [bar(0)]
    await store.keep("AAPL", "1m", [bar(2)], NOW)
    assert await store.read("AAPL", "1m", 10) == [bar(0), bar(2)]
    await store.close()


@pytest.mark.parametrize("content", [b"this is no database, and long enough to be read as one" * 40, None])
async def test_a_file_that_is_damaged_or_of_another_form_is_set_aside(path: Path, content: bytes | None) -> None:
    path.parent.mkdir()
    if content is None:
        file = sqlite3.connect(path)
        file.execute("pragma user_version = 7")
        file.close()
    else:
        path.write_bytes(content)
    store = opened(path)
    await store.keep("AAPL", "1m", [bar(0)], NOW)
    assert await store.read("AAPL", "1m", 10) == [bar(0)]
    await store.close()
    assert path.with_suffix(".damaged").exists()


async def test_a_store_that_cannot_be_written_keeps_nothing_and_holds_up_nobody(tmp_path: Path) -> None:
    (tmp_path / "market").write_text("a file where the folder should be")
    store = opened(tmp_path / "market" / "paper.sqlite")
    await store.keep("AAPL", "1m", [bar(0)], NOW)
    assert await store.read("AAPL", "1m", 10) == []
    await store.close()


async def test_many_at_once_are_each_answered(store: BarStore) -> None:
    await asyncio.gather(*(store.keep(f"S{n}", "1m", [bar(n)], NOW) for n in range(20)))
    found = await asyncio.gather(*(store.read(f"S{n}", "1m", 5) for n in range(20)))
    assert found == [[bar(n)] for n in range(20)]
