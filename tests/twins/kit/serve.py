"""Running a twin as a process of its own: one line with its URL, then service until SIGTERM or Ctrl-C."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from tests.twins.kit.server import Twin
from tests.twins.kit.venue import Venue


def parser(name: str) -> argparse.ArgumentParser:
    """The arguments that every twin takes."""
    arguments = argparse.ArgumentParser(prog=f"python -m tests.twins.{name}", description=f"A local twin of {name}.")
    arguments.add_argument(
        "--data", type=Path, required=True, help="folder of the journal and of the state that is kept"
    )
    arguments.add_argument("--port", type=int, default=0, help="loopback port; 0 takes a free one")
    arguments.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE", help="a rule's value; may be given often"
    )
    return arguments


def serve(arguments: argparse.Namespace, venue: Callable[[dict[str, str]], Venue]) -> int:
    """Serves until it is told to stop; gives the exit code, 2 for an option that is wrong."""
    try:
        options = dict(text.split("=", 1) for text in arguments.option)
        built = venue(options)
    except ValueError as error:
        sys.stderr.write(f"--option NAME=VALUE: {error}\n")
        return 2
    asyncio.run(_served(Twin(built, arguments.data), arguments.port))
    return 0


async def _served(twin: Twin, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with twin.served(port):
        sys.stdout.write(f"{twin.url}\n")
        sys.stdout.flush()
        await stop.wait()
