"""Whether a database is one that the ledger may write to: of this build's schema, and keeping what it commits."""

from importlib.resources import files
from typing import TypeAlias

import asyncpg

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
MIGRATE = "run `tradewire-ledger migrate`"

_VERSIONS = "select version from public.schema_migrations order by version"
_SETTINGS = "select name, setting from pg_settings where name = any($1::text[])"
_KEPT: dict[str, frozenset[str]] = {
    "fsync": frozenset({"on"}),
    "full_page_writes": frozenset({"on"}),
    "synchronous_commit": frozenset({"on", "remote_apply"}),
}
"""What must be set for a commit to be on disk when it is answered, and whole after a crash."""


class Unfit(Exception):  # noqa: N818 - named for what it says
    """The database is not one to work with until somebody has mended it; the message says what and how."""


def packaged() -> list[str]:
    """The versions of the migrations of this build, in order."""
    folder = files("tradewire_ledger") / "migrations"
    return sorted(file.name.partition("_")[0] for file in folder.iterdir() if file.name.endswith(".sql"))


async def verify_schema(connection: Connection) -> None:
    """Passes a database whose schema is exactly this build's.

    Raises:
        Unfit: migrations are missing, or there are some that this build does not know.
    """
    try:
        found = [row["version"] for row in await connection.fetch(_VERSIONS)]
    except asyncpg.UndefinedTableError:
        raise Unfit(f"has no tables yet: {MIGRATE}") from None
    except asyncpg.InsufficientPrivilegeError:
        raise Unfit(f"has the schema of an older build: {MIGRATE}") from None
    known = packaged()
    if newer := [version for version in found if version not in known]:
        newest = known[-1]
        raise Unfit(f"has migration {newer[-1]}, and this build ends at {newest}: start the build that made it")
    if missing := [version for version in known if version not in found]:
        raise Unfit(f"lacks migration {', '.join(missing)}: {MIGRATE}")


async def verify_durability(connection: Connection) -> str:
    """Passes a server that keeps what it commits; returns what people should know of it all the same, or nothing.

    Raises:
        Unfit: it may lose a commit that it has answered, or be torn by a crash.
    """
    rows = await connection.fetch(_SETTINGS, [*_KEPT, "data_checksums"])
    found = {row["name"]: row["setting"] for row in rows}
    for name, good in _KEPT.items():
        if found.get(name) not in good:
            raise Unfit(
                f"has {name} = {found.get(name, 'nothing')}, so that commits may be lost: set {name} = on and reload, "
                'or postgres.durability = "unverified"'
            )
    if found.get("data_checksums") != "on":
        return "has no data checksums, so that a bad disk is noticed late: stop it and run `pg_checksums --enable`"
    return ""
