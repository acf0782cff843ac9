"""The whole checklist of one account: everything is measured at once, and each row is made of what was measured."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from msgspec import Struct

from tradewire.build import build_id
from tradewire.domain.limits import read
from tradewire.domain.switches import account_scopes
from tradewire.errors import TradewireError
from tradewire.runtime import sync
from tradewire.settings import Nats, Risk, Settings
from tradewire.subjects import SIGNALS_STREAM, log_stream
from tradewire_cli.client import Place, connected
from tradewire_cli.commands.status import look
from tradewire_cli.commands.when import now
from tradewire_cli.engines.folder import DataFolder
from tradewire_cli.engines.postgres import PostgresServer
from tradewire_cli.preflight import account_rows, asking, custody_rows, ntp, probing, system_rows
from tradewire_cli.preflight.asking import Told
from tradewire_cli.preflight.probing import Database, JetStream
from tradewire_cli.preflight.record import print_of
from tradewire_cli.preflight.row import ROWS, Row, fail
from tradewire_cli.up.runfile import Run
from tradewire_cli.up.services import router_of
from tradewire_cli.views.status import System

_FROM_THE_READER: Final = ("account", "reconciled", "broker", "limits", "switches", "log")


class Subject(Struct, frozen=True):
    """What is measured: an account of a running system, its data folder and settings, and who asks."""

    account: str
    settings: Settings
    folder: DataFolder
    run: Run
    place: Place


async def measured(about: Subject) -> tuple[Row, ...]:
    """Every row of the checklist, in its order. What cannot be measured fails."""
    system, told, jetstream, sync_problem, database, builds = await asyncio.gather(
        look(about.run, about.place),
        _told(about),
        _jetstream(about),
        sync.problem(_nats(about)),
        probing.database(_dsn(about)),
        probing.builds({name: url for name, url in about.run.urls.items() if name not in {"nats", "nats_monitor"}}),
    )
    rows = [
        _settings(about),
        system_rows.processes(system.processes),
        _router(about, system),
        *_reader_rows(about, told),
        _nats_row(about, jetstream, sync_problem),
        system_rows.postgres(database.problem, database.settings),
        system_rows.backup(probing.backup_age(about.folder)),
        system_rows.disk(probing.room(_disks(about.folder))),
        _clock(jetstream, database),
        *_custody(about),
        system_rows.metrics({name: problem for name, (_, problem) in builds.items()}),
        system_rows.versions(build_id(), _versions(builds)),
    ]
    return tuple(sorted(rows, key=lambda row: ROWS.index(row.row)))


def _disks(folder: DataFolder) -> list[Path]:
    """The data folder, and its parts where they may lie on disks of their own."""
    return [folder.path, *(part for part in (folder.postgres, folder.nats) if part.exists())]


def _versions(builds: dict[str, tuple[str, str]]) -> dict[str, str]:
    """Those of the services; the paper broker stands for one that is not ours and has a version of its own."""
    return {name: build for name, (build, _) in builds.items() if name != "paper"}


def _settings(about: Subject) -> Row:
    running = about.run.prints.get(about.account) == print_of(about.settings, about.account)
    return account_rows.settings(about.settings.accounts[about.account], len(Risk.__struct_fields__), running=running)


def _router(about: Subject, system: System) -> Row:
    name = router_of(about.settings, about.account)
    problem = next((state.problem for state in system.processes if state.name == name), "does not run")
    if system.log is None and not problem:
        return _not_measured("router", system.problem)
    leases = system.log.leases if system.log is not None else ()
    leads = any(lease.holder for lease in leases if lease.name == f"router-{about.account}")
    return account_rows.router(name, problem, leads=leads)


def _reader_rows(about: Subject, told: Told | str) -> Iterable[Row]:
    if isinstance(told, str):
        return [_not_measured(row, told) for row in _FROM_THE_READER]
    profile, at = about.settings.accounts[about.account], now()
    report, reported = (told.balances[1], told.balances[0].at) if told.balances else (None, 0)
    agreed = (told.mended[0].pos, at - told.mended[0].at) if told.mended else None
    broke = (told.broke[0].pos, told.broke[1]) if told.broke else None
    configured = {name: text for name in Risk.__struct_fields__ if (text := getattr(about.settings.risk, name))}
    scopes = account_scopes(about.account, profile.broker)
    most = read("max_balance_age", about.settings.risk.max_balance_age).micros
    return [
        account_rows.account(about.account, profile, told.control.brokers.get(about.account)),
        account_rows.reconciled(agreed, broke),
        account_rows.broker(report, at - reported, most, profile.broker, about.account),
        account_rows.limits(configured, told.control.limits, scopes),
        account_rows.switches(told.control.switches, scopes),
        system_rows.log(told.status.pos, told.behind, told.status.log_id, told.frames),
    ]


def _not_measured(row: str, why: str) -> Row:
    return fail(row, f"not measured: {why}", "see the row processes")


def _nats_row(about: Subject, jetstream: JetStream | None, problem: str) -> Row:
    wanted = (SIGNALS_STREAM, log_stream(about.settings.shard))
    streams = jetstream.streams if jetstream is not None else None
    return system_rows.nats(problem, streams, wanted, verified=about.settings.nats.sync == "verified")


def _clock(jetstream: JetStream | None, database: Database) -> Row:
    offsets = {"NATS": jetstream.ahead if jetstream is not None else None, "Postgres": database.ahead}
    known = {name: offset for name, offset in offsets.items() if offset is not None}
    return system_rows.clock(known, synchronised=ntp.synchronised())


def _custody(about: Subject) -> Iterable[Row]:
    files = probing.key_files(about.folder)
    people = set(about.settings.ingest.people) or {user for user in files if user.startswith("person-")}
    return (custody_rows.keys(files), custody_rows.people(len(people)), custody_rows.webhook(), custody_rows.alerts())


async def _told(about: Subject) -> Told | str:
    try:
        async with connected(about.place) as client:
            return await asking.ask(client, about.account)
    except TradewireError as error:
        return str(error)


async def _jetstream(about: Subject) -> JetStream | None:
    monitors = _nats(about).monitor_urls
    return await probing.jetstream(monitors[0]) if monitors else None


def _nats(about: Subject) -> Nats:
    own = about.run.urls.get("nats_monitor")
    monitors = [own] if own else about.settings.nats.monitor_urls
    return Nats(monitor_urls=monitors, sync=about.settings.nats.sync)


def _dsn(about: Subject) -> str:
    if "postgres" not in about.run.ports:
        return about.settings.postgres.reader_dsn
    return PostgresServer(about.folder, port=about.run.ports["postgres"]).dsn("tradewire_reader")
