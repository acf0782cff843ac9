"""What is measured for the checklist without the reader: NATS's monitor, Postgres, the processes' metrics, files."""

import asyncio
import re
import time
import urllib.request
from collections.abc import Awaitable, Iterable, Mapping
from http.client import HTTPException
from pathlib import Path
from shutil import disk_usage
from typing import Final, TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from tradewire.domain.times import SECOND
from tradewire_cli import keys
from tradewire_cli.engines.errors import EngineFailed
from tradewire_cli.engines.folder import DataFolder
from tradewire_cli.engines.postgres_cluster import run
from tradewire_cli.views import text

BACKUP_MADE: Final = "backup-made"
"""A file in the data folder that each backup touches: its time is the backup's."""

_HTTP_SECONDS: Final = 2.0
_PSQL_SECONDS: Final = 10.0
_OURS: Final = b"\ntradewire_"
_BUILD: Final = re.compile(rb'^tradewire_build_info\{[^}]*build="([^"]*)"', re.MULTILINE)
_SAFE: Final = ("fsync", "synchronous_commit", "full_page_writes", "data_checksums")
_QUESTIONS: Final = "\n".join(("select extract(epoch from clock_timestamp());", *(f"show {name};" for name in _SAFE)))

Answer = TypeVar("Answer")


class JetStream(Struct, frozen=True):
    """What a NATS server's monitor says: its streams, and by how many seconds its clock is ahead at least."""

    streams: frozenset[str]
    ahead: float


class Database(Struct, frozen=True):
    """What Postgres says: some of its settings, its clock (None when it was not told), or why it says nothing."""

    settings: dict[str, str] = {}
    ahead: float | None = None
    problem: str = ""


class _Stream(Struct):
    name: str


class _Account(Struct):
    stream_detail: list[_Stream] = []


class _Jsz(Struct):
    now: str
    account_details: list[_Account] = []


async def jetstream(monitor: str) -> JetStream | None:
    """Asks a NATS server's monitor; None when it does not answer."""
    (body, before, after) = await _timed(_get(f"{monitor.rstrip('/')}/jsz?streams=1"))
    if body is None:
        return None
    try:
        told = msgspec.json.decode(body, type=_Jsz)
    except msgspec.DecodeError:
        return None
    streams = frozenset(stream.name for account in told.account_details for stream in account.stream_detail)
    return JetStream(streams, ahead(text.micros(told.now) / SECOND, before, after))


async def database(dsn: str) -> Database:
    """Asks Postgres, as the role that the dsn names."""
    if not dsn:
        return Database(problem="postgres.reader_dsn is not set here, so it cannot be asked")
    address = urlsplit(dsn)
    # The password goes by the environment: everybody may read a program's arguments.
    bare = address._replace(netloc=address.netloc.replace(f":{address.password}@", "@", 1)).geturl()
    environment = {"PGPASSWORD": address.password or "", "PGCONNECT_TIMEOUT": "5"}
    arguments = ("--no-psqlrc", "--tuples-only", "--no-align", "--field-separator= ", f"--dbname={bare}")
    try:
        async with asyncio.timeout(_PSQL_SECONDS):
            asking = run("psql", *arguments, account=None, environment=environment, said=_QUESTIONS)
            (said, code), before, after = await _timed(asking)
    except TimeoutError:
        return Database(problem=f"does not answer in {_PSQL_SECONDS:g} s")
    except EngineFailed as error:
        return Database(problem=str(error))
    if code != 0:
        return Database(problem=" ".join(said.split()))
    clock, *values = said.split()
    return Database(dict(zip(_SAFE, values, strict=True)), ahead(float(clock), before, after))


def ahead(theirs: float, before: float, after: float) -> float:
    """By how many seconds another clock is ahead of ours at least, when it was read between two times of ours."""
    return min(theirs - before, 0.0) + max(theirs - after, 0.0)


async def builds(addresses: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """By process its build, empty when it tells none, and what is wrong with its /metrics, if anything."""
    bodies = await asyncio.gather(*(_get(f"{address}/metrics") for address in addresses.values()))
    found: dict[str, tuple[str, str]] = {}
    for name, body in zip(addresses, bodies, strict=True):
        build = _BUILD.search(body or b"")
        problem = "does not answer at /metrics" if body is None else "" if _OURS in body else "tells nothing of its own"
        found[name] = (build[1].decode() if build else "", problem)
    return found


def room(folders: Iterable[Path]) -> dict[str, float]:
    """What part of the disk of each folder is free for us."""
    found: dict[str, float] = {}
    for folder in folders:
        usage = disk_usage(folder)
        found[str(folder)] = usage.free / ((usage.used + usage.free) or 1)
    return found


def key_files(folder: DataFolder) -> dict[str, int | None]:
    """Every user that has a key, with the mode of its file where it lies in the data folder."""
    return {user: _mode(folder.seed_of(user)) for user in keys.known(folder)}


def backup_age(folder: DataFolder) -> int | None:
    """How long ago (µs) somebody said that a backup was made; None when nobody has."""
    try:
        made = (folder.path / BACKUP_MADE).stat().st_mtime
    except FileNotFoundError:
        return None
    return int((time.time() - made) * SECOND)


def _mode(path: Path) -> int | None:
    return path.stat().st_mode & 0o777 if path.exists() else None


async def _timed(work: Awaitable[Answer]) -> tuple[Answer, float, float]:
    """What some work brings, with our time before and after it, in seconds since the epoch."""
    before = time.time()
    answer = await work
    return answer, before, time.time()


async def _get(url: str) -> bytes | None:
    return await asyncio.to_thread(_fetch, url)


def _fetch(url: str) -> bytes | None:
    if not url.startswith(("http://", "https://")):
        return None
    try:
        with urllib.request.urlopen(url, timeout=_HTTP_SECONDS) as response:  # noqa: S310 - http and nothing else
            body: bytes = response.read()
    except (OSError, HTTPException, ValueError):  # HTTPException: an answer that breaks off
        return None
    return body
