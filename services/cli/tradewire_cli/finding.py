"""Where things are when nobody says: the settings' file and the data folder."""

import os
from pathlib import Path

from tradewire.settings import Settings, load
from tradewire_cli.engines.folder import DataFolder

_HERE = "tradewire.toml"


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
