"""Reads the settings: one `tradewire.toml`, every key of it overridable from the environment, decoded strictly.

The file's path is `TRADEWIRE_CONFIG`. A key `b` in section `[a]` is overridden by `TRADEWIRE_A_B`; the limits' names of
older systems (`MAX_ORDER_SIZE_USD` and its kind) are aliases of theirs, and where several are set the strictest wins.
A bad key or value is a ConfigError that names the key and the fix; processes exit with 2 on it.
"""

import os
import tomllib
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from tradewire.domain.money import money, plain
from tradewire.domain.times import duration
from tradewire.errors import ConfigError, InvalidValue
from tradewire.live_rules import verify_live
from tradewire.setting_errors import first_wrong, hint, shown, written
from tradewire.setting_rules import read_limit, verify
from tradewire.settings import Account, Duration, Risk, Settings
from tradewire.trace_rules import endpoint_of

# Names from older systems: alias -> (key of [risk], True when the smaller value is the stricter).
ALIASES: dict[str, tuple[str, bool]] = {
    "MAX_ORDER_SIZE_USD": ("max_order_value", True),
    "MAX_ORDER_USD": ("max_order_value", True),
    "MAX_ORDER_VALUE_USD": ("max_order_value", True),
    "MAX_POSITION_SIZE_USD": ("max_position_value", True),
    "MAX_POSITION_USD": ("max_position_value", True),
    "MAX_DAILY_LOSS_USD": ("max_daily_loss", True),
    "MAX_OPEN_ORDERS_PER_SYMBOL": ("max_open_orders_per_symbol", True),
    "MIN_ORDER_VALUE_USD": ("min_order_value", False),
    "MAX_ORDER_QTY": ("max_order_quantity", True),
    "MIN_ORDER_QTY": ("min_order_quantity", False),
}
Verify = Callable[[Settings, str], None]
"""Passes an account of the settings, or raises ConfigError."""
_PREFIX = "TRADEWIRE_"
_NOT_SETTINGS = {
    "TRADEWIRE_BUILD",
    "TRADEWIRE_CONFIG",
    "TRADEWIRE_FAULTS",
    "TRADEWIRE_FAULTS_FILE",
    "TRADEWIRE_INSTANCE",
}


def load(path: str | None = None, env: Mapping[str, str] | None = None, *, first: Verify | None = None) -> Settings:
    """Reads the settings from a file (default: `TRADEWIRE_CONFIG`, else none) and the environment.

    `first` is asked about a live account that lacks something: whether its broker's adapter finds anything else wrong
    with it, such as an environment that is misspelt, for then it may not be meant to be live at all.

    Raises:
        ConfigError: for a file that cannot be read, an unknown key, or a value that is out of its range.
    """
    env = os.environ if env is None else env
    path = path or env.get("TRADEWIRE_CONFIG")
    raw: dict[str, Any] = _read(Path(path)) if path else {}
    _options_apart(raw)
    _overlay(raw, env)
    settings = _convert(raw)
    _apply_aliases(raw, env)
    if not settings.traces.otlp_endpoint and (collector := endpoint_of(env)):
        raw.setdefault("traces", {})["otlp_endpoint"] = collector
    settings = _convert(raw)
    verify(settings)
    try:
        verify_live(settings, raw.get("risk", {}))
    except ConfigError:
        if first is not None:
            for name in (name for name, account in settings.accounts.items() if account.is_live):
                first(settings, name)
        raise
    return settings


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(), parse_float=Decimal)
    except OSError as error:
        raise ConfigError(
            str(path), f"cannot be read: {error.strerror}", "Check the path and its permissions."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(str(path), f"is not TOML: {error}", "Mend that line.") from None


def _options_apart(raw: dict[str, Any]) -> None:
    """Moves what an account says to its broker's adapter into `options`; the adapter knows whether it is right."""
    accounts = raw.get("accounts")
    ours = {f.name for f in msgspec.structs.fields(Account)}
    for section in accounts.values() if isinstance(accounts, dict) else ():
        if not isinstance(section, dict) or section.get("broker", "paper") == "paper":
            continue
        theirs = {key: section.pop(key) for key in tuple(section) if key not in ours}
        if theirs and isinstance(options := section.setdefault("options", {}), dict):
            options.update({key: value if isinstance(value, str) else shown(value) for key, value in theirs.items()})


def _sections() -> dict[str, type[Struct]]:
    return {
        f.name: f.type
        for f in msgspec.structs.fields(Settings)
        if isinstance(f.type, type) and issubclass(f.type, Struct)
    }


def _overlay(raw: dict[str, Any], env: Mapping[str, str]) -> None:
    """Lays `TRADEWIRE_…` over the file; a name that is no key is an error, because a typo there would be silent."""
    sections = _sections()
    top = (
        {f.name for f in msgspec.structs.fields(Settings)}
        - set(sections)
        - {"accounts", "strategies", "groups", "aliases"}
    )
    known: dict[str, tuple[str, str]] = {f"{_PREFIX}{name.upper()}": ("", name) for name in top}
    for section, struct in sections.items():
        for f in msgspec.structs.fields(struct):
            known[f"{_PREFIX}{section.upper()}_{f.name.upper()}"] = (section, f.name)
    for name, value in env.items():
        if not name.startswith(_PREFIX) or name in _NOT_SETTINGS:
            continue
        if name not in known:
            key = name.removeprefix(_PREFIX).lower().replace("_", ".", 1)
            raise ConfigError(name, "is not a setting", hint(name, known, key=key))
        where, key = known[name]
        target = raw.setdefault(where, {}) if where else raw
        struct = sections[where] if where else Settings
        kind = next(f.type for f in msgspec.structs.fields(struct) if f.name == key)
        target[key] = [v.strip() for v in value.split(",") if v.strip()] if kind == list[str] else value


def _apply_aliases(raw: dict[str, Any], env: Mapping[str, str]) -> None:
    base = _convert(raw).risk
    for alias, (key, smaller_is_stricter) in ALIASES.items():
        if alias not in env:
            continue
        value = _number(alias, env[alias])
        section = raw.setdefault("risk", {})
        current = read_limit(key, _limit_texts(section).get(key, getattr(base, key))).value
        strictest = min(current, value) if smaller_is_stricter else max(current, value)
        section[key] = plain(strictest)


def _number(key: str, text: str) -> Decimal:
    try:
        return money(text)
    except InvalidValue as error:
        raise ConfigError(key, error.message, f"Write {error.expected}.") from None


def _decode(kind: type, value: Any) -> Any:
    """What msgspec cannot decode by itself. Raises ConfigError without a key, which `first_wrong` knows."""
    if kind is not Duration:
        raise NotImplementedError(kind)
    if not isinstance(value, str):
        problem = f"is {shown(value)}, which is not a duration"
        raise ConfigError("", problem, 'Write digits and one of ms, s, m, h, d, such as "30s".')
    try:
        return Duration(duration(value))
    except InvalidValue as error:
        raise ConfigError("", error.message, f"Write {error.expected}.") from None


def _limit_texts(section: dict[str, Any]) -> dict[str, Any]:
    """Limits as texts, whether they are written as numbers, lists or texts."""
    return {key: _limit_text(key, value) for key, value in section.items()}


def _limit_text(key: str, value: Any) -> Any:
    if isinstance(value, str) and key.endswith("_symbols"):
        value = [part.strip() for part in value.split(",")]
    if isinstance(value, list):
        return ",".join(sorted(str(each) for each in value))
    if isinstance(value, bool):
        return shown(value)
    return written(value) if isinstance(value, int | Decimal) else value


def _fits(kind: type, value: Any) -> Any:
    if kind is Decimal and not isinstance(value, bool):
        return _number("", written(value))
    return msgspec.convert(value, kind, strict=False, dec_hook=_decode)


def _strict_decimals(raw: dict[str, Any]) -> dict[str, Any]:
    """Parses every amount with the one strict parser, before anything laxer can see it."""
    copy = dict(raw)
    for name, struct in _sections().items():
        if not isinstance(section := raw.get(name), dict):
            continue
        if struct is Risk:
            copy[name] = _limit_texts(section)
            continue
        amounts = {f.name for f in msgspec.structs.fields(struct) if f.type is Decimal}
        copy[name] = {
            key: _number(f"{name}.{key}", written(value)) if key in amounts and not isinstance(value, bool) else value
            for key, value in section.items()
        }
    return copy


def _convert(raw: dict[str, Any]) -> Settings:
    try:
        return msgspec.convert(_strict_decimals(raw), Settings, strict=False, dec_hook=_decode)
    except (msgspec.ValidationError, ConfigError) as error:
        wrong = first_wrong(raw, Settings, _fits)
        raise (wrong or ConfigError("tradewire.toml", str(error), "See `tradewire config check`.")) from None
