"""The nats-server's configuration as text; the server part and the users part, which changes while it runs."""

from collections.abc import Mapping
from json import dumps
from pathlib import Path

from tradewire.permissions import Permissions, permissions_of

_REPLY_LIMIT = "2m"


def server_config(*, host: str, port: int, monitor_port: int, store: Path, users_file: str) -> str:
    """Returns `nats.conf`: JetStream on disk, every write synced before it is acknowledged, and no anonymous user."""
    return f"""\
server_name: tradewire
listen: {dumps(f"{host}:{port}")}
http: "127.0.0.1:{monitor_port}"
max_payload: 1MB
max_pending: 64MB
max_connections: 1000
max_subscriptions: 10000
ping_interval: "5s"
ping_max: 3
write_deadline: "5s"
authorization {{
  timeout: 5
  include {dumps(users_file)}
}}
jetstream {{
  store_dir: {dumps(str(store))}
  sync_interval: always
  max_memory_store: 256MB
  max_file_store: 20GB
}}
"""


def users_config(public_keys: Mapping[str, str], shard: str) -> str:
    """Returns `users.conf`: one nkey a user, with the table's rights. `public_keys`: user → public nkey."""
    users = "".join(_user(user, key, permissions_of(user, shard)) for user, key in sorted(public_keys.items()))
    return f"users: [\n{users}]\n"


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
