"""What one start will run, worked out from the settings before anything is started."""

import os
import secrets
import tomllib
from collections.abc import Mapping
from ipaddress import IPv4Address
from pathlib import Path

from msgspec import Struct

from tradewire.errors import ConfigError
from tradewire.permissions import SERVICE_USERS
from tradewire.setting_reading import load
from tradewire.settings import Settings
from tradewire_cli import OWNER, keys
from tradewire_cli.commands.when import now
from tradewire_cli.engines.folder import DataFolder, write_atomically
from tradewire_cli.engines.nats import NatsServer
from tradewire_cli.engines.ports import PortBook
from tradewire_cli.engines.postgres import PostgresServer
from tradewire_cli.preflight.guard import Held, held_accounts
from tradewire_cli.up.environment import Surroundings, environment_of
from tradewire_cli.up.options import UpOptions
from tradewire_cli.up.process import ServiceProcess
from tradewire_cli.up.services import services_of
from tradewire_router.brokers.opening import secret_variables, verify


class Plan(Struct, frozen=True):
    """The parts in the order in which they start. `nats` and `postgres` are None where the settings name another.

    `admin_dsn` is the database that is migrated first, empty for none; `ports`, `urls` and `config` go into `run.json`.
    `held` are the live accounts that must not trade yet, by the router that waits until their switch is thrown.
    """

    settings: Settings
    nats: NatsServer | None
    postgres: PostgresServer | None
    services: tuple[ServiceProcess, ...]
    admin_dsn: str
    ports: dict[str, int]
    urls: dict[str, str]
    config: str
    held: dict[str, Held]


def read_settings(options: UpOptions) -> tuple[Settings, DataFolder]:
    """Returns the settings and the data folder that they and the options name. Raises ConfigError."""
    try:
        IPv4Address(options.listen)
    except ValueError:
        raise ConfigError(
            "--listen", f"{options.listen!r} is not an IPv4 address", "Write one of this machine's, or 0.0.0.0 for all."
        ) from None
    settings = load(str(options.config) if options.config is not None else None, first=verify)
    return settings, DataFolder.at(options.data or Path(settings.data))


def make_plan(options: UpOptions, settings: Settings, folder: DataFolder) -> Plan:
    """Makes what is missing in the data folder (keys, passwords) and chooses free ports.

    Raises:
        ConfigError: also for an account with which its adapter would not start, so that nothing else is started.
    """
    if options.services:
        for account in settings.accounts:
            verify(settings, account)
    named = _named(options)
    ports = PortBook(folder.ports)
    if options.services and settings.http.port:
        # Before any port is chosen by chance, which might be one of these.
        for number, service in enumerate(services_of(settings)):
            ports.take(service.name, settings.http.port + number, options.listen)
    nats = None
    if "nats.url" not in named:
        keys.prepare(folder, settings.shard, people=(OWNER,))
        nats = NatsServer(
            folder,
            host=options.listen,
            port=ports.choose("nats", options.listen),
            monitor_port=ports.choose("nats_monitor"),
        )
    postgres = None if "postgres.dsn" in named else PostgresServer(folder, port=ports.choose("postgres"))
    services = _services(options, settings, folder, ports, nats, postgres) if options.services else ()
    ports.save()
    urls = {service.name: service.http for service in services}
    urls["nats"] = nats.url if nats is not None else settings.nats.url
    if nats is not None:
        urls["nats_monitor"] = nats.monitor_url
    admin_dsn = postgres.dsn("tradewire_admin") if postgres is not None else settings.postgres.admin_dsn
    held = held_accounts(settings, folder, now()) if options.services else {}
    config = _config(options)
    return Plan(
        settings,
        nats,
        postgres,
        services,
        admin_dsn,
        ports.chosen,
        urls,
        config=str(config.absolute()) if config is not None else "",
        held=held,
    )


def _services(
    options: UpOptions,
    settings: Settings,
    folder: DataFolder,
    ports: PortBook,
    nats: NatsServer | None,
    postgres: PostgresServer | None,
) -> tuple[ServiceProcess, ...]:
    around = _surroundings(options, settings, folder, ports, nats, postgres)
    made = []
    for service in services_of(settings):
        port = ports.chosen.get(service.name) or ports.choose(service.name, options.listen)
        environment = environment_of(service, around, host=options.listen, port=port)
        log = folder.logs / f"{service.name}.log"
        made.append(ServiceProcess(service.name, service.module, environment, host=options.listen, port=port, log=log))
    return tuple(made)


def _surroundings(
    options: UpOptions,
    settings: Settings,
    folder: DataFolder,
    ports: PortBook,
    nats: NatsServer | None,
    postgres: PostgresServer | None,
) -> Surroundings:
    common = {"TRADEWIRE_DATA": str(folder.path)}
    if options.config is not None:
        common["TRADEWIRE_CONFIG"] = str(options.config.absolute())
    if nats is not None:
        common |= {"TRADEWIRE_NATS_URL": nats.url, "TRADEWIRE_NATS_MONITOR_URLS": nats.monitor_url}
    return Surroundings(
        inherited=os.environ,
        common=common,
        nkey_files={user: str(folder.seed_of(user)) for user in SERVICE_USERS} if nats is not None else {},
        postgres=_postgres(settings, postgres),
        paper={
            "TRADEWIRE_PAPER_ADDRESS": f"127.0.0.1:{ports.choose('paper_broker')}",
            **{f"TRADEWIRE_PAPER_{key.upper()}": value for key, value in _paper(folder).items()},
        },
        broker_secrets=secret_variables(settings),
    )


def _postgres(settings: Settings, server: PostgresServer | None) -> Mapping[str, Mapping[str, str]]:
    given = settings.postgres
    sequencer = server.dsn("tradewire_sequencer") if server is not None else given.dsn
    reader = server.dsn("tradewire_reader") if server is not None else given.reader_dsn
    reading = {"TRADEWIRE_POSTGRES_READER_DSN": reader}
    return {"sequencer": {"TRADEWIRE_POSTGRES_DSN": sequencer}, "reader": reading, "backup": reading}


def paper_places(folder: DataFolder) -> dict[str, str]:
    """Where the paper broker of a data folder has its token and its journal, by the keys of [paper]."""
    return {"token_file": str(folder.secrets / "paper_token"), "journal": str(folder.path / "paper")}


def _paper(folder: DataFolder) -> dict[str, str]:
    """The same, with a token that is made when there is none yet."""
    places = paper_places(folder)
    token = Path(places["token_file"])
    if not token.exists():
        write_atomically(token, secrets.token_urlsafe(32))
    return places


def _named(options: UpOptions) -> set[str]:
    """Which of the two engines' addresses somebody wrote down, even if it is the default one."""
    path = _config(options)
    written = tomllib.loads(path.read_text()) if path is not None else {}
    return {
        f"{section}.{key}"
        for section, key in (("nats", "url"), ("postgres", "dsn"))
        if written.get(section, {}).get(key) or os.environ.get(f"TRADEWIRE_{section}_{key}".upper())
    }


def _config(options: UpOptions) -> Path | None:
    """The settings' file, if there is one."""
    return options.config or (Path(found) if (found := os.environ.get("TRADEWIRE_CONFIG")) else None)
