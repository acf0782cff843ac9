"""A file of limits: [risk] for everything, and [limits.account.NAME] and its kind for narrower scopes."""

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from tradewire.domain import limits, names
from tradewire.domain.switches import GLOBAL
from tradewire.errors import ConfigError, InvalidValue
from tradewire.setting_errors import hint, shown, written
from tradewire.settings import Settings

_SCOPES: Final = {
    "account": names.is_name,
    "strategy": names.is_name,
    "broker": names.is_name,
    "symbol": names.is_symbol,
}


def read_limits(path: Path) -> dict[str, dict[str, str]]:
    """The limits of a file by scope, as texts. It may be a whole `tradewire.toml`, of which only [risk] counts.

    Raises:
        ConfigError: it cannot be read, or what it says is no limit.
    """
    try:
        raw = tomllib.loads(path.read_text(), parse_float=Decimal)
    except OSError as error:
        raise ConfigError(str(path), f"cannot be read: {error.strerror}", "Check the path.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(str(path), f"is not TOML: {error}", "Mend that line.") from None
    for name in raw:
        if name not in {"limits", *Settings.__struct_fields__}:
            raise ConfigError(f"{path}: {name}", "is no section of limits", "Write [risk] or [limits.account.NAME].")
    found: dict[str, dict[str, str]] = {}
    if "risk" in raw:
        found[GLOBAL] = _texts("risk", raw["risk"], GLOBAL)
    for kind, scopes in _section("limits", raw.get("limits", {})).items():
        if kind not in _SCOPES:
            raise ConfigError(f"limits.{kind}", "is no kind of scope", f"Write one of {', '.join(_SCOPES)}.")
        for name, section in _section(f"limits.{kind}", scopes).items():
            if not _SCOPES[kind](name):
                raise ConfigError(f"limits.{kind}.{name}", f"{shown(name)} names no {kind}", f"Write a {kind}'s name.")
            found[f"{kind}.{name}"] = _texts(f"limits.{kind}.{name}", section, f"{kind}.{name}")
    if not any(found.values()):
        raise ConfigError(str(path), "holds no limit", "Write one under [risk], such as max_position_value = 25000.")
    return found


def _section(key: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(key, f"is {shown(value)}, which is no section", f"Write [{key}.NAME].")
    return value


def _texts(key: str, section: Any, scope: str) -> dict[str, str]:
    texts = {name: _text(f"{key}.{name}", name, value, scope) for name, value in _section(key, section).items()}
    if (pair := limits.crossed(texts)) is not None:
        raise ConfigError(f"{key}.{pair[0]}", f"is above {key}.{pair[1]}", "No order could pass both.")
    return texts


def _text(key: str, name: str, value: Any, scope: str) -> str:
    """A limit as text, whether it is written as a number, a list or a text."""
    if name not in limits.KINDS:
        raise ConfigError(key, "is no limit", hint(name, limits.KINDS))
    text = ",".join(map(str, value)) if isinstance(value, list) else written(value)
    try:
        limits.verify(name, text)
        limits.verify_scope(name, scope)
    except InvalidValue as error:
        raise ConfigError(key, error.message, f"Write {error.expected}.") from None
    return text
