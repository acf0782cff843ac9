"""`tradewire engine`: NATS or Postgres as the one process of a container."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from prometheus_client import CollectorRegistry

from tradewire_cli.keeper.keep import HTTP_PORT, keep
from tradewire_cli.keeper.nats import NatsKeeper
from tradewire_cli.keeper.postgres import PostgresKeeper

engine = typer.Typer(no_args_is_help=True, help="Run NATS or Postgres as the one process of a container.")

_DataOption = Annotated[Path, typer.Option("--data", metavar="FOLDER", help="Where it keeps its files.")]
_TlsOption = Annotated[
    Path, typer.Option("--tls", metavar="FOLDER", help="ca.crt, tls.crt and tls.key; read again when they change.")
]
_HostOption = Annotated[str, typer.Option("--http-host", help="Where /livez, /readyz and /metrics are answered.")]
_PortOption = Annotated[int, typer.Option("--http-port", help="And at which port.")]
_ANY = "0.0.0.0"  # noqa: S104 - a container's own address


@engine.command("nats")
def run_nats(
    data: _DataOption,
    users: Annotated[Path, typer.Option(metavar="FILE", help="JSON: each user's public nkey; read again, too.")],
    key: Annotated[Path, typer.Option(metavar="FILE", help="The nkey seed of the user `probe`.")],
    tls: _TlsOption,
    nodes: Annotated[int, typer.Option(help="1, or a cluster of 3 or 5.")] = 1,
    shard: Annotated[
        str, typer.Option(envvar="TRADEWIRE_SHARD", help="The shard whose subjects the users get.")
    ] = "main",
    http_host: _HostOption = _ANY,
    http_port: _PortOption = HTTP_PORT,
) -> int:
    """Run nats-server. It is ready while a publish reaches its disk, and alive unless a restart is what mends that."""
    registry = CollectorRegistry()
    keeper = NatsKeeper(nodes=nodes, data=data, users=users, key=key, tls=tls, shard=shard, registry=registry)
    return asyncio.run(keep(keeper, registry, host=http_host, port=http_port))


@engine.command("postgres")
def run_postgres(
    data: _DataOption,
    passwords: Annotated[
        Path, typer.Option(metavar="FOLDER", help="A file a role, with its password; read again, too.")
    ],
    http_host: _HostOption = _ANY,
    http_port: _PortOption = HTTP_PORT,
) -> int:
    """Run Postgres. It is alive as long as it answers."""
    keeper = PostgresKeeper(data=data, passwords=passwords)
    return asyncio.run(keep(keeper, CollectorRegistry(), host=http_host, port=http_port))
