"""What a trial waits for in the running system: the order's states in the log, and the router's next comparison."""

import asyncio
import re
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from tradewire.domain.orders import Order
from tradewire_cli.client import Client
from tradewire_cli.engines import probe

_LOOK_SECONDS: Final = 0.5
_COMPARED: Final = re.compile(rb"^tradewire_router_last_comparison_timestamp_seconds\{[^}]*\} (\S+)", re.MULTILINE)
_DIFFERS: Final = re.compile(rb'^tradewire_router_open_breaks\{[^}]*\bkind="(\w+)"\} (\S+)', re.MULTILINE)


class Comparison(Struct, frozen=True):
    """A comparison of an account with its broker: when (seconds since the epoch), and which kinds differ."""

    at: float
    differs: tuple[str, ...] = ()


async def order_until(
    client: Client, heard: asyncio.Event, signal: str, seconds: float, holds: Callable[[Order], bool]
) -> Order | None:
    """The order of a signal once something holds of it, or as it is when the time is over; None when there is none."""
    order: Order | None = None
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                heard.clear()
                if (story := await client.find_order(signal)) is not None:
                    order = story.order
                    if holds(order):
                        return order
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_SECONDS):
                        await heard.wait()
    return order


async def compared(http: str, after: float, seconds: float) -> Comparison | None:
    """The router's first comparison after a time (seconds since the epoch); None when there is none in `seconds`."""
    end, address = time.monotonic() + seconds, urlsplit(http)
    while time.monotonic() < end:
        answer = await probe.get(address.hostname or "", address.port or 0, "/metrics")
        if answer is not None and (found := comparison(answer[1])) is not None and found.at > after:
            return found
        await asyncio.sleep(_LOOK_SECONDS)
    return None


def comparison(metrics: bytes) -> Comparison | None:
    """The last comparison that a router's metrics tell of; None where they tell of none."""
    at = _COMPARED.search(metrics)
    if at is None or not float(at[1]):
        return None
    return Comparison(float(at[1]), tuple(kind.decode() for kind, count in _DIFFERS.findall(metrics) if float(count)))
