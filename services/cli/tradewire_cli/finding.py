"""Where things are when nobody says: the settings' file, the data folder, and the supervisor's key.

A running system is found by its data folder, so a settings' file that is wrong is no reason not to reach it.
"""

import os
import sys
import tomllib
from functools import cache
from pathlib import Path

from tradewire.errors import ConfigError
from tradewire.setting_reading import load
from tradewire.settings import Nats, Settings
from tradewire_cli.engines.folder import DataFolder

_HERE = "tradewire.toml"
_ADMIN = "admin"
_DATA = "TRADEWIRE_DATA"


def config_file(given: Path | None = None) -> Path | None:
    """The settings' file: the one given, or `tradewire.toml` in this folder unless the environment names another."""
    if given is not None or "TRADEWIRE_CONFIG" in os.environ or not Path(_HERE).exists():
        return given
    return Path(_HERE)


def settings_of(config: Path | None = None) -> Settings:
    """The settings in that file, and in the environment. Raises ConfigError."""
    path = config_file(config)
    return load(str(path) if path is not None else None, first=_verify)


def settings_if_right(config: Path | None = None) -> Settings | None:
    """The settings, for whoever can do without: None, and one line on standard error, when they are wrong.

    Raises:
        ConfigError: they are wrong, and a person has named that file.
    """
    try:
        return settings_of(config)
    except ConfigError as error:
        if config is not None:
            raise
        _warn(str(error))
        return None


def folder_of(data: Path | None, config: Path | None = None) -> DataFolder:
    """The data folder: the one given, or the one that the settings name, even when the rest of them is wrong.

    Raises:
        ConfigError: the settings are wrong, and a person has named that file.
    """
    if data is not None:
        return DataFolder.at(data)
    settings = settings_if_right(config)
    return DataFolder.at(Path(settings.data if settings is not None else _data_named()))


def supervisor_at(folder: DataFolder, url: str, nats: Nats) -> Nats:
    """How the supervisor reaches NATS: with its key in the data folder, else with that of the settings."""
    seed = folder.seed_of(_ADMIN)
    return Nats(url=url, nkey_file=str(seed) if seed.exists() else nats.nkey_file, user=_ADMIN)


def _data_named() -> str:
    """The data folder that wrong settings name, as far as they can be read."""
    if found := os.environ.get(_DATA):
        return found
    path = config_file() or Path(os.environ.get("TRADEWIRE_CONFIG", _HERE))
    try:
        written = path.read_text()
    except (OSError, UnicodeDecodeError):
        return Settings().data
    # What is no TOML further down leaves the keys above the first section as they are.
    for readable in (written, written.partition("\n[")[0]):
        try:
            named = tomllib.loads(readable).get("data")
        except tomllib.TOMLDecodeError:
            continue
        return named if isinstance(named, str) and named else Settings().data
    return Settings().data


def _verify(settings: Settings, account: str) -> None:
    # Imported only where something is wrong: every command reads the settings, and hardly one needs adapters.
    from tradewire_router.brokers.opening import verify  # noqa: PLC0415

    verify(settings, account)


@cache
def _warn(problem: str) -> None:
    """Says it once, however often the settings are looked for."""
    print(
        f"warning: the configuration is wrong: {problem.rstrip('.')}; `tradewire config check` tells more",
        file=sys.stderr,
    )
