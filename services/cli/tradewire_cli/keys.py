"""The NATS users of an installation: their nkeys on disk, and the server's user list made from them.

`add` and `revoke` take effect at once in a running system; `register` and `forget` do the same, but tell no server.

A seed lies in `keys/<user>.nk` (0600), the public key in `keys.json`. Whoever holds a seed is that user until it is
revoked.
"""

import fcntl
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import nkeys
from msgspec import Struct

from tradewire.errors import InvalidValue
from tradewire.permissions import SERVICE_USERS, Kind, permissions_of, user_of
from tradewire_cli.engines.folder import DataFolder, write_atomically
from tradewire_cli.engines.nats import reload_users
from tradewire_cli.engines.nats_config import USERS_FILE, users_config
from tradewire_cli.up.runfile import alive, running


class Key(Struct, frozen=True):
    """A user's public key and when it was made (RFC 3339)."""

    public: str
    created: str


class _Registry(Struct):
    shard: str
    users: dict[str, Key]


def prepare(folder: DataFolder, shard: str, people: Sequence[str] = ()) -> None:
    """Makes the keys of services that have none and writes the user list. Raises InvalidValue on a bad shard.

    `people` get theirs when the installation is new; later nobody gets back a key that was revoked.
    """
    with _registry(folder, shard) as registry:
        new = () if registry.users else tuple(user_of("person", person) for person in people)
        for user in (*SERVICE_USERS, *new):
            if user not in registry.users or not folder.seed_of(user).exists():
                registry.users[user] = _generate(folder, user, shard)


async def add(folder: DataFolder, kind: Kind, name: str) -> Path:
    """Makes a strategy's or a person's key, valid at once if the system runs. Returns the seed's file, to hand over.

    Raises InvalidValue if the name is not allowed or has a key already, and EngineFailed if the server refuses it.
    """
    seed = register(folder, user_of(kind, name))
    await _reload(folder)
    return seed


async def revoke(folder: DataFolder, kind: Kind, name: str) -> None:
    """Ends a strategy's or a person's key: it is disconnected at once if the system runs.

    Raises InvalidValue if it has none, and EngineFailed if the server refuses that.
    """
    forget(folder, user_of(kind, name))
    await _reload(folder)


def register(folder: DataFolder, user: str) -> Path:
    """Makes a key for a user and writes the user list, without telling a server. Returns the seed's file.

    Raises InvalidValue if the name is not allowed or has a key already.
    """
    with _registry(folder) as registry:
        if user in registry.users:
            raise InvalidValue("user", f"{user} has a key already", "a new name, or revoke this key first")
        registry.users[user] = _generate(folder, user, registry.shard)
    return folder.seed_of(user)


def forget(folder: DataFolder, user: str) -> None:
    """Takes a user from the user list and removes its seed, without telling a server.

    Raises InvalidValue if it has none.
    """
    with _registry(folder) as registry:
        if registry.users.pop(user, None) is None:
            raise InvalidValue("user", f"{user} has no key", f"one of {', '.join(sorted(registry.users))}")
    folder.seed_of(user).unlink(missing_ok=True)


def known(folder: DataFolder) -> dict[str, Key]:
    """Returns every user and its public key."""
    return _read(folder).users


async def _reload(folder: DataFolder) -> None:
    run = running(folder.run_file)
    server = run.processes.get("nats") if run is not None else None
    if run is not None and server is not None and alive(server) is not None:
        await reload_users(server.pid, run.ports["nats_monitor"])


def new_seed() -> bytes:
    """Returns the seed of a new nkey."""
    return bytes(nkeys.encode_seed(secrets.token_bytes(32), nkeys.PREFIX_BYTE_USER))


def public_of(seed: bytes) -> str:
    """Returns the public nkey of a seed. Raises InvalidValue if it is none."""
    try:
        return str(nkeys.from_seed(bytearray(seed.strip())).public_key.decode().rstrip("="))
    except (nkeys.NkeysError, ValueError):
        raise InvalidValue("seed", "this is no nkey seed", "one that begins with SU") from None


def _generate(folder: DataFolder, user: str, shard: str) -> Key:
    permissions_of(user, shard)
    seed = new_seed()
    write_atomically(folder.seed_of(user), seed)
    return Key(public=public_of(seed), created=datetime.now(UTC).isoformat(timespec="seconds"))


@contextmanager
def _registry(folder: DataFolder, shard: str | None = None) -> Iterator[_Registry]:
    folder.create()
    with (folder.keys / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        registry = _read(folder)
        registry.shard = shard or registry.shard
        yield registry
        publics = {user: key.public for user, key in registry.users.items()}
        users = users_config(publics, registry.shard)
        write_atomically(folder.key_registry, msgspec.json.format(msgspec.json.encode(registry)))
        write_atomically(folder.nats / USERS_FILE, users)


def _read(folder: DataFolder) -> _Registry:
    if not folder.key_registry.exists():
        return _Registry(shard="main", users={})
    return msgspec.json.decode(folder.key_registry.read_bytes(), type=_Registry)
