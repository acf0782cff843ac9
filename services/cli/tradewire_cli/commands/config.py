"""`tradewire config`: whether the settings are right, and what they come to."""

import os
from decimal import Decimal
from typing import Annotated, Any

import msgspec
import typer
from msgspec import Struct
from rich.text import Text

from tradewire.domain.money import plain
from tradewire.settings import Account, Duration, Settings, Strategy
from tradewire_cli.commands.options import ConfigOption, JsonOption, console
from tradewire_cli.finding import config_file, settings_of
from tradewire_cli.views import text
from tradewire_cli.views.columns import Column, table
from tradewire_router.brokers.opening import verify

config = typer.Typer(no_args_is_help=True, help="Look at the settings.")


class Key(Struct, frozen=True):
    """A key, its value and its default as texts."""

    name: str
    value: str
    default: str


@config.callback()
def group() -> None:
    """Look at the settings."""


@config.command("check")
def check(
    as_json: JsonOption = False,
    config_path: ConfigOption = None,
    changed: Annotated[bool, typer.Option("--changed", help="Only keys that differ from their defaults.")] = False,
) -> None:
    """Read the settings as every process does, and show every key with its value. 2 when something is wrong."""
    settings = settings_of(config_path)
    for account in settings.accounts:
        verify(settings, account)
    keys = [key for key in keys_of(settings) if not changed or key.value != key.default]
    if as_json:
        print(msgspec.json.encode({key.name: key.value for key in keys}).decode())
        return
    out = console()
    named = config_file(config_path) or os.environ.get("TRADEWIRE_CONFIG")
    out.print(f"{named or 'no file, so the defaults'} and the environment: every key is right", markup=False)
    columns: list[Column[Key]] = [
        Column("key", lambda key: Text(key.name, "" if key.value == key.default else "bold")),
        Column("value", lambda key: key.value, fold=True),
        Column("default", lambda key: "" if key.value == key.default else key.default, rank=1, fold=True),
    ]
    out.print(table(keys, columns, out.width))


def keys_of(settings: Settings) -> list[Key]:
    """Every key of the settings, with secrets hidden."""
    values, defaults = _flat("", settings), _flat("", _untouched(settings))
    return [Key(name, value, defaults.get(name, "")) for name, value in values.items()]


def _untouched(settings: Settings) -> Settings:
    """The same accounts and strategies with nothing said of them."""
    accounts, strategies = dict.fromkeys(settings.accounts, Account()), dict.fromkeys(settings.strategies, Strategy())
    return Settings(accounts=accounts, strategies=strategies)


def _flat(prefix: str, value: Any) -> dict[str, str]:
    if isinstance(value, Struct):
        value = {name: getattr(value, name) for name in value.__struct_fields__}
    if isinstance(value, dict):
        found: dict[str, str] = {}
        for name, item in value.items():
            found |= _flat(f"{prefix}.{name}" if prefix else name, item)
        return found
    return {prefix: _shown(prefix, value)}


def _shown(name: str, value: Any) -> str:
    if name.endswith("dsn") and value:
        return "(set)"
    if value is None:
        return ""
    if isinstance(value, Duration):
        return text.duration(value)
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(value) if isinstance(value, list) else str(value)
