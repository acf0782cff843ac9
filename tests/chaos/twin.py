"""The twin of a broker in the system: how it is started, and its control calls, which meet no fault."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from http.client import HTTPException
from pathlib import Path
from typing import Any

from msgspec import Struct

from tests.twins.kit.journal import entries
from tests.twins.kit.judge import Verdict
from tests.twins.kit.remote import Remote
from tradewire.messages.quotes import Quote
from tradewire_cli.engines.ports import free_port

CASH = "100000000"
"""What an account at a twin begins with; the paper broker's begins with the same."""
ALIVE = "/_twin/calls"
"""What a twin answers as soon as it serves."""
_POLL_SECONDS = 0.05
_LIMIT_SECONDS = 30.0


class TwinOf(Struct, frozen=True, kw_only=True):
    """A broker's twin, as the system has to know it; `name` is the broker's."""

    name: str
    title: str
    module: str
    options: dict[str, str]
    keys: dict[str, str]
    """The files that the settings name, and what they hold."""
    settings: str
    """The account's own settings; `{url}` is the twin's, `{keys}` the folder of those files."""
    channel: str
    """The stream that tells of orders."""
    quote: Callable[[Quote, int], dict[str, Any]]
    """The arguments of the verb `quote`, for a quote of which so much can be taken on either side."""
    judge: Callable[[Path, dict[str, Any], Decimal], Verdict]


class Twin:
    """A running twin. Its folder, and with it the account, outlives the process."""

    def __init__(self, folder: Path, of: TwinOf) -> None:
        self.of, self.folder, self.keys = of, folder / of.name, folder / f"{of.name}-keys"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._remote = Remote(self.url)

    @property
    def program(self) -> tuple[str, ...]:
        """The module to run and its arguments."""
        options = [word for name, value in self.of.options.items() for word in ("--option", f"{name}={value}")]
        return self.of.module, "--data", str(self.folder), "--port", str(self.port), *options

    def write_keys(self) -> None:
        """Writes the keys that the settings name."""
        self.keys.mkdir()
        for name, content in self.of.keys.items():
            file = self.keys / name
            file.write_text(f"{content}\n")
            file.chmod(0o600)

    @property
    def settings(self) -> str:
        """The settings of an account that is here."""
        return self.of.settings.format(url=self.url, keys=self.keys)

    # Control

    async def do(self, verb: str, **args: object) -> Any:
        """A verb of the venue. Raises ValueError with its words when it refuses."""
        return await asyncio.to_thread(lambda: self._remote.do(verb, **args))

    async def arm(self, kind: str, on: str, **rest: object) -> int:
        """Arms a fault of the menu, and gives its number."""
        return await asyncio.to_thread(lambda: self._remote.arm(kind, on, **rest))

    async def bitten(self, number: int) -> int:
        """How often a fault bit."""
        told = await asyncio.to_thread(lambda: self._remote.call("GET", "faults"))
        return sum(each["bitten"] for each in told if each["id"] == number)

    async def disarm(self, number: int | None = None) -> int:
        """Takes a fault back, or all of them; returns how often they bit."""
        told = await asyncio.to_thread(lambda: self._remote.call("GET", "faults"))
        await asyncio.to_thread(self._remote.disarm, number)
        return sum(each["bitten"] for each in told if number in {None, each["id"]})

    @asynccontextmanager
    async def armed(self, hit: Callable[[int], None], kind: str, on: str, **rest: object) -> AsyncIterator[None]:
        """A fault while the context lasts; how often it bit is hit."""
        number = await self.arm(kind, on, **rest)
        try:
            yield
        finally:
            hit(await self.disarm(number))

    async def hang_up(self, *, reset: bool = False) -> None:
        """Ends every open stream."""
        await asyncio.to_thread(lambda: self._remote.hang_up(reset=reset))

    async def streams(self) -> int:
        """How many order streams have subscribed."""
        told = await asyncio.to_thread(self._remote.streams)
        return sum(each["ready"] and each["channel"] == self.of.channel for each in told)

    async def ledger(self) -> dict[str, Any]:
        """The venue's books."""
        found: dict[str, Any] = await asyncio.to_thread(self._remote.ledger)
        return found

    async def orders(self, *statuses: str) -> list[dict[str, Any]]:
        """Its orders in these states."""
        return [order for order in (await self.ledger())["orders"] if order["status"] in statuses]

    async def quote(self, quote: Quote, size: int) -> None:
        """Moves the market; a twin that is away misses it."""
        with contextlib.suppress(OSError, HTTPException):
            await self.do("quote", **self.of.quote(quote, size))

    async def until(self, holds: Callable[[dict[str, Any]], Any], words: str, seconds: float = _LIMIT_SECONDS) -> None:
        """Waits until something holds of the venue's books."""
        try:
            async with asyncio.timeout(seconds):
                while not holds(await self.ledger()):
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            raise AssertionError(f"not within {seconds:g} s: {words}") from None

    # Afterwards

    def frames(self, kind: str, after: int = 0) -> list[dict[str, Any]]:
        """Entries of the journal of one kind, after a time (µs)."""
        found = entries(self.folder / "journal.jsonl")
        return [entry for entry in found if entry["kind"] == kind and entry["at"] > after]

    async def verdict(self) -> Verdict:
        """What the judge of twins says of everything so far; the books stay beside the journal as evidence."""
        ledger = await self.ledger()
        (self.folder / "ledger.json").write_text(json.dumps(ledger))
        return await asyncio.to_thread(self.of.judge, self.folder / "journal.jsonl", ledger, Decimal(CASH))
