"""The example strategy as a process of its own, which knows NATS and nothing of Tradewire."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tradewire.errors import ConfigError, Unavailable
from tradewire.permissions import inbox_prefix, user_of
from tradewire_cli.demo.session import STRATEGY
from tradewire_cli.engines.child import Child
from tradewire_cli.engines.folder import DataFolder

_SAYS = f"{STRATEGY} is listening"
_START_SECONDS = 20.0
_STOP_SECONDS = 5.0


def example() -> Path:
    """The strategy's file: the checkout's, or the one that was installed. Raises ConfigError if there is neither."""
    for root in (Path(__file__).parents[4], Path(sys.prefix, "share", "tradewire"), Path.cwd()):
        if (path := root / "examples" / f"{STRATEGY}.py").exists():
            return path
    raise ConfigError(f"examples/{STRATEGY}.py", "is not here", "Run the demo in a checkout of the repository.")


@asynccontextmanager
async def running_strategy(program: Path, folder: DataFolder, seed: Path, nats_url: str) -> AsyncIterator[None]:
    """Runs the strategy with its key from when it listens, until the end. Raises Unavailable if it does not start."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TRADEWIRE_", "NATS_"))}
    environment |= {
        "NATS_URL": nats_url,
        "NATS_NKEY": str(seed),
        "NATS_INBOX_PREFIX": inbox_prefix(user_of("strategy", STRATEGY)),
    }
    child = await Child.start(
        STRATEGY, (sys.executable, str(program)), log=folder.logs / f"{STRATEGY}.log", environment=environment
    )
    try:
        await _listening(child)
        yield
    finally:
        await child.stop(_STOP_SECONDS)


async def _listening(child: Child) -> None:
    try:
        async with asyncio.timeout(_START_SECONDS):
            while not any(line.startswith(_SAYS) for line in child.last_lines):
                if child.exit_code is not None:
                    raise Unavailable(f"{child.name} ended with code {child.exit_code}{child.last_words}")
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise Unavailable(f"{child.name} does not listen{child.last_words}") from None
