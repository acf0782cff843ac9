"""What the ledger's command line does about backups; `tradewire backup` and `tradewire restore` run it."""

import asyncio
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from tradewire.errors import ConfigError
from tradewire.settings import Settings
from tradewire_ledger.backup.form import Unsealer, verify
from tradewire_ledger.backup.make import NOT_INCLUDED, Made, Progress, back_up
from tradewire_ledger.backup.places import SUFFIX, place_of, split
from tradewire_ledger.backup.restore import LOST_SINCE, Restored, look, restore

_QUIET_SECONDS = 2.0
_EVERY_SECONDS = 1.0


class Listed(Struct, frozen=True):
    """A backup in a list: what its header says, or why that cannot be read. Time in microseconds."""

    name: str
    bytes: int
    log_id: str = ""
    pos: int = 0
    made_at: int = 0
    build: str = ""
    problem: str = ""


def make(settings: Settings, words: Sequence[str], flags: frozenset[str]) -> str:
    """`backup [TO]`."""
    made = asyncio.run(back_up(settings, _place(settings, words), progress()))
    _note(Path(settings.data))
    if "--json" in flags:
        document = {
            "place": made.place,
            "name": made.name,
            "bytes": made.summary.bytes,
            "log_id": made.summary.header.log_id,
            "pos": made.summary.header.pos,
            "sha256": made.summary.seal,
            "made_at": made.summary.header.made_at,
            "seconds": made.seconds,
            "removed": made.removed,
            "not_included": NOT_INCLUDED,
        }
        return msgspec.json.encode(document).decode()
    return _made(made)


def _note(data: Path) -> None:
    """Lets the preflight know, which goes by the time of this file in the data folder."""
    if data.is_dir():
        with suppress(OSError):
            (data / "backup-made").touch()


def _made(made: Made) -> str:
    header = made.summary.header
    lines = [
        f"{made.place.rstrip('/')}/{made.name}",
        f"  log {header.log_id}, {header.pos:,} positions, {made.summary.bytes:,} bytes, {made.seconds:.1f} s; "
        "written and verified",
        f"  sha256 {made.summary.seal}",
        *(f"  removed {name}, which is older than the newest that are kept" for name in made.removed),
        "not in it:",
        *(f"  - {what}" for what in NOT_INCLUDED),
    ]
    return "\n".join(lines)


def listed(settings: Settings, words: Sequence[str], flags: frozenset[str]) -> str:
    """`backup-list [TO]`."""
    to = _place(settings, words)
    found = asyncio.run(_listed(settings, to))
    if "--json" in flags:
        return msgspec.json.encode({"place": to, "backups": found}).decode()
    if not found:
        return f"no backups in {to}"
    return "\n".join(_line(each) for each in found)


def _line(each: Listed) -> str:
    if each.problem:
        return f"{each.name}  {each.bytes:>13,} bytes  UNUSABLE: {each.problem}"
    made = datetime.fromtimestamp(each.made_at // 1_000_000, UTC).isoformat(" ")
    return f"{each.name}  {each.bytes:>13,} bytes  {each.pos:>11,} positions  {made}  {each.build}"


async def _listed(settings: Settings, to: str) -> list[Listed]:
    place = place_of(to, settings.backup)
    out = []
    for file in await place.files():
        try:
            header = await Unsealer(file.name, place.get(file.name)).header()
        except Exception as error:  # noqa: BLE001 - one bad file must not hide the good ones
            out.append(Listed(file.name, file.bytes, problem=str(error).removeprefix(f"{file.name}: ")))
            continue
        out.append(Listed(file.name, file.bytes, header.log_id, header.pos, header.made_at, header.build))
    return out


def verified(settings: Settings, words: Sequence[str], flags: frozenset[str]) -> str:
    """`backup-verify FILE`."""
    if not words:
        raise ConfigError("FILE", "is missing", f"Name the backup, whose name ends with {SUFFIX}.")
    where, name = split(words[0])
    summary = asyncio.run(verify(name, place_of(where, settings.backup).get(name)))
    header = summary.header
    if "--json" in flags:
        document = {"name": name, "header": header, "events": summary.trailer.events, "sha256": summary.seal}
        return msgspec.json.encode(document).decode()
    return (
        f"{name}: whole and unchanged: log {header.log_id}, {header.pos:,} positions, {summary.bytes:,} bytes, made by "
        f"{header.build} over schema {header.schema}\n  sha256 {summary.seal}"
    )


def restored(settings: Settings, words: Sequence[str], flags: frozenset[str]) -> str:
    """`restore FROM`; with `--look` it only says what would be refused."""
    if not words:
        raise ConfigError("FROM", "is missing", "Name a backup, or the place whose newest is meant.")
    if "--look" in flags:
        return asyncio.run(look(settings, words[0], replace="--replace" in flags))
    return _restored(asyncio.run(restore(settings, words[0], progress(), replace="--replace" in flags)))


def _restored(done: Restored) -> str:
    header = done.summary.header
    made = datetime.fromtimestamp(header.made_at // 1_000_000, UTC).isoformat(" ")
    lines = [
        f"{done.file}, made {made}: {header.pos:,} positions of log {header.log_id}",
        f"  are now log {done.log_id}, epoch {done.epoch}; everything is HALTED until a person resumes it",
        *([f"  {done.replaced} is replaced"] if done.replaced else []),
        "lost, because it came after the backup:",
        *(f"  - {what}" for what in LOST_SINCE),
        "never in a backup:",
        *(f"  - {what}" for what in NOT_INCLUDED),
    ]
    return "\n".join(lines)


def progress() -> Progress:
    """Lines on standard error, once something takes longer than two seconds."""
    began = said = time.monotonic()

    def tell(what: str, pos: int, target: int) -> None:
        nonlocal said
        now = time.monotonic()
        if now - began >= _QUIET_SECONDS and now - said >= _EVERY_SECONDS:
            said = now
            print(f"{what}: {pos:,} of {target:,} positions", file=sys.stderr)  # noqa: T201 - a command line speaks

    return tell


def _place(settings: Settings, words: Sequence[str]) -> str:
    if to := (words[0] if words else settings.backup.to):
        return to
    raise ConfigError("backup.to", "is not set, and no place was named", "Name a folder, or s3://bucket/folder.")
