"""Verifies that NATS syncs every publish to disk before it acknowledges it (`sync_interval: always`)."""

import asyncio
import urllib.request
from http.client import HTTPException

import msgspec

from tradewire.settings import Nats

_MEND = "set `jetstream { sync_interval: always }` and restart it"


class _Config(msgspec.Struct, frozen=True):
    sync_always: bool = False


class _Jsz(msgspec.Struct, frozen=True):
    config: _Config = _Config()


def _ask(url: str) -> str:
    """Returns the problem with one server, or nothing."""
    if not url.startswith(("http://", "https://")):
        return f"{url} is no http address"
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}/jsz?config=1", timeout=2) as response:  # noqa: S310
            syncs = msgspec.json.decode(response.read(), type=_Jsz).config.sync_always
    except (OSError, HTTPException, ValueError) as error:  # HTTPException: an answer that breaks off
        return f"{url} does not say whether it syncs: {error}"
    return "" if syncs else f"{url} has no `sync_interval: always`: {_MEND}"


async def problem(settings: Nats) -> str:
    """Returns why the servers cannot be trusted to keep what they acknowledge, or nothing."""
    if settings.sync == "unverified":
        return ""
    if not settings.monitor_urls:
        return "nats.monitor_urls is empty, so `sync_interval: always` cannot be verified"
    loop = asyncio.get_running_loop()
    answers = await asyncio.gather(*(loop.run_in_executor(None, _ask, url) for url in settings.monitor_urls))
    return "; ".join(filter(None, answers))
