"""Where each process tells its metrics, for Prometheus: `file_sd_configs` reads the file and hears of its changes."""

from collections.abc import Iterable

import msgspec

from tradewire_cli.engines.folder import DataFolder, write_atomically
from tradewire_cli.up.process import ServiceProcess

_FOLDER_MODE, _FILE_MODE = 0o755, 0o644


def write_targets(folder: DataFolder, services: Iterable[ServiceProcess], shard: str) -> None:
    """Writes the addresses of all processes. There is no secret in them, and Prometheus may run as somebody else.

    No label has the name of one of the metrics' own.
    """
    targets = [
        {"targets": [service.http.removeprefix("http://")], "labels": {"process": service.name, "shard": shard}}
        for service in services
    ]
    path = folder.prometheus_targets
    path.parent.mkdir(exist_ok=True)
    path.parent.chmod(_FOLDER_MODE)
    write_atomically(path, msgspec.json.format(msgspec.json.encode(targets)), _FILE_MODE)
