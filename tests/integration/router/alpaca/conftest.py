"""Twins with the options that a test chooses, and traders at them through the vendor's own client."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.contract.brokers.alpaca_bench import AlpacaBench, alpaca_bench
from tests.contract.brokers.bench import Trader, unforgiven
from tests.integration.router.pit import Pit
from tradewire_router.brokers.alpaca.broker import AlpacaBroker

SECRETS = ("twin-key", "twin-secret")
Venue = Callable[..., Awaitable[AlpacaBench]]
Join = Callable[..., Awaitable[Trader]]


@pytest.fixture
async def venue(tmp_path: Path) -> AsyncIterator[Venue]:
    """Makes twins with a market in AAPL at 99.90 to 100.10; at the end each is judged."""
    async with AsyncExitStack() as stack:
        made: list[AlpacaBench] = []

        async def make(**options: object) -> AlpacaBench:
            folder = tmp_path / f"twin-{len(made)}"
            folder.mkdir()
            bench = await stack.enter_async_context(alpaca_bench(folder, **options))
            await bench.price("AAPL", "99.90", "100.10")
            made.append(bench)
            return bench

        yield make
        for bench in made:
            assert unforgiven(bench.violations(), bench.forgiven) == []


@pytest.fixture
async def join() -> AsyncIterator[Join]:
    """Makes traders at a twin, closed at the end; options are the account's."""
    async with AsyncExitStack() as stack:

        async def join(
            bench: AlpacaBench, since: str | None = None, *, call_seconds: float = 3.0, **options: Any
        ) -> Trader:
            broker = AlpacaBroker.opened(bench.settings(call_seconds=call_seconds, **options), "main")
            trader = Trader(bench, broker)
            stack.push_async_callback(trader.close)
            await broker.connect(since)
            return trader

        yield join


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def no_secret_is_told(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Looks through every event of the log and every file beside it, after each test in which a router works."""
    pit: Pit | None = request.getfixturevalue("pit") if "pit" in request.fixturenames else None
    yield
    if pit is None:
        return
    for secret in SECRETS:
        assert await pit.fetch("select type from ledger.event where position($1 in data) > 0", secret.encode()) == []
        files = [path for path in pit.folder.rglob("*") if "postgres" not in path.parts and path.is_file()]
        assert files
        assert [path for path in files if secret.encode() in path.read_bytes()] == []
