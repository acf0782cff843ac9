"""Backups by the command line and on a schedule, of a running system and of one that is down."""

import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.cli.system import Up, started_up, tradewire
from tests.waiting import soon
from tradewire_cli.exits import Exit

SETTINGS = """
[backup]
to = "{to}"
every = "60s"
keep = 2
"""


@pytest.fixture(scope="module")
def to(data: Path) -> Path:
    return data / "backups"


@pytest.fixture(scope="module")
def up(data: Path, to: Path) -> Iterator[Up]:
    """A system that backs itself up."""
    with started_up(data, SETTINGS.format(to=to)) as system:
        yield system


def metric(up: Up, name: str) -> float:
    """What the reader tells."""
    with urllib.request.urlopen(f"{up.run.urls['reader']}/metrics") as answer:
        text = answer.read().decode()
    [found] = re.findall(rf"^{name} (\S+)$", text, re.MULTILINE)
    return float(found)


async def test_the_first_backup_is_made_at_once_and_the_metrics_tell_of_it(data: Path, to: Path, up: Up) -> None:
    async def there() -> bool:
        return to.is_dir() and bool(list(to.glob("*.twbackup"))) and metric(up, TOLD) > 0

    await soon(there)
    [file] = to.glob("*.twbackup")
    assert metric(up, "tradewire_backup_interval_seconds") == 60
    assert metric(up, "tradewire_backup_failures_total") == 0
    assert metric(up, "tradewire_backup_last_size_bytes") == file.stat().st_size
    assert metric(up, TOLD) >= metric(up, "tradewire_backup_last_attempt_timestamp_seconds")
    assert "backup" in up.run.processes
    assert (data / "backup-made").exists()


TOLD = "tradewire_backup_last_success_timestamp_seconds"


def test_a_person_backs_up_lists_and_verifies(data: Path, to: Path, up: Up, tmp_path: Path) -> None:
    own = tmp_path / "own"
    made = tradewire(data, "backup", str(own))
    assert made.code == Exit.DONE, made.err
    [file] = own.glob("*.twbackup")
    assert f"{file}\n" in made.out
    assert "written and verified" in made.out
    for what in ("keys and passwords", "tradewire.toml", "SIGNALS in NATS", "paper broker's journal", "cached bars"):
        assert what in made.out
    listed = tradewire(data, "backup", "list", str(own), "--json").json["backups"]
    assert [(each["name"], each["bytes"]) for each in listed] == [(file.name, file.stat().st_size)]
    whole = tradewire(data, "backup", "verify", str(file), "--json")
    assert whole.json["sha256"] in made.out

    damaged = own / file.name.replace("-", "-0", 2)
    content = bytearray(file.read_bytes())
    content[-50] ^= 1
    damaged.write_bytes(content)
    refused = tradewire(data, "backup", "verify", str(damaged))
    assert refused.code == Exit.REFUSED
    assert f"{damaged.name}: is damaged between bytes" in refused.err
    nothing = tradewire(data, "backup", "verify", str(own / "none.twbackup"))
    assert (nothing.code, "there is no such file" in nothing.err) == (Exit.REFUSED, True)
    busy = tradewire(data, "restore", str(file))
    assert (busy.code, "is in use by another tradewire up" in busy.err) == (Exit.WRONG_USE, True)


def test_without_a_place_and_without_a_log_it_says_so(tmp_path: Path) -> None:
    said = tradewire(tmp_path, "backup", str(tmp_path / "x"))
    assert (said.code, f"there is no log in {tmp_path}" in said.err) == (Exit.NOT_RUNNING, True)
    said = tradewire(tmp_path, "backup", "list")
    assert (said.code, "backup.to: is not set" in said.err) == (Exit.WRONG_USE, True)
    assert tradewire(tmp_path, "backup", "list", str(tmp_path)).out == f"no backups in {tmp_path}\n"
    (tmp_path / "other.twbackup").write_bytes(b"not one of ours")
    listed = tradewire(tmp_path, "backup", "list", str(tmp_path)).out
    assert "UNUSABLE: is not a Tradewire backup" in listed
