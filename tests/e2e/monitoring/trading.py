"""What goes on in the system that is watched: two accounts trade, are denied, refused, halted and asked."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from tests.e2e.cli.system import Said, tradewire
from tests.e2e.cli.twin import Twin
from tests.waiting import soon
from tradewire.domain.orders import Status
from tradewire_cli import OWNER
from tradewire_cli.client import Client, connected, place_of

PER_MINUTE: Final = 6000
"""Requests a minute: it is compared so often here that Alpaca's budget would not do."""
BACKUPS: Final = "backups"
"""Where backups go, in the data folder."""
RISK: Final = """
[risk]
mark_interval = "1s"
approval_threshold = "5000"
approval_deadline = "1h"
max_price_age = "1h"
max_signal_age = "5m"
max_orders_per_second = "none"
max_orders_per_minute = "none"
max_orders_per_day = "none"
duplicate_window = "none"
max_repeated_executions = "none"
soft_limit = "1"
max_open_orders = "500"
"""
_DAYS: Final = 30
"""Of how many days risk knows prices; twenty changes are the fewest that it measures with."""


def days() -> list[dict[str, object]]:
    """Daily bars up to yesterday, which go up and down."""
    today = datetime.now(UTC).replace(hour=5, minute=0, second=0, microsecond=0)
    bars = []
    for number in range(_DAYS):
        at, price = today - timedelta(days=_DAYS - number), 185 + number % 7
        bars.append(
            {"t": f"{at:%Y-%m-%dT%H:%M:%SZ}", "o": price, "h": price + 2, "l": price - 2, "c": price, "v": 1000}
        )
    return bars


def settings(twin: Twin, data: Path) -> str:
    """An account at the twin, and one at the paper broker that trades what the twin does not quote."""
    fast = twin.settings.replace("[router]\n", '[router]\nreconcile_interval = "2s"\n')
    wide = fast.replace('[risk]\nallowed_symbols = "', f'{RISK}allowed_symbols = "KO,')
    return f"""{wide}rate_per_min = "{PER_MINUTE}"
[accounts.play]
broker = "paper"
[paper]
faults = true
slippage_bps = 80
commission_per_share = "0.01"
[backup]
to = "{data / BACKUPS}"
every = "60s"
"""


_BEGUN: Final = {Status.REQUESTED, Status.APPROVED, Status.SUBMITTING}


class Desk:
    """Sends signals by hand, each under an id of its own."""

    def __init__(self, data: Path) -> None:
        self._data, self._number = data, 0

    def send(self, *bodies: dict[str, Any]) -> None:
        """Publishes signals, and waits until risk has dealt with each."""
        asyncio.run(self._send(bodies, waits=True))

    def publish(self, body: dict[str, Any]) -> None:
        """Publishes a signal, whatever becomes of it."""
        asyncio.run(self._send((body,), waits=False))

    async def _send(self, bodies: tuple[dict[str, Any], ...], *, waits: bool) -> None:
        async with connected(place_of(self._data, OWNER)) as client:
            for body in bodies:
                name, text = self._written(body)
                await client.publish(name, text)
                if waits and "action" in body and body.get("quantity"):
                    await soon(partial(self._dealt_with, client, name))

    def _written(self, body: dict[str, Any]) -> tuple[str, bytes]:
        self._number += 1
        name = f"watched-{self._number}"
        return name, json.dumps({"id": name, "timestamp": datetime.now(UTC).isoformat()} | body).encode()

    async def _dealt_with(self, client: Client, name: str) -> bool:
        """Whether an order has left its first states, so that the next one finds what it did."""
        found = await client.find_order(name)
        return found is not None and found.order.status not in _BEGUN

    def tell(self, *arguments: str) -> Said:
        """A command that must be carried out."""
        said = tradewire(self._data, *arguments)
        assert said.code == 0, said.out + said.err
        return said

    def held(self) -> list[str]:
        """The orders that wait for a person."""
        return [order["order"] for order in self.tell("approvals", "--json").json["orders"]]

    def until(self, holds: Callable[[], Any]) -> None:
        """Waits until something holds."""

        async def asked() -> Any:
            return await asyncio.to_thread(holds)

        asyncio.run(soon(asked))


def signal(action: str, symbol: str, quantity: int, price: str, account: str = "play", **more: Any) -> dict[str, Any]:
    """A signal's body."""
    named = {"action": action, "symbol": symbol, "quantity": quantity, "price": price, "account": account}
    return named | more


def round_trip(price: str, then: str) -> tuple[dict[str, Any], ...]:
    """Bought at a price and sold at another."""
    return signal("buy", "KO", 10, price), signal("sell", "KO", 10, then)
