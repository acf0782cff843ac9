"""Running a twin as a process of its own: one line with its URL, then service until SIGTERM or Ctrl-C."""

import argparse
import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from tests.twins.kit.server import Twin
from tests.twins.kit.store import KeptError
from tests.twins.kit.venue import Venue

V = TypeVar("V", bound=Venue)
Beat = Callable[[], Iterable[tuple[str, dict[str, Any]]]]
"""Verbs with their arguments that are done by themselves, time after time."""


def parser(name: str) -> argparse.ArgumentParser:
    """The arguments that every twin takes."""
    arguments = argparse.ArgumentParser(prog=f"python -m tests.twins.{name}", description=f"A local twin of {name}.")
    arguments.add_argument(
        "--data", type=Path, required=True, help="folder of the journal and of the state that is kept"
    )
    arguments.add_argument("--port", type=int, default=0, help="loopback port; 0 takes a free one")
    arguments.add_argument(
        "--walk", type=float, default=0, metavar="SECONDS", help="move all prices a little so often; 0: leave them be"
    )
    arguments.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE", help="a rule's value; may be given often"
    )
    return arguments


def serve(
    arguments: argparse.Namespace, venue: Callable[[dict[str, str]], V], walk: Callable[[V], Beat] | None = None
) -> int:
    """Serves until it is told to stop; gives the exit code: 2 for an option that is wrong, 1 for a kept run that cannot
    be done again."""
    try:
        options = dict(text.split("=", 1) for text in arguments.option)
        built = venue(options)
    except ValueError as error:
        sys.stderr.write(f"--option NAME=VALUE: {error}\n")
        return 2
    beat = walk(built) if walk is not None and arguments.walk else None
    try:
        twin = Twin(built, arguments.data)
    except KeptError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    asyncio.run(_served(twin, arguments.port, beat, arguments.walk))
    return 0


async def _served(twin: Twin, port: int, beat: Beat | None, seconds: float) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    # Its journal is kept in memory, and looking through that for cycles would be a pause that a broker does not make.
    gc.freeze()
    gc.set_threshold(50_000, 50, 1_000)
    async with twin.served(port):
        sys.stdout.write(f"{twin.url}\n")
        sys.stdout.flush()
        walking = asyncio.create_task(_walk(twin, beat, seconds)) if beat is not None else None
        waiting = asyncio.create_task(stop.wait())
        await asyncio.wait({waiting, *([walking] if walking else [])}, return_when=asyncio.FIRST_COMPLETED)
        if walking is not None:
            walking.cancel()


async def _walk(twin: Twin, beat: Beat, seconds: float) -> None:
    while True:
        for verb, args in beat():
            twin.do(verb, args)
        await asyncio.sleep(seconds)
