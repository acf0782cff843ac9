"""Collects what became of a replay: everything that the blotter shows, asked from the running system."""

import asyncio
import os
import sys
from collections import Counter
from decimal import Decimal
from itertools import groupby
from statistics import quantiles

import msgspec
from msgspec import Struct

from tradewire.domain.orders import Order, Status
from tradewire.errors import Unavailable
from tradewire.messages.answers import (
    AccountRow,
    AccountsPage,
    EventsPage,
    FillRow,
    FillsPage,
    OrdersPage,
    PositionRow,
    PositionsPage,
    PublicEvent,
    StatusReply,
)
from tradewire.messages.queries import (
    MAX_ROWS,
    AccountsQuery,
    EventsQuery,
    FillsQuery,
    OrdersQuery,
    PositionsQuery,
    StatusQuery,
)
from tradewire_cli.client import Client


class Verdict(Struct, frozen=True):
    """What `tradewire check` says: how many tests of each invariant were made, and what was violated."""

    pos: int
    clean: bool
    tested: dict[str, int]
    violations: list[dict[str, object]]
    read_model: str


class Speed(Struct, frozen=True):
    """From the receipt of a signal to its order's first fill, by the ledger's clock, in seconds."""

    count: int
    median: float
    slowest_percent: float


class Blotter(Struct, frozen=True):
    """What there is to show. `prices` are the last ones of the replay."""

    signals: int
    refused: int
    orders: tuple[Order, ...]
    fills: tuple[FillRow, ...]
    positions: tuple[PositionRow, ...]
    account: AccountRow
    prices: dict[str, Decimal]
    speed: Speed | None
    log: StatusReply
    verdict: Verdict

    @property
    def statuses(self) -> Counter[Status]:
        """How many orders ended how."""
        return Counter(order.status for order in self.orders)


async def collect(client: Client, account: str, prices: dict[str, Decimal], reader_dsn: str) -> Blotter:
    """Asks for everything, and runs the check over the log. Raises as the questions do, Unavailable for the check."""
    page = await client.ask_all(OrdersQuery(account=account), OrdersPage, "orders")
    fills = await client.ask_all(FillsQuery(account=account), FillsPage, "fills")
    texts = {symbol: str(price) for symbol, price in prices.items()}
    positions = await client.ask_all(
        PositionsQuery(account=account, flat=True, prices=texts), PositionsPage, "positions"
    )
    accounts = await client.ask(AccountsQuery(account=account), AccountsPage)
    received = await _events(client, "SignalReceived")
    refused = await _events(client, "SignalRefused")
    filled = await _events(client, "OrderFilled")
    return Blotter(
        signals=len(received),
        refused=len(refused),
        orders=page.orders,
        fills=fills.fills,
        positions=positions.positions,
        account=accounts.accounts[0],
        prices=prices,
        speed=_speed(received, filled),
        log=await client.ask(StatusQuery(), StatusReply),
        verdict=await _check(reader_dsn),
    )


async def _events(client: Client, kind: str) -> list[PublicEvent]:
    found: list[PublicEvent] = []
    query = EventsQuery(type=kind, limit=MAX_ROWS)
    while True:
        page = await client.ask(query, EventsPage)
        found.extend(page.events)
        if not page.more:
            return found
        query = msgspec.structs.replace(query, after=page.next)


def _speed(received: list[PublicEvent], filled: list[PublicEvent]) -> Speed | None:
    began = {event.signal: event.at for event in received}
    ordered = sorted(filled, key=lambda event: (event.signal or "", event.pos))
    first = [next(group) for _, group in groupby(ordered, key=lambda event: event.signal)]
    spans = sorted((event.at - began[event.signal]) / 1_000_000 for event in first if event.signal in began)
    if len(spans) < 2:
        return None
    cuts = quantiles(spans, n=100, method="inclusive")
    return Speed(len(spans), cuts[49], cuts[98])


async def _check(reader_dsn: str) -> Verdict:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tradewire_ledger",
        "check",
        "--settled",
        "--json",
        env={**os.environ, "TRADEWIRE_POSTGRES_READER_DSN": reader_dsn},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, problem = await process.communicate()
    try:
        return msgspec.json.decode(said, type=Verdict)
    except msgspec.DecodeError:
        raise Unavailable(f"the check did not come to an end: {problem.decode().strip() or said.decode()}") from None
