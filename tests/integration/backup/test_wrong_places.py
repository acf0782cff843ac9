"""Places that cannot be written or read: one line that names the setting and the fix, on record, and nothing lost."""

import random
import resource
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest
from msgspec.structs import replace

from tests.integration.backup.test_backup import names_in, quiet, recorded
from tests.integration.reader.bench import Log
from tests.unit.reader.histories import History
from tradewire.errors import ConfigError, Unavailable
from tradewire.messages.account_events import Halted
from tradewire.settings import Backup, Settings
from tradewire_cli.engines.ports import free_port
from tradewire_ledger.backup import make, restore
from tradewire_ledger.backup.places import place_of

TO = "s3://tradewire/x"


@pytest.fixture
def bucket(s3: str) -> str:
    boto3.client("s3", endpoint_url=s3, region_name="us-east-1").create_bucket(Bucket="tradewire")
    return s3


def at(settings: Settings, endpoint: str) -> Settings:
    return replace(settings, backup=Backup(endpoint=endpoint, region="us-east-1"))


@contextmanager
def every_key_refused(endpoint: str) -> Iterator[None]:
    """The S3 server lets nobody in meanwhile; its settings are the process's own."""

    def ask(count: bytes) -> None:
        request = urllib.request.Request(f"{endpoint}/moto-api/reset-auth", count, {"Content-Type": "text/plain"})
        urllib.request.urlopen(request).close()

    ask(b"0")
    try:
        yield
    finally:
        ask(b"inf")


async def refused(settings: Settings, to: str) -> str:
    """What is said of a place to whoever backs up, restores or lists there; all of them the same."""
    said = []
    for work in (
        lambda: make.back_up(settings, to, quiet),
        lambda: restore.restore(settings, to, quiet, replace=True),
        lambda: place_of(to, settings.backup).files(),
    ):
        with pytest.raises(Unavailable) as error:
            await work()
        said.append(str(error.value))
    assert len(set(said)) == 1, said
    assert "\n" not in said[0]
    return said[0]


async def test_a_bucket_that_is_not_there(log: Log, settings: Settings, s3: str) -> None:
    said = await refused(at(settings, s3), "s3://nobody/x")
    assert said == "s3://nobody/x: there is no such bucket: make it, or mend backup.to"
    assert (await recorded(settings)).failures == 1
    assert log.pos


async def test_an_s3_that_does_not_answer(log: Log, settings: Settings, s3: str) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    said = await refused(at(settings, nobody), TO)
    assert said == f"{TO}: {nobody} does not answer: mend backup.endpoint, or the network"
    assert (await recorded(settings)).failures == 1
    assert log.pos


async def test_no_credentials(log: Log, settings: Settings, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    said = await refused(at(settings, bucket), TO)
    assert said.startswith(f"{TO}: there are no credentials: mend backup.access_key_file and backup.secret_key_file")
    assert (await recorded(settings)).failures == 1
    assert log.pos


async def test_wrong_credentials(log: Log, settings: Settings, bucket: str) -> None:
    with every_key_refused(bucket):
        said = await refused(at(settings, bucket), TO)
    assert said.startswith(f"{TO}: the credentials are refused (InvalidAccessKeyId): mend backup.access_key_file")
    assert (await recorded(settings)).failures == 1
    assert (await make.back_up(at(settings, bucket), TO, quiet)).summary.header.pos == log.pos


async def test_a_file_of_credentials_that_is_not_there(settings: Settings, log: Log, tmp_path: Path) -> None:
    backup = Backup(access_key_file=str(tmp_path / "none"), secret_key_file=str(tmp_path / "none"))
    with pytest.raises(ConfigError, match=r"^backup\.access_key_file: "):
        await make.back_up(replace(settings, backup=backup), TO, quiet)
    assert log.pos


async def large(log: Log) -> None:
    """Makes the log larger than all that is on its way from Postgres to a place at a time."""
    history = History(9)
    for number in range(150):
        reason = random.Random(number).randbytes(100_000).hex()
        scope, request = f"symbol.S{number}", str(number)
        history.add(f"control-{scope}", Halted(scope=scope, level="HALT", by="anna", reason=reason, request=request))
    log.silent = True
    await log.write(history)


@contextmanager
def full() -> Iterator[None]:
    """No file of this process may be longer than a few bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", ["small", "large"])
async def test_a_folder_that_is_full_keeps_what_is_there(
    log: Log, settings: Settings, tmp_path: Path, size: str
) -> None:
    if size == "large":
        await large(log)
    to = tmp_path / "backups"
    kept = (await make.back_up(settings, str(to), quiet)).name
    with full(), pytest.raises(Unavailable) as error:
        await make.back_up(settings, str(to), quiet)
    assert str(error.value) == f"{to}: File too large; mend that, or name another place (backup.to)"
    assert names_in(str(to)) == [kept]
    assert ((last := await recorded(settings)).failures, last.bytes > 0) == (1, True)
    assert (await make.back_up(settings, str(to), quiet)).summary.header.pos == log.pos
