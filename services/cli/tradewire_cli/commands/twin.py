"""`tradewire twin`: a broker that is none, on this machine, to rehearse with."""

import asyncio
from pathlib import Path
from signal import SIGINT, SIGTERM
from typing import Annotated

import typer
from rich.text import Text

from tradewire.domain.names import is_name
from tradewire.errors import InvalidValue
from tradewire_cli.commands.options import ConfigOption, DataOption, console
from tradewire_cli.engines.folder import DataFolder
from tradewire_cli.engines.ports import PortBook, is_free
from tradewire_cli.exits import Exit, Failed
from tradewire_cli.finding import folder_of
from tradewire_cli.twins import KINDS, start
from tradewire_cli.up.lock import hold
from tradewire_cli.views import twin as view


def twin(
    broker: Annotated[str, typer.Argument(metavar="BROKER", help=f"Whose: {', '.join(KINDS)}.")],
    account: Annotated[str, typer.Option(help="The name of the account in the settings that are shown.")] = "rehearsal",
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Where it serves. [default: a free port, and that one again]")
    ] = 0,
    walk: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, max=3600, help="How often prices move; 0 is never.")
    ] = 2.0,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="NAME=VALUE", help="A rule of the twin, such as cash=5000; repeatable."),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget what it has kept, and begin anew.")] = False,
    folder: Annotated[
        Path | None,
        typer.Option("--folder", help="Where it keeps its state. [default: twins/BROKER in the data folder]"),
    ] = None,
    checkout: Annotated[
        Path | None, typer.Option(help="A clone of the repository. [default: the one around this folder]")
    ] = None,
    data: DataOption = None,
    config: ConfigOption = None,
) -> int:
    """Start a broker's twin: it speaks the broker's protocol on this machine, and any fault can be struck there.

    It says how it is reached, with keys and settings to paste, and serves until Ctrl-C. What happened there is kept.
    """
    if broker not in KINDS:
        raise InvalidValue("BROKER_UNKNOWN", f"there is no twin of {broker!r}", " or ".join(KINDS))
    if not is_name(account):
        raise InvalidValue("NAME_INVALID", f"--account: {account!r} is no name", "a to z, 0 to 9, _ and -")
    kept = DataFolder.at(folder).path if folder is not None else folder_of(data, config).path / "twins" / broker
    kept.mkdir(parents=True, exist_ok=True)
    with hold(kept / "lock", "tradewire twin"):
        if fresh:
            for name in ("state.jsonl", "journal.jsonl"):
                (kept / name).unlink(missing_ok=True)
        return asyncio.run(_serve(broker, account, kept, _port(kept, port), walk, option or [], checkout))


def _port(kept: Path, wanted: int) -> int:
    """The port that was asked for, else last time's, so that settings that were pasted stay right."""
    if wanted:
        if not is_free("127.0.0.1", wanted):
            raise Failed(Exit.REFUSED, f"--port: {wanted} is taken; leave it out, and a free one is chosen")
        return wanted
    book = PortBook(kept / "port.json")
    chosen = book.choose("twin")
    book.save()
    return chosen


async def _serve(
    broker: str, account: str, kept: Path, port: int, walk: float, options: list[str], root: Path | None
) -> int:
    out, kind, stop = console(), KINDS[broker], asyncio.Event()
    for number in (SIGINT, SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    twin = await start(kind, kept, port=port, walk=walk, options=options, root=root)
    try:
        given = dict(text.split("=", 1) for text in options)
        out.print(view.served(view.Served(broker, kind, twin.url, kept, account, walk > 0, given)), soft_wrap=True)
        out.print()
        out.print(Text("Ctrl-C ends it.", "dim"))
        asked, ended = asyncio.create_task(stop.wait()), asyncio.create_task(twin.child.wait())
        await asyncio.wait({asked, ended}, return_when=asyncio.FIRST_COMPLETED)
        if not asked.done():
            asked.cancel()
            raise Failed(Exit.REFUSED, f"the twin ended with {ended.result()}{twin.child.last_words}")
    finally:
        await twin.stop()
    print("the twin has ended; the same command starts it again with what it knew")
    return Exit.DONE
