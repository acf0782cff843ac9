"""Makes the Secrets of a cluster that are missing: nkeys, passwords, certificates, and the key of its owner.

`python -m tradewire_cli.k8s.secrets --help`. What is there stays; `--renew NAME` makes one anew, which is how a secret
is rotated. Nothing secret is printed.
"""

import re
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from tradewire.errors import TradewireError
from tradewire.permissions import SERVICE_USERS, permissions_of
from tradewire_cli import OWNER, keys
from tradewire_cli.engines import certificates
from tradewire_cli.engines.certificates import CA_FILE, CERT_FILE, KEY_FILE
from tradewire_cli.k8s.store import BASIC, Cluster, Folder, Store, StoreFailed

NAMESPACE: Final = "tradewire"
AUTHORITY: Final = "authority"
USERS: Final = "nats-users"
NKEY: Final = "nkey"
_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_ISSUED: Final = frozenset({"nats-tls", *(f"nats-{user}" for user in SERVICE_USERS)})
_ROLES: Final = ("admin", "sequencer", "reader")
_NODES: Final = 5
_OPAQUE, _TLS = "Opaque", "kubernetes.io/tls"

app = typer.Typer(pretty_exceptions_enable=False, help=__doc__)


def secret_of(user: str) -> str:
    """The Secret with a NATS user's key: `nats-risk`, `person-anna`, `strategy-momo`, `strategy-sma.cross`.

    A cluster's names have no `_`, and ours no `.`, so that no two users share one.
    """
    return f"nats-{user}" if user in SERVICE_USERS else user.replace("_", ".")


class Maker:
    """Makes what is missing in a store, and tells what it did."""

    def __init__(self, store: Store, *, namespace: str, shard: str, renew: frozenset[str]) -> None:
        self._store, self._namespace, self._shard, self._renew = store, namespace, shard, renew
        self.told: list[tuple[str, str]] = []
        """Each Secret's name, and `kept` or what was made."""

    def everything(self, users: tuple[str, ...]) -> None:
        """Makes all that is needed; CloudNativePG has an authority of its own.

        Raises StoreFailed, and InvalidValue for a user that cannot be.
        """
        authority = self._authority()
        # Where the list of users is lost, everybody who has a key is in the new one.
        there = () if self._store.read(USERS) is not None else self._keys_of_others()
        publics = {user: self._nkey(user, authority) for user in dict.fromkeys((*SERVICE_USERS, *users, *there))}
        self._users(publics)
        hosts = ["nats", "nats-headless", *(f"nats-{number}.nats-headless" for number in range(_NODES))]
        self._certificate("nats-tls", authority, hosts)
        for role in _ROLES:
            self._password(role)
        self._made("paper-token", ("token",), lambda: {"token": secrets.token_hex(32).encode()}, "a token")

    def unknown(self) -> list[str]:
        """What was to be made anew and is none of those that were asked for."""
        return sorted(self._renew - {name for name, _ in self.told})

    def _authority(self) -> certificates.Authority:
        def make() -> dict[str, bytes]:
            made = certificates.new_authority()
            return {CA_FILE: made.cert, CERT_FILE: made.cert, KEY_FILE: made.key}

        what = "an authority that issues certificates"
        if self._store.read(AUTHORITY) is None and (issued := sorted(set(self._store.names()) & _ISSUED)):
            raise StoreFailed(
                f"Secret {AUTHORITY} is not there, and {', '.join(issued)} would trust no other: put it back, or "
                "remove them, too, and give strategies and people their new keys"
            )
        found = self._made(AUTHORITY, (CERT_FILE, KEY_FILE), make, what, _TLS)  # as an Issuer of cert-manager takes it
        return certificates.Authority(found[CERT_FILE], found[KEY_FILE])

    def _keys_of_others(self) -> list[str]:
        """The strategies and people who have a key."""
        return [name.replace(".", "_") for name in self._store.names() if name.startswith(("person-", "strategy-"))]

    def _nkey(self, user: str, authority: certificates.Authority) -> str:
        permissions_of(user, self._shard)

        def make() -> dict[str, bytes]:
            issued = certificates.issue(authority, user)
            return {NKEY: keys.new_seed(), CA_FILE: issued.ca, CERT_FILE: issued.cert, KEY_FILE: issued.key}

        found = self._made(secret_of(user), (NKEY, CA_FILE, CERT_FILE, KEY_FILE), make, "an nkey and a certificate")
        _require_issued(secret_of(user), found, authority)
        return keys.public_of(found[NKEY])

    def _users(self, publics: dict[str, str]) -> None:
        """The public keys, which follow from the seeds; users who were added before stay."""
        before = self._store.read(USERS)
        known = msgspec.json.decode(before["users.json"], type=dict[str, str]) if before else {}
        wanted = {**known, **publics}
        if wanted == known:
            self.told.append((USERS, "kept"))
            return
        self._store.write(USERS, _OPAQUE, {"users.json": msgspec.json.format(msgspec.json.encode(wanted))})
        self.told.append((USERS, f"the public keys of {len(wanted)} users"))

    def _certificate(self, name: str, authority: certificates.Authority, hosts: list[str]) -> None:
        domains = ("", f".{self._namespace}", f".{self._namespace}.svc", f".{self._namespace}.svc.cluster.local")
        names = [*(f"{host}{domain}" for host in hosts for domain in domains), "localhost", "127.0.0.1"]

        def make() -> dict[str, bytes]:
            issued = certificates.issue(authority, hosts[0], names)
            return {CA_FILE: issued.ca, CERT_FILE: issued.cert, KEY_FILE: issued.key}

        found = self._made(name, (CA_FILE, CERT_FILE, KEY_FILE), make, f"a certificate for {hosts[0]}")
        _require_issued(name, found, authority)

    def _password(self, role: str) -> None:
        def make() -> dict[str, bytes]:
            return {"username": f"tradewire_{role}".encode(), "password": secrets.token_urlsafe(32).encode()}

        self._made(f"postgres-{role}", ("username", "password"), make, "a password", BASIC)

    def _made(
        self, name: str, needed: tuple[str, ...], make: Callable[[], dict[str, bytes]], what: str, kind: str = _OPAQUE
    ) -> dict[str, bytes]:
        found = self._store.read(name)
        if found is not None and name not in self._renew:
            if missing := [key for key in needed if not found.get(key)]:
                raise StoreFailed(f"Secret {name} lacks {', '.join(missing)}: run this again with --renew {name}")
            self.told.append((name, "kept"))
            return found
        made = make()
        self._store.write(name, kind, made)
        self.told.append((name, what))
        return made


def _require_issued(name: str, found: dict[str, bytes], authority: certificates.Authority) -> None:
    if found[CA_FILE].strip() != authority.cert.strip():
        raise StoreFailed(
            f"Secret {name} trusts another authority than {AUTHORITY}: run this again with --renew {name}"
        )


@app.command()
def make_secrets(
    namespace: Annotated[str, typer.Option(help="Where the Secrets go.")] = NAMESPACE,
    shard: Annotated[str, typer.Option(help="The shard whose subjects the users get.")] = "main",
    person: Annotated[list[str] | None, typer.Option(help="Who may give commands, beside the owner.")] = None,
    strategy: Annotated[list[str] | None, typer.Option(help="A strategy that may publish.")] = None,
    renew: Annotated[list[str] | None, typer.Option(help="The name of a Secret to make anew.")] = None,
    folder: Annotated[Path | None, typer.Option(help="Write files here instead of asking a cluster.")] = None,
    kubectl: Annotated[str, typer.Option(help="The program that reaches the cluster.")] = "kubectl",
) -> None:
    """Make the Secrets that are missing, and print what was made."""
    if not _LABEL.fullmatch(namespace):
        raise StoreFailed(f"--namespace {namespace!r} is no name of a namespace: write 1 to 63 of a-z, 0-9 and '-'")
    store: Store = Folder(folder, namespace) if folder is not None else Cluster(namespace, kubectl)
    users = _users(person or [], strategy or [], [name for name in renew or () if store.read(name) is not None])
    maker = Maker(store, namespace=namespace, shard=shard, renew=frozenset(renew or ()))
    maker.everything(users)
    for name, what in maker.told:
        print(f"  {name:<18} {what}" if what == "kept" else f"  {name:<18} made: {what}")
    if unknown := maker.unknown():
        raise StoreFailed(f"--renew {', '.join(unknown)}: there is no such Secret; the names are those above")
    print(
        f"The owner's key is in the Secret {secret_of(f'person-{OWNER}')}; whoever has it may halt, resume and trade."
    )


def _users(people: list[str], strategies: list[str], renewed: list[str]) -> tuple[str, ...]:
    """Everybody who is to have a key, and those who have one that is `renewed`."""
    named = [f"person-{name}" for name in (OWNER, *people)] + [f"strategy-{name}" for name in strategies]
    again = [name for name in renewed if name.startswith(("person-", "strategy-"))]
    known = {secret_of(user) for user in named}
    return (*named, *(name.replace(".", "_") for name in dict.fromkeys(again) if name not in known))


def main() -> None:
    """The program: exits 2 with one line when it cannot."""
    try:
        app()
    except TradewireError as error:
        print(f"secrets: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
