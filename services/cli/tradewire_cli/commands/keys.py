"""`tradewire keys`: who may publish signals and give commands."""

import asyncio
from typing import Annotated

import typer
from msgspec import Struct

from tradewire.permissions import Kind, inbox_prefix, user_of
from tradewire_cli import keys as registry
from tradewire_cli.commands.options import DataOption, JsonOption, console
from tradewire_cli.commands.when import now
from tradewire_cli.exits import Exit, Failed
from tradewire_cli.finding import folder_of
from tradewire_cli.up.runfile import running
from tradewire_cli.views import plain, text
from tradewire_cli.views.columns import Column, table

keys = typer.Typer(no_args_is_help=True)

_KindArgument = Annotated[Kind, typer.Argument(metavar="strategy|person", help="What the key is for.")]
_NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Its name: a-z, 0-9, _ and -.")]


class _Listed(Struct, frozen=True):
    user: str
    public: str
    created: str
    file: str


@keys.callback()
def group() -> None:
    """Keys: one a strategy, a person or a service. Whoever holds the file is that user until it is revoked."""


@keys.command()
def add(kind: _KindArgument, name: _NameArgument, as_json: JsonOption = False, data: DataOption = None) -> None:
    """Make the key of a strategy or a person; it is valid at once."""
    folder = folder_of(data)
    seed = asyncio.run(registry.add(folder, kind, name))
    run = running(folder.run_file)
    url = run.urls["nats"] if run is not None else ""
    user = user_of(kind, name)
    if as_json:
        print(plain.document({"user": user, "nkey_file": str(seed), "nats_url": url, "inbox": inbox_prefix(user)}))
        return
    print(f"# the key of {user}; {'valid at once' if url else 'valid when the system runs'}")
    print(f"export NATS_URL={url or 'nats://…  # what `tradewire up` shows'}")
    print(f"export NATS_NKEY={seed}")
    print(f"export NATS_INBOX_PREFIX={inbox_prefix(user)}")


@keys.command("list")
def list_keys(as_json: JsonOption = False, data: DataOption = None) -> None:
    """List every user that has a key."""
    folder = folder_of(data)
    listed = [
        _Listed(user, key.public, key.created, str(folder.seed_of(user)))
        for user, key in sorted(registry.known(folder).items())
    ]
    if not listed:
        raise Failed(Exit.WRONG_USE, f"there are no keys in {folder.path}; name the data folder with --data")
    if as_json:
        print(plain.document({"keys": listed}))
        return
    out = console()
    columns: list[Column[_Listed]] = [
        Column("user", lambda key: key.user),
        Column("made", lambda key: text.short_time(text.micros(key.created), now()), rank=1),
        Column("public key", lambda key: key.public, rank=2),
        Column("file", lambda key: key.file, rank=3),
    ]
    out.print(table(listed, columns, out.width))


@keys.command()
def revoke(kind: _KindArgument, name: _NameArgument, data: DataOption = None) -> None:
    """End a key: whoever uses it is disconnected at once."""
    asyncio.run(registry.revoke(folder_of(data), kind, name))
    print(f"{user_of(kind, name)} has no key any more")
