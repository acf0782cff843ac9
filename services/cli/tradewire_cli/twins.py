"""A broker's twin as a child process: a program of the repository's own, found in a checkout and kept alive by us."""

import asyncio
import sys
from pathlib import Path
from typing import Final

from msgspec import Struct

from tradewire_cli.checkout import checkout, needs
from tradewire_cli.engines.child import Child
from tradewire_cli.exits import Exit, Failed

START_SECONDS: Final = 120.0
"""A twin does all that it ever did once more when it starts."""
STOP_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 0.02
_NEEDS: Final = ("aiohttp", "msgpack", "msgspec")


class Kind(Struct, frozen=True):
    """How a broker's twin is reached: its streams' paths, its keys, and what an account there says.

    `keys` are the variables that hold them, with the twin's option of each and its value when nothing is said. The
    first of the `symbols` serves as an example.
    """

    module: str
    streams: tuple[tuple[str, str], ...]
    keys: tuple[tuple[str, str, str], ...]
    account: tuple[tuple[str, str], ...]
    order_call: str
    symbols: tuple[str, ...]


KINDS: Final[dict[str, Kind]] = {
    "alpaca": Kind(
        module="tests.twins.alpaca",
        streams=(("order stream", "/stream"), ("quote stream", "/v2/iex"), ("coins' quotes", "/v1beta3/crypto/us")),
        keys=(("ALPACA_API_KEY", "key", "twin-key"), ("ALPACA_API_SECRET", "secret", "twin-secret")),
        account=(("broker", "alpaca"), ("environment", "paper")),
        order_call="POST /v2/orders",
        symbols=("AAPL", "MSFT", "NVDA", "TSLA", "SPY", "BTC/USD", "ETH/USD"),
    ),
}


class Twin:
    """A running twin; `url` is where it serves."""

    def __init__(self, child: Child, url: str) -> None:
        self.child, self.url = child, url

    async def stop(self) -> None:
        """Ends it; its state is on disk already."""
        await self.child.stop(STOP_SECONDS)


async def start(
    kind: Kind, folder: Path, *, port: int, walk: float, options: list[str], root: Path | None = None
) -> Twin:
    """Starts a twin on a folder, which keeps its state, and returns when it serves.

    Raises:
        Failed: there is no checkout, this Python lacks what the twin needs, or it has ended with these words.
    """
    where = checkout(kind.module.replace(".", "/"), root)
    needs(_NEEDS, "the twin")
    program = [sys.executable, "-m", kind.module, "--data", str(folder), "--port", str(port), "--walk", str(walk)]
    program += [word for option in options for word in ("--option", option)]
    child = await Child.start("twin", program, log=folder / "twin.log", folder=where)
    try:
        async with asyncio.timeout(START_SECONDS):
            while not (url := next((line for line in child.last_lines if line.startswith("http://")), "")):
                if child.exit_code is not None:
                    await child.wait()
                    raise Failed(Exit.WRONG_USE if child.exit_code == 2 else Exit.REFUSED, _ended(child))
                await asyncio.sleep(_LOOK_SECONDS)
    except TimeoutError:
        await child.stop(STOP_SECONDS)
        raise Failed(Exit.UNKNOWN, f"the twin did not serve within {START_SECONDS:g} s{child.last_words}") from None
    except BaseException:
        await child.stop(STOP_SECONDS)
        raise
    return Twin(child, url)


def _ended(child: Child) -> str:
    return f"the twin ended at its start{child.last_words}"
