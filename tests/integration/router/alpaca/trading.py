"""An account at a twin of Alpaca with a router of its own, as a process."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from tests.contract.brokers.alpaca_bench import AlpacaBench
from tests.integration.router.account import Account
from tests.integration.router.pit import Pit
from tests.processes import Child


class AtAlpaca(Account):
    """An account whose broker is a twin."""

    def __init__(self, pit: Pit, bench: AlpacaBench) -> None:
        super().__init__(pit, pit.account().name)
        self.pit, self.bench = pit, bench
        self.symbol = "AAPL"
        self._config = pit.folder / f"alpaca-{self.name}.toml"
        self.write()

    def write(self, **options: str) -> None:
        """Writes the settings of the router; `options` are keys of the account."""
        given = {**self.bench.settings().accounts["main"].options, "environment": "paper", **options}
        lines = [f"{key} = {msgspec.json.encode(value).decode()}" for key, value in given.items()]
        head = [f'default_account = "{self.name}"', "[router]", f'account = "{self.name}"']
        text = [*head, f"[accounts.{self.name}]", 'broker = "alpaca"', *lines]
        self._config.write_text("\n".join([*text, ""]))

    @asynccontextmanager
    async def router(
        self, env: Mapping[str, str] | None = None, *, ready: bool = True, **settings: str
    ) -> AsyncIterator[Child]:
        variables = {"TRADEWIRE_CONFIG": str(self._config), **(env or {})}
        async with super().router(variables, ready=ready, **settings) as started:
            yield started

    def received(self) -> list[str]:
        return [
            msgspec.json.decode(entry["body"])["client_order_id"]
            for entry in self.bench.twin.journal()
            if entry["kind"] == "in" and entry.get("method") == "POST" and entry.get("path") == "/v2/orders"
        ]

    def at_broker(self) -> dict[str, Any]:
        """The twin's books."""
        found: dict[str, Any] = self.bench.twin.ledger()
        return found


async def past(bench: AlpacaBench, count: int) -> None:
    """An order by hand that was executed share by share."""
    order = await bench.do(
        "submit", symbol="AAPL", qty=str(count), side="buy", type="limit", limit_price="10", time_in_force="gtc"
    )
    for _ in range(count):
        await bench.do("fill", order=order["id"], qty="1", price="10")


def resident(process: Child) -> int:
    """The memory that a process has taken, in MB."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    (line,) = [each for each in lines if each.startswith("VmRSS:")]
    return int(line.split()[1]) // 1024
