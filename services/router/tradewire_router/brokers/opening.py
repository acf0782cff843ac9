"""Which adapter an account has: those that installed packages name in the entry-point group `tradewire.brokers`.

An adapter's own library is imported only when an account uses it. They are code of the operator's own choice:
installing a package is the permission.
"""

from importlib.metadata import EntryPoint, entry_points
from typing import cast

from tradewire.domain.nearest import nearest
from tradewire.domain.quoting import quoted
from tradewire.errors import ConfigError
from tradewire.settings import Settings
from tradewire_router.brokers.base import GROUP, Adapter
from tradewire_router.brokers.port import Broker


def installed() -> dict[str, EntryPoint]:
    """The adapters that are installed, by the name of their broker; nothing is imported."""
    return {point.name: point for point in entry_points(group=GROUP)}


def adapter(name: str, *, key: str = "broker") -> type[Adapter]:
    """The adapter of a broker. `key` is where the settings name it.

    Raises:
        ConfigError: no such adapter is installed, it cannot be imported, or it is none.
    """
    found = installed()
    if name not in found:
        near = nearest(name, found)
        fix = f"Did you mean {near[0]}?" if near else f"These are installed: {', '.join(sorted(found))}."
        raise ConfigError(key, f"{quoted(name)} is no broker whose adapter is installed", fix)
    point = found[name]
    try:
        loaded = point.load()
    except ImportError as error:
        raise _missing(name, key, error) from None
    if not (isinstance(loaded, type) and issubclass(loaded, Adapter)):
        raise ConfigError(key, f"{point.value} is no adapter", f"Derive it from {Adapter.__module__}.Adapter.")
    return loaded


def verify(settings: Settings, account: str) -> None:
    """Passes the settings of an account that its adapter can go by; nothing is asked of the broker.

    Raises:
        ConfigError: as `open_broker` does.
    """
    adapter(settings.accounts[account].broker, key=f"accounts.{account}.broker").verify(settings, account)


def secret_variables(settings: Settings) -> frozenset[str]:
    """The environment variables in which the secrets of the accounts' brokers may stand.

    Raises:
        ConfigError: a broker is not installed.
    """
    accounts = settings.accounts.items()
    adapters = [adapter(account.broker, key=f"accounts.{name}.broker") for name, account in accounts]
    return frozenset(field.variable for one in adapters for field in one.config_fields() if field.variable)


def open_broker(settings: Settings, account: str) -> Broker:
    """A new session, not yet connected, for an account of the settings.

    Raises:
        ConfigError: the account's broker is not installed, or a setting of it is missing or wrong.
    """
    name, key = settings.accounts[account].broker, f"accounts.{account}.broker"
    try:
        return cast("Broker", adapter(name, key=key).opened(settings, account))
    except ImportError as error:
        raise _missing(name, key, error) from None


def _missing(name: str, key: str, error: ImportError) -> ConfigError:
    fix = f"Install what it needs: pip install 'tradewire-router[{name}]'."
    return ConfigError(key, f"the adapter of {name} cannot be imported: {error}", fix)
