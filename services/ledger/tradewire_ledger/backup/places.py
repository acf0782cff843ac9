"""Where backups are kept: a folder, or an S3-compatible bucket. Either shows a file only when it is whole and verified.

S3 has credentials from the files that the settings name, else from the environment as all its clients read them
(AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, a role of the machine or the pod).
"""

import asyncio
import fcntl
import os
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any, Protocol
from urllib.parse import urlsplit

import obstore
from msgspec import Struct
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from tradewire import faults
from tradewire.errors import ConfigError, Unavailable
from tradewire.secret_files import read_secret
from tradewire.settings import Backup
from tradewire_ledger.backup.form import BackupRefused

SUFFIX = ".twbackup"
_CHUNK = 1 << 20
_UNFINISHED = ".unfinished"
_NO_BUCKET = "<Code>NoSuchBucket</Code>"
_KEYS = "mend backup.access_key_file and backup.secret_key_file"
_YOUNG_SECONDS = 60
"""What is younger is left alone: its writer may not have locked it yet."""

Verify = Callable[[AsyncIterator[bytes]], Awaitable[Any]]
"""Reads what was written, and raises unless it is right."""


class Stored(Struct, frozen=True, order=True):
    """A file at a place: its name and its size in bytes."""

    name: str
    bytes: int


class Place(Protocol):
    """A folder or a bucket. Every method raises Unavailable when it cannot be reached or written."""

    async def put(self, name: str, chunks: AsyncIterator[bytes], verify: Verify) -> None:
        """Writes a file that nobody sees under its name before it is whole and `verify` has read it."""

    def get(self, name: str) -> AsyncIterator[bytes]:
        """The file's bytes. Raises BackupRefused when there is no such file."""

    async def files(self) -> list[Stored]:
        """The whole files that are backups by their names, oldest first."""

    async def delete(self, name: str) -> None:
        """Removes a file."""


class Folder:
    """A folder of this machine, which is made when it is missing; its files are for their owner alone."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __str__(self) -> str:
        return str(self._path)

    async def put(self, name: str, chunks: AsyncIterator[bytes], verify: Verify) -> None:
        """As Place says: under a temporary name, on disk, read again, then renamed."""
        fresh = self._path / f".{name}{_UNFINISHED}"
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            self._sweep()
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    _lock(file.fileno())
                    async for chunk in chunks:
                        file.write(chunk)
                    file.flush()
                    await asyncio.to_thread(os.fsync, file.fileno())
                    await verify(_read(fresh))
                    faults.point("backup.before_rename")
                    fresh.replace(self._path / name)
                _sync_folder(self._path)
            finally:
                with suppress(OSError):
                    fresh.unlink(missing_ok=True)
        except OSError as error:
            why = error.strerror or error
            raise Unavailable(f"{self._path}: {why}; mend that, or name another place (backup.to)") from None

    def _sweep(self) -> None:
        """Removes what was being written by whoever was killed at it: a lock ends with its process."""
        for left in self._path.glob(f".*{SUFFIX}{_UNFINISHED}"):
            with suppress(OSError), left.open("rb") as file:
                if time.time() - left.stat().st_mtime > _YOUNG_SECONDS:
                    _lock(file.fileno(), must=True)
                    left.unlink()

    async def get(self, name: str) -> AsyncIterator[bytes]:
        """As Place says."""
        async for chunk in _read(self._path / name):
            yield chunk

    async def files(self) -> list[Stored]:
        """As Place says; a folder that is missing holds none."""
        try:
            found = [each for each in self._path.iterdir() if _is_backup(each.name)]
            return sorted(Stored(each.name, each.stat().st_size) for each in found)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise Unavailable(f"{self._path}: {error.strerror}") from None

    async def delete(self, name: str) -> None:
        """As Place says."""
        try:
            (self._path / name).unlink(missing_ok=True)
        except OSError as error:
            raise Unavailable(f"{self._path / name}: {error.strerror}") from None


class Bucket:
    """An S3-compatible bucket, or a part of it. An upload in parts shows up only when it is complete."""

    def __init__(self, url: str, store: S3Store, endpoint: str = "") -> None:
        self._url, self._store, self._endpoint = url, store, endpoint

    def __str__(self) -> str:
        return self._url

    async def put(self, name: str, chunks: AsyncIterator[bytes], verify: Verify) -> None:
        """As Place says. S3 renames nothing, and shows an upload when its last part is there."""
        try:
            await obstore.put_async(self._store, name, chunks, use_multipart=True)
        except (BaseError, OSError) as error:
            raise Unavailable(f"{self._url}: {_why(error, self._endpoint)}") from None
        try:
            await verify(self.get(name))
        except BaseException:
            await self.delete(name)
            raise

    async def get(self, name: str) -> AsyncIterator[bytes]:
        """As Place says."""
        try:
            found = await obstore.get_async(self._store, name)
            async for chunk in found.stream(min_chunk_size=_CHUNK):
                yield bytes(chunk)
        except FileNotFoundError as error:
            if _NO_BUCKET in str(error):
                raise Unavailable(f"{self._url}: {_why(error, self._endpoint)}") from None
            raise BackupRefused(f"{self._url.rstrip('/')}/{name}: there is no such file") from None
        except (BaseError, OSError) as error:
            raise Unavailable(f"{self._url}: {_why(error, self._endpoint)}") from None

    async def files(self) -> list[Stored]:
        """As Place says."""
        try:
            found = await obstore.list(self._store).collect_async()
        except (BaseError, OSError) as error:
            raise Unavailable(f"{self._url}: {_why(error, self._endpoint)}") from None
        return sorted(Stored(each["path"], each["size"]) for each in found if _is_backup(each["path"]))

    async def delete(self, name: str) -> None:
        """As Place says."""
        try:
            await obstore.delete_async(self._store, name)
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise Unavailable(f"{self._url}: {_why(error, self._endpoint)}") from None


def place_of(to: str, backup: Backup) -> Place:
    """The place that `to` names: `s3://bucket/folder`, else a folder of this machine.

    Raises:
        ConfigError: it is neither, or a file of credentials cannot be read.
    """
    if "://" not in to:
        return Folder(Path(to).expanduser().absolute())
    parts = urlsplit(to)
    if parts.scheme != "s3" or not parts.netloc:
        raise ConfigError("backup.to", f"is {to!r}", "Write a folder, or s3://bucket/folder.")
    options: dict[str, Any] = {}
    for key, path in (("access_key_id", backup.access_key_file), ("secret_access_key", backup.secret_key_file)):
        if path:
            setting = f"backup.{key.split('_')[0]}_key_file"
            options[key] = read_secret(Path(path), setting, missing="Name a file that there is.", empty="Write it in.")
    if backup.endpoint:
        options["endpoint"] = backup.endpoint
    if backup.region:
        options["region"] = backup.region
    endpoint = backup.endpoint or os.environ.get("AWS_ENDPOINT_URL", "")
    plain = endpoint.startswith("http://")
    client: Any = {"allow_http": plain, "timeout": "60s"}
    retry: Any = {"max_retries": 3}
    prefix = parts.path.strip("/") or None
    store = S3Store(parts.netloc, prefix=prefix, client_options=client, retry_config=retry, **options)
    return Bucket(to, store, endpoint)


def split(file: str) -> tuple[str, str]:
    """The place and the name of one file, as a person writes it."""
    if "://" in file:
        place, _, name = file.rpartition("/")
        return place, name
    path = Path(file).expanduser().absolute()
    return str(path.parent), path.name


def _is_backup(name: str) -> bool:
    return len(PurePosixPath(name).parts) == 1 and name.endswith(SUFFIX) and not name.startswith(".")


async def _read(path: Path) -> AsyncIterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := await asyncio.to_thread(file.read, _CHUNK):
                yield chunk
    except (FileNotFoundError, IsADirectoryError):
        raise BackupRefused(f"{path}: there is no such file") from None
    except OSError as error:
        raise Unavailable(f"{path}: {error.strerror}") from None


def _lock(descriptor: int, *, must: bool = False) -> None:
    """Takes the lock of a file. Raises OSError if somebody has it, or none can be had, and it `must` be taken."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        if must:
            raise


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _why(error: BaseException, endpoint: str) -> str:
    """What a person can do about what S3 said, which is pages long."""
    said = str(error)
    if _NO_BUCKET in said:
        return "there is no such bucket: make it, or mend backup.to"
    if "/latest/" in said:  # the client has gone on to ask the machine it runs on for a role
        return f"there are no credentials: {_KEYS}, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    if isinstance(error, (PermissionDeniedError, UnauthenticatedError)) or "403 Forbidden" in said:
        code = re.search(r"<Code>(\w+)</Code>", said)
        return f"the credentials are refused{f' ({code[1]})' if code else ''}: {_KEYS}, or the bucket's policy"
    if "error sending request" in said:
        return f"{endpoint or 'S3'} does not answer: mend backup.endpoint, or the network"
    return _first_line(error)


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
