"""Where things are when nobody says: the settings' file, the data folder, and the supervisor's key."""

import os
from pathlib import Path

from tradewire.settings import Nats, Settings, load
from tradewire_cli.engines.folder import DataFolder

_HERE = "tradewire.toml"
_ADMIN = "admin"


def config_file(given: Path | None = None) -> Path | None:
    """The settings' file: the one given, or `tradewire.toml` in this folder unless the environment names another."""
    if given is not None or "TRADEWIRE_CONFIG" in os.environ or not Path(_HERE).exists():
        return given
    return Path(_HERE)


def settings_of(config: Path | None = None) -> Settings:
    """The settings in that file, and in the environment. Raises ConfigError."""
    path = config_file(config)
    return load(str(path) if path is not None else None)


def folder_of(data: Path | None, config: Path | None = None) -> DataFolder:
    """The data folder: the one given, or the one that the settings name. Raises ConfigError."""
    return DataFolder.at(data if data is not None else Path(settings_of(config).data))


def supervisor_at(folder: DataFolder, url: str, nats: Nats) -> Nats:
    """How the supervisor reaches NATS: with its key in the data folder, else with that of the settings."""
    seed = folder.seed_of(_ADMIN)
    return Nats(url=url, nkey_file=str(seed) if seed.exists() else nats.nkey_file, user=_ADMIN)
