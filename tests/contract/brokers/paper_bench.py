"""The paper broker as a real process, with quotes over a real nats-server."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.contract.brokers.bench import PATIENCE_SECONDS, eventually
from tradewire.bus import Bus
from tradewire.messages.quotes import Quote, encode_quote
from tradewire.settings import Nats, Paper
from tradewire_cli.engines import probe
from tradewire_cli.engines.child import launched
from tradewire_cli.engines.testing import Engines, running_engines
from tradewire_router.brokers.errors import BrokerConnectionError
from tradewire_router.brokers.paper import PaperBroker
from tradewire_router.brokers.port import Broker
from tradewire_router.brokers.values import ActivityKind, Leg, OrderRequest
from tradewire_router.paper.judge import judge
from tradewire_router.paper.wire import Fault, FaultKind, Happening


class PaperBench:
    """A paper broker process over one folder."""

    name = "paper"
    capabilities = PaperBroker.capabilities

    def __init__(
        self, folder: Path, engines: Engines | None, feed: Bus | None, *, clock: str = "wall", **settings: Any
    ) -> None:
        self.journal = folder / "paper"
        self.forgiven: list[str] = []
        self._config = folder / "tradewire.toml"
        self._engines, self.feed = engines, feed
        self._clock = clock
        self._settings = {"journal": str(self.journal), "faults": True, **settings}
        self._process: asyncio.subprocess.Process | None = None
        self.at = 1_700_000_000_000_000
        self._control: PaperBroker | None = None
        self._http_port = 0
        self._reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        lines = [f"{key} = {msgspec.json.encode(value).decode()}" for key, value in self._settings.items()]
        head = f"clock = {msgspec.json.encode(self._clock).decode()}"
        self._config.write_text("\n".join([head, "[accounts.paper]", "[accounts.second]", "[paper]", *lines, ""]))
        clean = {key: value for key, value in os.environ.items() if not key.startswith("TRADEWIRE_")}
        nats = self._engines.environment("paper") if self._engines else {}
        self._process = await asyncio.create_subprocess_exec(
            *launched([sys.executable, "-m", "tradewire_router.paper"], None),
            env={**clean, **nats, "TRADEWIRE_CONFIG": str(self._config)},
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            said = msgspec.json.decode(line)
            self._http_port = said.get("http_port", self._http_port)
            if said["event"] == "listening":
                break
        assert self._process.returncode is None, "the paper broker ended at its start"
        self._reading = asyncio.create_task(_read_on(self._process.stdout))

    async def http(self, path: str) -> tuple[int, bytes]:
        """Asks the process for its health or its figures."""
        answer = await probe.get("127.0.0.1", self._http_port, path)
        assert answer is not None, "nobody answers"
        return answer

    async def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        await self._process.wait()
        self._process = None

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process is not None
        return self._process.pid

    async def wait(self) -> int:
        """Waits until it ends by itself; returns the exit code."""
        assert self._process is not None
        code = await self._process.wait()
        self._process = None
        return code

    async def stop(self) -> int:
        """Stops it as a supervisor does; returns the exit code. It must end by itself."""
        assert self._process is not None
        self._process.terminate()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await self.wait()
        except TimeoutError:
            await self.kill()
            pytest.fail("the paper broker did not end when it was asked to")

    async def close(self) -> None:
        if self._control is not None:
            await self._control.close()
        if self._process is not None:
            await self.stop()

    async def broker(
        self,
        since: str | None = None,
        *,
        call_seconds: float = 3.0,
        credentials: bool = True,
        legs: Collection[Leg] = (),
        account: str = "paper",
    ) -> Broker:
        token_file = ""
        if not credentials:
            wrong = self.journal / "wrong"
            wrong.write_text("guess")
            wrong.chmod(0o600)
            token_file = str(wrong)
        broker = PaperBroker(
            account, Paper(journal=str(self.journal), token_file=token_file), call_seconds=call_seconds
        )
        broker.recall(legs)
        await broker.connect(since)
        return broker

    async def price(self, symbol: str, bid: str, ask: str, last: str | None = None) -> None:
        assert self.feed is not None
        self.at += 1_000_000
        quote = Quote(
            symbol=symbol, at=self.at, bid=Decimal(bid), ask=Decimal(ask), last=Decimal(last) if last else None
        )
        control = await self._controlled()

        async def seen() -> Quote | None:
            assert self.feed is not None
            token = symbol.replace("/", "_")
            await self.feed.publish(f"quotes.test.{token}", encode_quote(quote))
            return await control.quote(symbol)

        await eventually(seen, lambda found: found == quote)

    def next_day(self) -> None:
        self.at += 86_400_000_000

    async def happen(self, kind: ActivityKind, **fields: Any) -> None:
        await (await self._controlled()).happen(Happening(kind=kind, **fields))

    async def fault(self, kind: FaultKind, **options: Any) -> None:
        control = await self._controlled()
        await control.arm(Fault(kind=kind, **options))

    async def partly(self, order: OrderRequest, pieces: int) -> None:
        await (await self._controlled()).arm(Fault(kind="partial", pieces=pieces))

    async def _controlled(self) -> PaperBroker:
        """A connection of the bench's own, which finds the broker again after a restart."""
        if self._control is None:
            self._control = PaperBroker("paper", Paper(journal=str(self.journal)))

        async def connected() -> bool:
            assert self._control is not None
            try:
                await self._control.connect()
            except BrokerConnectionError:
                return False
            return (await self._control.health()).connected

        await eventually(connected, bool)
        return self._control

    def violations(self) -> list[str]:
        found: list[str] = judge(self.journal)["violations"]
        return found


async def _read_on(stream: asyncio.StreamReader) -> None:
    """Reads what the process says to its end, so that it never waits for us."""
    async for _ in stream:
        pass


@asynccontextmanager
async def paper_bench(folder: Path, *, quotes: bool = True, **settings: Any) -> AsyncIterator[PaperBench]:
    """A running paper broker; without quotes no nats-server is started."""
    if not quotes:
        bench = PaperBench(folder, None, None, **settings)
        try:
            await bench.start()
            yield bench
        finally:
            await bench.close()
        return
    async with running_engines(folder / "engines", postgres=False) as engines:
        nats = Nats(url=engines.nats_url, nkey_file=str(engines.nkey_file("feed")), user="feed")
        feed = await Bus.connect(nats, "feed")
        bench = PaperBench(folder, engines, feed, **settings)
        try:
            await bench.start()
            yield bench
        finally:
            await bench.close()
            await feed.close()
