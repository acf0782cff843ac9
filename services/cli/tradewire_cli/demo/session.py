"""The demo's surroundings: a data folder of its own and settings that fit daily prices, whatever the machine's are."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from msgspec import Struct

from tradewire.errors import ConfigError
from tradewire.setting_reading import ALIASES
from tradewire_cli.engines.folder import DataFolder

STRATEGY: Final = "sma_cross"
ACCOUNT: Final = "paper"
STARTING_CASH: Final = Decimal(100_000)

SETTINGS: Final = f"""\
# The demo's settings: the quotes are the clock, so a day passes as fast as the system follows.
clock = "quotes"
default_account = "{ACCOUNT}"

[accounts.{ACCOUNT}]
broker = "paper"

[strategies.{STRATEGY}]
account = "{ACCOUNT}"

[risk]
# One price a day: from a Friday to a Tuesday it may be four days old.
max_signal_age = "4d"
max_price_age = "4d"
approval_ttl = "5d"
duplicate_window = "1s"
mark_interval = "30d"
# A day's loss is measured between marks, and days pass here faster than accounts are marked.
max_daily_loss = 100000
max_daily_loss_percent = "none"
max_drawdown = 50
# No position reaches it; half of it would deny some, as `tradewire risk replay` shows.
max_position_value = 15000

[paper]
seed = 7
starting_cash = {STARTING_CASH}
commission_per_share = "0.005"
slippage_bps = "1"
"""


class Session(Struct, frozen=True):
    """A demo's data folder and its settings' file. `kept` says whether they are still there afterwards."""

    folder: DataFolder
    config: Path
    kept: bool


@contextmanager
def session(data: Path | None, *, keep: bool) -> Iterator[Session]:
    """Makes the folder and the settings; without `data` it is a temporary one, removed at the end unless `keep`.

    Raises:
        ConfigError: the folder holds something already: a replay needs an empty log.
    """
    path = _temporary() if data is None else data.expanduser().absolute()
    try:
        yield _made(path, kept=keep or data is not None)
    finally:
        if data is None and not keep:
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def clean_environment() -> Iterator[None]:
    """Hides this machine's settings from the demo while it runs."""
    hidden = {name: value for name, value in os.environ.items() if name.startswith("TRADEWIRE_") or name in ALIASES}
    for name in hidden:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(hidden)


def _temporary() -> Path:
    path = Path(mkdtemp(prefix="tradewire-demo-"))
    # As root, Postgres runs as another user, who must be able to pass.
    path.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return path


def _made(path: Path, *, kept: bool) -> Session:
    if path.is_dir() and any(path.iterdir()):
        raise ConfigError(str(path), "is not empty, and a replay begins with an empty log", "Choose another --data.")
    folder = DataFolder.at(path)
    folder.create()
    config = path / "tradewire.toml"
    config.write_text(SETTINGS)
    return Session(folder, config, kept)
