"""Writes what engines that are not embedded need, from the templates and tables of the embedded ones.

`python -m tradewire_cli.engines.render --help`. Everything goes to standard output, or into the folder that is named.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from tradewire.errors import ConfigError, TradewireError
from tradewire.permissions import SERVICE_USERS
from tradewire_cli import keys as seeds
from tradewire_cli.engines import certificates
from tradewire_cli.engines.certificates import CA_FILE, CERT_FILE, KEY_FILE
from tradewire_cli.engines.folder import write_atomically
from tradewire_cli.engines.nats_config import USERS_FILE, Cluster, Node, Tls, server_config, users_config
from tradewire_cli.engines.postgres import roles

CLIENT_PORT: Final = 4222
ROUTE_PORT: Final = 6222
MONITOR_PORT: Final = 8222
TLS_FOLDER: Final = "/etc/nats-tls"
STORE: Final = "/data/jetstream"

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)


def node(
    nodes: int, *, tls: Path | None, service: str = "nats-headless", name: str = "nats", store: str = STORE
) -> Node:
    """Returns what each of so many nodes of a StatefulSet runs: one is alone, three or five are a cluster.

    Each node's environment holds its own name in POD_NAME. Raises ConfigError for another number of nodes.
    """
    if nodes not in {1, 3, 5}:
        raise ConfigError("nodes", f"is {nodes}", "Take 1, 3 or 5: an even number survives no more than one less.")
    files = None if tls is None else Tls(str(tls / CA_FILE), str(tls / CERT_FILE), str(tls / KEY_FILE))
    routes = tuple(f"nats-route://{name}-{number}.{service}:{ROUTE_PORT}" for number in range(nodes))
    cluster = Cluster("tradewire", f"0.0.0.0:{ROUTE_PORT}", routes, files) if nodes > 1 else None
    return Node(
        listen=f"0.0.0.0:{CLIENT_PORT}",
        monitor=f"0.0.0.0:{MONITOR_PORT}",
        store=store,
        name="$POD_NAME",
        tls=files,
        cluster=cluster,
    )


def users(folder: Path, shard: str, names: Sequence[str]) -> str:
    """Makes the seeds that are missing in `folder`, one file a user, and returns `users.conf` with everybody's key."""
    folder.mkdir(parents=True, exist_ok=True)
    publics = {}
    for user in names:
        file = folder / f"{user}.nk"
        if not file.exists():
            write_atomically(file, seeds.new_seed())
        publics[user] = seeds.public_of(file.read_bytes())
    return users_config(publics, shard)


@app.command("nats")
def print_nats(
    nodes: Annotated[int, typer.Option(help="1, or a cluster of 3 or 5.")] = 1,
    tls: Annotated[
        Path | None, typer.Option(help="Folder of ca.crt, tls.crt and tls.key in the container; without it no TLS.")
    ] = None,
    service: Annotated[str, typer.Option(help="The headless Service that names the nodes.")] = "nats-headless",
    name: Annotated[str, typer.Option(help="The StatefulSet.")] = "nats",
    store: Annotated[str, typer.Option(help="JetStream's folder in the container.")] = STORE,
) -> None:
    """Print nats.conf. It includes users.conf from its own folder and takes its name from $POD_NAME."""
    print(server_config(node(nodes, tls=tls, service=service, name=name, store=store)), end="")


@app.command("users")
def print_users(
    public_keys: Annotated[Path, typer.Argument(help='JSON: {"risk": "U…", "person-anna": "U…"}')],
    shard: Annotated[str, typer.Option(help="The shard whose subjects the users get.")] = "main",
) -> None:
    """Print users.conf for public keys that somebody else keeps."""
    print(users_config(msgspec.json.decode(public_keys.read_bytes(), type=dict[str, str]), shard), end="")


@app.command("keys")
def write_keys(
    folder: Annotated[Path, typer.Argument(help="Where <user>.nk and users.conf go.")],
    user: Annotated[
        list[str] | None, typer.Option(help="strategy-<name> or person-<name>, beside the services.")
    ] = None,
    shard: Annotated[str, typer.Option(help="The shard whose subjects the users get.")] = "main",
) -> None:
    """Make the nkeys that are missing, and write users.conf for all of them."""
    text = users(folder, shard, (*SERVICE_USERS, *(user or ())))
    write_atomically(folder / USERS_FILE, text)


@app.command("roles")
def print_roles() -> None:
    """Print the SQL that a superuser runs in Tradewire's database before the migrations; it sets no password."""
    print(roles(), end="")


@app.command("tls")
def write_tls(
    folder: Annotated[Path, typer.Argument(help="Where the files go: ca.crt, ca.key, and <name>/tls.crt, tls.key.")],
    certificate: Annotated[
        list[str] | None,
        typer.Option(help="NAME or NAME=HOST,HOST. A certificate that is there stays; remove it to renew it."),
    ] = None,
    days: Annotated[int, typer.Option(help="How long certificates are good for.")] = certificates.CERTIFICATE_DAYS,
) -> None:
    """Make an authority where there is none, and the certificates that are missing."""
    authority = _authority(folder)
    for wish in certificate or ():
        name, _, hosts = wish.partition("=")
        if not (folder / name / CERT_FILE).exists():
            named = tuple(host for host in hosts.split(",") if host)
            certificates.issue(authority, name, named, days).write(folder / name)
            print(f"{folder / name}: made")


def _authority(folder: Path) -> certificates.Authority:
    cert, key = folder / CA_FILE, folder / "ca.key"
    if not key.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = certificates.new_authority()
        write_atomically(key, made.key)
        write_atomically(cert, made.cert, 0o644)
        print(f"{cert}: made")
    return certificates.Authority(cert.read_bytes(), key.read_bytes())


def main() -> None:
    """The program: exits 2 for a wrong argument, with one line."""
    try:
        app()
    except TradewireError as error:
        print(f"render: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
