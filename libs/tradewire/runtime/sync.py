"""Verifies that NATS syncs every publish to disk before it acknowledges it (`sync_interval: always`)."""

import asyncio
import json
import urllib.error
import urllib.request

from tradewire.settings import Nats

_MEND = "set `jetstream { sync_interval: always }` and restart it"


def _ask(url: str) -> str:
    """Returns the problem with one server, or nothing."""
    if not url.startswith(("http://", "https://")):
        return f"{url} is no http address"
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}/jsz?config=1", timeout=2) as response:  # noqa: S310
            config = json.load(response).get("config", {})
    except (OSError, ValueError) as error:
        return f"{url} does not say whether it syncs: {error}"
    return "" if config.get("sync_always") is True else f"{url} has no `sync_interval: always`: {_MEND}"


async def problem(settings: Nats) -> str:
    """Returns why the servers cannot be trusted to keep what they acknowledge, or nothing."""
    if settings.sync == "unverified":
        return ""
    if not settings.monitor_urls:
        return "nats.monitor_urls is empty, so `sync_interval: always` cannot be verified"
    loop = asyncio.get_running_loop()
    answers = await asyncio.gather(*(loop.run_in_executor(None, _ask, url) for url in settings.monitor_urls))
    return "; ".join(filter(None, answers))
