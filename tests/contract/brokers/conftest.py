"""Every test of this folder runs on each broker of BENCHES."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.contract.brokers.bench import Bench, Trader
from tests.contract.brokers.paper_bench import paper_bench

BENCHES = {"paper": paper_bench}

Join = Callable[..., Awaitable[Trader]]


@pytest.fixture(params=sorted(BENCHES))
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    """A broker with a market in AAPL at 99.90 to 100.10."""
    async with BENCHES[request.param](tmp_path) as running:
        await running.price("AAPL", "99.90", "100.10")
        yield running
        wrong = [text for text in running.violations() if not any(part in text for part in running.forgiven)]
        assert wrong == []


@pytest.fixture
async def join(bench: Bench) -> AsyncIterator[Join]:
    """Makes traders, closed at the end."""
    async with AsyncExitStack() as stack:

        async def join(since: str | None = None, *, call_seconds: float = 3.0) -> Trader:
            trader = Trader(bench, await bench.broker(since, call_seconds=call_seconds))
            stack.push_async_callback(trader.close)
            return trader

        yield join


@pytest.fixture
async def trader(join: Join) -> Trader:
    return await join()
