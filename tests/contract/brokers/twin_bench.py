"""A broker's twin as a real process, for benches: over one folder, on one port for all its lives, with its faults."""

import asyncio
from collections.abc import Collection
from decimal import ROUND_CEILING
from pathlib import Path
from typing import Any, assert_never

import msgspec

from tests.contract.brokers.bench import FaultKind
from tests.twins.kit.judge import Verdict
from tests.twins.kit.remote import Remote, started
from tradewire.settings import Account, Duration, Router, Settings
from tradewire_router.brokers.opening import adapter
from tradewire_router.brokers.port import Broker, OrderRequest
from tradewire_router.brokers.values import Leg


class TwinBench:
    """What benches of all twins share. One of a broker says the names, and how its market moves.

    `order_call` is the call that sends an order and `channel` the stream that tells of orders: faults are armed on
    them. `options` are those of the twin.
    """

    name: str
    module: str
    order_call: str
    channel: str

    def __init__(self, folder: Path, **options: object) -> None:
        self.folder, self._data, self._port = folder, folder / "twin", 0
        self.options = options
        self.forgiven: list[str] = []
        self._stack: Any = None
        self.twin = Remote("")
        self._later: set[asyncio.Task[None]] = set()
        self._market: dict[str, tuple[str, str]] = {}
        self._pieces: dict[str, str] = {}
        """How much of an order in a symbol fills at a quote, where that is not all of it."""

    async def start(self) -> None:
        options = [word for name, value in self.options.items() for word in ("--option", f"{name}={value}")]
        self._stack = started(self.module, self._data, "--port", str(self._port), *options)
        self.twin = await asyncio.to_thread(self._stack.__enter__)
        self._port = int(self.twin.url.rpartition(":")[2])

    async def kill(self) -> None:
        assert self.twin.process is not None
        self.twin.process.kill()
        await self.close()

    async def close(self) -> None:
        for task in self._later:
            task.cancel()
        if self._stack is not None:
            stack, self._stack = self._stack, None
            await asyncio.to_thread(stack.__exit__, None, None, None)

    @property
    def journal(self) -> Path:
        """Every frame in and out."""
        return self._data / "journal.jsonl"

    @property
    def running(self) -> bool:
        """Whether the twin's process lives, as far as the bench has not killed it."""
        return self._stack is not None

    async def do(self, verb: str, **args: object) -> Any:
        """A verb of the venue."""
        return await asyncio.to_thread(lambda: self.twin.do(verb, **args))

    async def arm(self, kind: str, on: str, **rest: object) -> int:
        """A fault of the menu."""
        return await asyncio.to_thread(lambda: self.twin.arm(kind, on, **rest))

    def account(self, *, credentials: bool) -> dict[str, str]:
        """The options of an account at this twin; with wrong credentials when asked."""
        raise NotImplementedError

    def refusal(self, code: str) -> tuple[int, object]:
        """How the broker refuses an order, for one of our codes: the status and the body."""
        raise NotImplementedError

    def judged(self, ledger: dict[str, Any]) -> Verdict:
        """What the twin's own judge says of the journal and of these books."""
        raise NotImplementedError

    def violations(self) -> list[str]:
        """What that judge finds; nothing of a twin that was killed, whose books nobody can ask for."""
        if not self.running:
            return []
        found = self.judged(self.twin.ledger())
        return [*found.doubled, *found.violations]

    async def quoted(self, symbol: str, bid: str, ask: str, size: str) -> None:
        """A quote at the broker, with so much to take on either side; an empty size has no end."""
        raise NotImplementedError

    async def price(self, symbol: str, bid: str, ask: str) -> None:
        self._market[symbol] = bid, ask
        await self.quoted(symbol, bid, ask, self._pieces.get(symbol, ""))

    async def partly(self, order: OrderRequest, pieces: int) -> None:
        assert order.quantity is not None
        self._pieces[order.symbol] = str((order.quantity / pieces).quantize(order.quantity, ROUND_CEILING))
        await self.price(order.symbol, *self._market[order.symbol])

    def settings(self, *, call_seconds: float = 3.0, credentials: bool = True, **options: str) -> Settings:
        """The settings of an account that is at this twin."""
        given = {**self.account(credentials=credentials), **options}
        account = Account(broker=self.name, environment="paper", options=given)
        timeout = Duration(int(call_seconds * 1_000_000))
        return Settings(accounts={"main": account}, router=Router(account="main", call_timeout=timeout))

    async def broker(
        self,
        since: str | None = None,
        *,
        call_seconds: float = 3.0,
        credentials: bool = True,
        legs: Collection[Leg] = (),
    ) -> Broker:
        settings = self.settings(call_seconds=call_seconds, credentials=credentials)
        broker: Broker = adapter(self.name).opened(settings, "main")  # type: ignore[assignment]
        broker.recall(legs)
        try:
            await broker.connect(since)
        except BaseException:
            await broker.close()
            raise
        return broker

    async def fault(self, kind: FaultKind, *, delay_ms: int = 0, code: str = "") -> None:
        match kind:
            case "drop_response":
                await self.arm("hang_after", self.order_call)
            case "delay_response":
                await self.arm("delay_after", self.order_call, milliseconds=delay_ms)
            case "delay_before" | "place_late":
                await self.arm("delay_before", self.order_call, milliseconds=delay_ms)
            case "disconnect":
                await self.arm("reset_after", self.order_call)
                await self.arm("reset", f"push {self.channel} *")
            case "mute_stream":
                number = await self.arm("hold", f"push {self.channel} *")
                self._later.add(asyncio.create_task(self._disarm(number, delay_ms / 1000)))
            case "duplicate_event":
                await self.arm("duplicate", f"push {self.channel} *", times=0)
            case "reject":
                status, told = self.refusal(code)
                body = msgspec.json.encode(told).decode()
                await self.arm("status_before", self.order_call, status=status, body=body)
            case _:
                assert_never(kind)

    async def _disarm(self, number: int, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await asyncio.to_thread(self.twin.disarm, number)
