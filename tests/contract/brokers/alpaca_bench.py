"""Alpaca's twin as a real process, with the adapter and the vendor's client over its socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.contract.brokers.bench import PATIENCE_SECONDS
from tests.contract.brokers.twin_bench import TwinBench
from tests.twins.alpaca.judge import judge
from tests.twins.alpaca.options import Options
from tests.twins.kit.judge import Verdict
from tradewire_router.brokers.alpaca.broker import AlpacaBroker
from tradewire_router.brokers.values import ActivityKind

POST = "POST /v2/orders"
ACTIVITIES: dict[ActivityKind, str] = {"dividend": "DIV", "interest": "INT", "fee": "FEE", "split": "SPLIT"}
WORDS = {"MARKET_CLOSED": "market is closed"}
DAYS_BACK = 6


class AlpacaBench(TwinBench):
    """A twin of Alpaca."""

    name = "alpaca"
    module = "tests.twins.alpaca"
    order_call = POST
    channel = "trade_updates"
    capabilities = AlpacaBroker.capabilities

    def __init__(self, folder: Path, **options: object) -> None:
        super().__init__(folder, **{"rate_per_min": 100_000, **options})
        self._day = 0
        self._bars: dict[str, dict[str, str]] = {}
        for name in ("key", "secret", "wrong"):
            (folder / name).write_text(f"twin-{name}\n")
            (folder / name).chmod(0o600)

    def account(self, *, credentials: bool) -> dict[str, str]:
        return {
            "url_override": self.twin.url,
            "api_key_file": str(self.folder / "key"),
            "api_secret_file": str(self.folder / ("secret" if credentials else "wrong")),
            "rate_per_min": str(self.options["rate_per_min"]),
        }

    def refusal(self, code: str) -> tuple[int, object]:
        return 422, {"code": 42210000, "message": WORDS[code]}

    async def quoted(self, symbol: str, bid: str, ask: str, size: str) -> None:
        if symbol not in {"AAPL", "BTC/USDT"}:
            await self.do("asset", symbol=symbol)
        sizes = {"bid_size": size, "ask_size": size} if size else {}
        await self.do("quote", symbol=symbol, bid=bid, ask=ask, **sizes)
        if self._day:
            await self._draw(symbol, bid)

    async def _draw(self, symbol: str, price: str) -> None:
        """The bar of the day, as it has become."""
        day = datetime.now(UTC) - timedelta(days=DAYS_BACK - self._day)
        at = day.strftime("%Y-%m-%dT05:00:00Z")
        bar = self._bars.setdefault(at, {"t": at, "o": price, "h": price, "l": price, "c": price, "v": "100"})
        prices = [Decimal(price), Decimal(bar["h"]), Decimal(bar["l"])]
        bar |= {"h": str(max(prices[:2])), "l": str(min(prices[0], prices[2])), "c": price}
        for timeframe in ("1Day", "1Min"):
            await self.do("bars", symbol=symbol, timeframe=timeframe, bars=[bar])

    def next_day(self) -> None:
        self._day += 1

    async def happen(self, kind: ActivityKind, **fields: Any) -> None:
        symbol = str(fields.get("symbol", ""))
        given = {"symbol": symbol} if symbol else {}
        if "amount" in fields:
            given["net_amount"] = str(fields["amount"])
        if "ratio" in fields:
            ledger = await asyncio.to_thread(self.twin.ledger)
            given["qty"] = str(Decimal(ledger["positions"].get(symbol, "0")) * (fields["ratio"] - 1))
            for order in ledger["orders"]:
                if order["symbol"] == symbol and order["status"] in {"new", "accepted", "partially_filled"}:
                    await self.do("cancel", order=order["id"])
        await self.do("activity", type=ACTIVITIES[kind], **given)

    def judged(self, ledger: dict[str, Any]) -> Verdict:
        return judge(self.journal, ledger, Decimal(str(self.options.get("cash", Options().cash))))


@asynccontextmanager
async def alpaca_bench(folder: Path, **options: object) -> AsyncIterator[AlpacaBench]:
    """A running twin, with the assets that the suite asks for."""
    bench = AlpacaBench(folder, **options)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await bench.start()
        await bench.do("asset", symbol="BTC/USDT", kind="crypto", exchange="CRYPTO", shortable=False, min_size="0.0001")
        yield bench
    finally:
        await bench.close()
