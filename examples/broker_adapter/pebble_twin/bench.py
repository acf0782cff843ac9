"""The bench of Pebble: what the contract suite needs to try the adapter on the twin.

tradewire broker test --suite pebble_twin.bench
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.contract.brokers.bench import PATIENCE_SECONDS
from tests.contract.brokers.twin_bench import TwinBench
from tests.twins.kit.judge import Verdict

from pebble_twin.judge import judge
from pebble_twin.venue import Options
from tradewire_pebble.adapter import CAPABILITIES
from tradewire_router.brokers.values import ActivityKind

BROKER = "pebble"
"""The adapter's name in the entry points."""


class PebbleBench(TwinBench):
    """A twin of Pebble."""

    name = BROKER
    module = "pebble_twin"
    order_call = "POST /orders"
    channel = "events"
    capabilities = CAPABILITIES

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, rate=100_000)
        for name, key in (("key", "pebble-key"), ("wrong", "guess")):
            (folder / name).write_text(f"{key}\n")
            (folder / name).chmod(0o600)

    def account(self, *, credentials: bool) -> dict[str, str]:
        return {"url": self.twin.url, "api_key_file": str(self.folder / ("key" if credentials else "wrong"))}

    def refusal(self, code: str) -> tuple[int, object]:
        return 422, {"error": {"MARKET_CLOSED": "closed"}[code], "text": "the market is closed"}

    async def quoted(self, symbol: str, bid: str, ask: str, size: str) -> None:
        await self.do("quote", symbol=symbol, bid=bid, ask=ask, **({"size": size} if size else {}))

    def next_day(self) -> None:
        pytest.fail("Pebble has no bars")

    async def happen(self, kind: ActivityKind, **fields: Any) -> None:
        pytest.fail(f"Pebble tells no {kind}")

    def judged(self, ledger: dict[str, Any]) -> Verdict:
        return judge(self.journal, ledger, Decimal(Options().cash))


@asynccontextmanager
async def bench(folder: Path) -> AsyncIterator[PebbleBench]:
    """A running twin."""
    made = PebbleBench(folder)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await made.start()
        yield made
    finally:
        await made.close()
