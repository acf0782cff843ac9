"""Tradewire with an account at the paper broker and one at Alpaca's twin, each with a router of its own.

The twin's book in what is traded is crossed, so that every order is filled at once whatever its limit; no risk takes
that for a price. In the other symbols it has no quotes until somebody gives some.
"""

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar

import asyncpg
import msgspec
from tests.twins.kit.journal import entries
from tests.twins.kit.remote import Remote, started

from bench.system import ResultError
from bench.tradewire.broker_orders import PAPER, QUOTED, TRADED, TWIN
from bench.tradewire.system import PROCESSES, Tradewire, denials
from tradewire_cli.engines.testing import Engines

POST = "/v2/orders"
_RATE_PER_MINUTE = "1000000"
_CASH = "1000000000"
_SETTINGS = """
default_account = "paper"
[accounts.paper]
[accounts.alpaca]
broker = "alpaca"
environment = "paper"
price_source = "signal"
url_override = "{url}"
rate_per_min = "{rate}"
api_key_file = "{folder}/key"
api_secret_file = "{folder}/secret"
"""
_SYMBOLS = ("AAPL", "MSFT", "TSLA", *QUOTED)
_POLL_SECONDS = 0.05


class AtBrokers(Tradewire):
    """Seven processes, the twin, and a publisher."""

    parts: ClassVar[Mapping[str, str]] = {**PROCESSES, f"router-{TWIN}": "tradewire_router"}
    publisher: ClassVar[str] = "bench.tradewire.broker_publisher"

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self._database: asyncpg.Connection[asyncpg.Record] | None = None

    async def start(self, engines: Engines, workdir: Path) -> None:
        """Starts the twin first, whose address the settings name."""
        self._workdir = workdir
        self._twin_journal = workdir / "twin" / "journal.jsonl"
        words = [f"--option={name}={value}" for name, value in (("rate_per_min", _RATE_PER_MINUTE), ("cash", _CASH))]
        twin = started("tests.twins.alpaca", workdir / "twin", *words)
        self.twin: Remote = await asyncio.to_thread(self._stack.enter_context, twin)
        for name in ("key", "secret"):
            (workdir / name).write_text(f"twin-{name}\n")
            (workdir / name).chmod(0o600)
        for symbol in QUOTED:
            await self.do("asset", symbol=symbol)
        await self.do("quote", symbol=TRADED, bid="250", ask="150")
        text = _SETTINGS.format(url=self.twin.url, rate=_RATE_PER_MINUTE, folder=workdir)
        (workdir / "tradewire.toml").write_text(text)
        await super().start(engines, workdir)
        self._database = await asyncpg.connect(engines.dsn("tradewire_admin"))

    def more(self, name: str) -> Mapping[str, str]:
        """The settings' file, and whose router it is."""
        account = {"router": PAPER, f"router-{TWIN}": TWIN}.get(name)
        routed = {"TRADEWIRE_ROUTER_ACCOUNT": account} if account else {}
        config = str(self._workdir / "tradewire.toml")
        return {"TRADEWIRE_CONFIG": config, "TRADEWIRE_RISK_ALLOWED_SYMBOLS": ",".join(_SYMBOLS), **routed}

    async def do(self, verb: str, **args: object) -> Any:
        """A verb of the venue."""
        return await asyncio.to_thread(lambda: self.twin.do(verb, **args))

    async def count(self, kind: str) -> int:
        """How many events of a type the log has."""
        assert self._database is not None
        return int(await self._database.fetchval("select count(*) from ledger.event where type = $1", kind))

    async def said(self, kind: str) -> list[dict[str, Any]]:
        """What the events of a type say."""
        assert self._database is not None
        rows = await self._database.fetch("select data from ledger.event where type = $1 order by pos", kind)
        return [msgspec.json.decode(bytes(row["data"])) for row in rows]

    async def until(self, kind: str, count: int, seconds: float) -> None:
        """Waits until the log has so many events of a type. Raises ResultError when it takes too long."""
        try:
            async with asyncio.timeout(seconds):
                while (there := await self.count(kind)) < count:
                    for name, process in self._processes.items():
                        if process.returncode is not None:
                            raise ResultError(f"{name} ended with code {process.returncode}")
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            why = await denials(self._database) if self._database is not None else ""
            raise ResultError(f"{there} {kind} of {count} after {seconds:.0f} s{why}") from None

    def posted(self) -> dict[str, int]:
        """When the twin received each order (µs since the epoch), by client order id.

        Raises:
            ResultError: it received one twice.
        """
        found: dict[str, int] = {}
        for entry in entries(self._twin_journal):
            if entry["kind"] == "in" and entry.get("method") == "POST" and entry.get("path") == POST:
                client_order_id = msgspec.json.decode(entry["body"])["client_order_id"]
                if client_order_id in found:
                    raise ResultError(f"the twin received {client_order_id} twice")
                found[client_order_id] = entry["at"]
        return found

    async def stop(self) -> None:
        """Ends everything, the twin last."""
        if self._database is not None:
            await self._database.close()
        try:
            await super().stop()
        finally:
            await asyncio.to_thread(self._stack.close)
