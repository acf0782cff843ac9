"""The environment of each service: what it needs, and no other's secrets."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from tradewire_cli.up.services import Service

_SECRET: Final = frozenset(
    {
        "TRADEWIRE_NATS_NKEY_FILE",
        "TRADEWIRE_POSTGRES_DSN",
        "TRADEWIRE_POSTGRES_READER_DSN",
        "TRADEWIRE_POSTGRES_ADMIN_DSN",
        "TRADEWIRE_PAPER_TOKEN_FILE",
    }
)


class Surroundings(Struct, frozen=True):
    """What the environments are made of.

    `inherited` is this process's own; `common` goes to every service; `nkey_files` is by NATS user, empty when NATS is
    not ours; `postgres` is by service; `paper` goes to those that talk to the paper broker. `broker_secrets`
    are names of variables that only routers are given.
    """

    inherited: Mapping[str, str]
    common: Mapping[str, str]
    nkey_files: Mapping[str, str]
    postgres: Mapping[str, Mapping[str, str]]
    paper: Mapping[str, str]
    broker_secrets: frozenset[str] = frozenset()


def environment_of(service: Service, around: Surroundings, *, host: str, port: int) -> dict[str, str]:
    """Returns the whole environment of a service that answers at `host` and `port`."""
    hidden = _SECRET if "broker" in service.needs else _SECRET | around.broker_secrets
    found = {name: value for name, value in around.inherited.items() if name not in hidden}
    found |= around.common
    found |= {"TRADEWIRE_HTTP_HOST": host, "TRADEWIRE_HTTP_PORT": str(port), **dict(service.settings)}
    if nkey_file := around.nkey_files.get(service.user) or around.inherited.get("TRADEWIRE_NATS_NKEY_FILE"):
        found["TRADEWIRE_NATS_NKEY_FILE"] = nkey_file
    if "postgres" in service.needs:
        found |= around.postgres[service.name]
    if "paper" in service.needs:
        found |= around.paper
    return found
