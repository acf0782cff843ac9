"""What a person may tell `tradewire up`."""

from pathlib import Path

from msgspec import Struct


class UpOptions(Struct, frozen=True):
    """The options of one start; what is left out comes from the settings.

    `config`: the settings' file, else TRADEWIRE_CONFIG. `data`: the data folder. `listen`: the address on which NATS
    and the services answer. `services=False` starts the engines alone, for work on one service.
    """

    config: Path | None = None
    data: Path | None = None
    listen: str = "127.0.0.1"
    services: bool = True
