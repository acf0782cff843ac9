"""`tradewire up` on a folder that its user may not use: exit 2, and one line with the command that mends it."""

import os
import pwd
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tradewire.errors import ConfigError
from tradewire_cli.engines.account import postgres_account
from tradewire_cli.engines.testing import reachable_folder

_ROOT = os.geteuid() == 0
_UID = 10001 if _ROOT else os.geteuid()
_GID = 10001 if _ROOT else os.getegid()
_BECOME = """
import os, sys
uid, gid, data = sys.argv[1:]
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(int(gid))
    os.setuid(int(uid))
"""
# Imported first, because another user may not be let in where this interpreter lies.
_UP = f"""
from tradewire_cli import __main__, app
import tradewire_cli.commands.up, tradewire_cli.up.run
app.make(["up"])
{_BECOME}
__main__.main(["up", "--data", data])
"""
_CREATE = f"""
from pathlib import Path
from tradewire.errors import ConfigError
from tradewire_cli.engines.folder import DataFolder
{_BECOME}
try:
    DataFolder.at(Path(data)).create()
except ConfigError as error:
    sys.exit(str(error))
"""


@pytest.fixture
def place() -> Iterator[Path]:
    with reachable_folder() as folder:
        yield folder


def run(program: str, data: Path) -> tuple[int, str]:
    """Runs a program on a data folder as a plain user; returns its exit code and what it said."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TRADEWIRE_")}
    done = subprocess.run(
        [sys.executable, "-c", program, str(_UID), str(_GID), str(data)],
        env=clean,
        cwd=data.parent if data.parent.exists() else "/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


@pytest.mark.skipif(not _ROOT, reason="needs root to have a folder of somebody else's")
def test_a_folder_of_another_user_is_refused_with_the_command_that_gives_it_away(place: Path) -> None:
    data = place / "data"
    data.mkdir(mode=0o755)
    code, said = run(_UP, data)
    assert code == 2
    assert said == (
        f"tradewire up: {data}: user {_UID} cannot write it: it belongs to 0:0, mode 0755. Give it to that user: "
        f"sudo chown -R {_UID}:{_GID} {data} (in a container: on the host, with the folder that is mounted there), "
        "or choose another with --data\n"
    )
    assert list(data.iterdir()) == []


@pytest.mark.skipif(not _ROOT, reason="needs root to give a folder away")
def test_the_command_that_it_says_mends_it(place: Path) -> None:
    data = place / "data"
    (data / "keys").mkdir(parents=True)
    _, said = run(_CREATE, data)
    assert "sudo chown -R" in said
    command = said.partition("sudo ")[2].partition(" (in a container")[0].split()
    subprocess.run(command, check=True)
    assert run(_CREATE, data) == (0, "")
    assert (data / "keys").stat().st_uid == _UID


@pytest.mark.skipif(not _ROOT, reason="needs root to give a folder away")
def test_a_folder_that_another_user_has_run_is_refused_with_the_same_command(place: Path) -> None:
    data = place / "data"
    (data / "keys").mkdir(parents=True)
    os.chown(data, _UID, _GID)
    code, said = run(_CREATE, data)
    assert code == 1
    assert "is run by user 0" in said
    assert f"sudo chown -R {_UID}:{_GID} {data}" in said


def test_a_folder_of_its_own_that_is_closed_is_refused_with_chmod(place: Path) -> None:
    data = place / "data"
    data.mkdir()
    os.chown(data, _UID, _GID)
    data.chmod(0o500)
    code, said = run(_CREATE, data)
    data.chmod(0o700)
    assert code == 1
    assert f"user {_UID} cannot write it" in said
    assert f"chmod u+rwx {data}" in said
    assert said.count("\n") == 1


@pytest.mark.skipif(not _ROOT, reason="needs root to have a folder of somebody else's")
def test_a_folder_that_cannot_be_made_is_refused_with_the_command_that_makes_it(place: Path) -> None:
    data = place / "not" / "there"
    place.chmod(0o755)
    (place / "not").mkdir(mode=0o755)
    code, said = run(_CREATE, data)
    assert code == 1
    assert f"user {_UID} cannot make it in {place / 'not'}" in said
    assert f"sudo install -d -m 0700 -o {_UID} -g {_GID} {data}" in said
    assert said.count("\n") == 1


def test_a_user_without_a_name_is_told_before_postgres_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    named = {entry.pw_uid for entry in pwd.getpwall()}
    nameless = next(uid for uid in range(54_321, 65_000) if uid not in named)
    monkeypatch.setattr(os, "geteuid", lambda: nameless)
    with pytest.raises(ConfigError, match=rf"user {nameless}, who has no name in /etc/passwd"):
        postgres_account()
    monkeypatch.setattr(os, "geteuid", lambda: pwd.getpwnam("nobody").pw_uid)
    assert postgres_account() is None
