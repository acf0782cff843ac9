"""The nats-server's configuration as text: one template for the embedded server and for the nodes of a cluster.

The server part says how it runs; the users part beside it, `users.conf`, changes while it runs.
"""

from collections.abc import Mapping
from json import dumps
from typing import Final

from msgspec import Struct

from tradewire.permissions import Permissions, permissions_of

USERS_FILE: Final = "users.conf"
"""Included from the folder of the server's own file."""
_REPLY_LIMIT = "2m"


class Tls(Struct, frozen=True):
    """PEM files of a listener. With `verify_clients` whoever connects shows a certificate of the same authority."""

    ca: str
    cert: str
    key: str
    verify_clients: bool = True


class Cluster(Struct, frozen=True):
    """The other nodes. Routes are always under TLS and verified from both sides, where there is TLS at all."""

    name: str
    listen: str
    routes: tuple[str, ...]
    tls: Tls | None = None


class Node(Struct, frozen=True):
    """One nats-server. `name` may be `$VARIABLE`, which the server takes from its environment."""

    listen: str
    monitor: str
    store: str
    name: str = "tradewire"
    users_file: str = USERS_FILE
    tls: Tls | None = None
    cluster: Cluster | None = None
    max_file_store: str = "20GB"


def server_config(node: Node) -> str:
    """Returns `nats.conf`: JetStream on disk, every write synced before it is acknowledged, and no anonymous user."""
    name = node.name if node.name.startswith("$") else dumps(node.name)
    return f"""\
server_name: {name}
listen: {dumps(node.listen)}
http: {dumps(node.monitor)}
max_payload: 1MB
max_pending: 64MB
max_connections: 1000
max_subscriptions: 10000
max_control_line: 4KB
ping_interval: "5s"
ping_max: 3
write_deadline: "5s"
lame_duck_grace_period: "2s"
lame_duck_duration: "30s"
{_tls(node.tls)}authorization {{
  timeout: 5
  include {dumps(node.users_file)}
}}
jetstream {{
  store_dir: {dumps(node.store)}
  sync_interval: always
  max_memory_store: 256MB
  max_file_store: {node.max_file_store}
}}
{_cluster(node.cluster)}"""


def users_config(public_keys: Mapping[str, str], shard: str) -> str:
    """Returns `users.conf`: one nkey a user, with the table's rights. `public_keys`: user → public nkey."""
    users = "".join(_user(user, key, permissions_of(user, shard)) for user, key in sorted(public_keys.items()))
    return f"users: [\n{users}]\n"


def _tls(tls: Tls | None, indent: str = "", *, route: bool = False) -> str:
    if tls is None:
        return ""
    lines = [
        "tls {",
        f"  ca_file: {dumps(tls.ca)}",
        f"  cert_file: {dumps(tls.cert)}",
        f"  key_file: {dumps(tls.key)}",
        f"  verify: {dumps(tls.verify_clients or route)}",
        '  min_version: "1.2"',
        "  timeout: 5",
        "}",
    ]
    return "".join(f"{indent}{line}\n" for line in lines)


def _cluster(cluster: Cluster | None) -> str:
    if cluster is None:
        return ""
    routes = "".join(f"    {dumps(route)}\n" for route in cluster.routes)
    return f"""\
cluster {{
  name: {dumps(cluster.name)}
  listen: {dumps(cluster.listen)}
  no_advertise: true
  routes: [
{routes}  ]
{_tls(cluster.tls, "  ", route=True)}}}
"""


def _user(user: str, key: str, rights: Permissions) -> str:
    lines = [
        f"  {{ # {user}",
        f"    nkey: {dumps(key)}",
        "    permissions: {",
        f"      publish: {{ allow: {dumps(rights.publish)} }}",
        f"      subscribe: {{ allow: {dumps(rights.subscribe)} }}",
    ]
    if rights.responses:
        lines.append(f'      allow_responses: {{ max: {rights.responses}, expires: "{_REPLY_LIMIT}" }}')
    return "\n".join([*lines, "    }", "  }", ""])
