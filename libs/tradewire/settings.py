"""Settings: one `tradewire.toml`, every key of it overridable from the environment, decoded strictly.

The file's path is `TRADEWIRE_CONFIG`. A key `b` in section `[a]` is overridden by `TRADEWIRE_A_B`; the limits' names of
older systems (`MAX_ORDER_SIZE_USD` and its kind) are aliases of theirs, and where several are set the strictest wins.
A bad key or value is a ConfigError that names the key and the fix; processes exit with 2 on it.
"""

import os
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct, field

from tradewire.domain.money import money, plain
from tradewire.domain.times import duration
from tradewire.errors import ConfigError, InvalidValue
from tradewire.live_rules import verify_live
from tradewire.messages.default_size import DefaultSize, default_size
from tradewire.setting_errors import first_wrong, hint, shown, written
from tradewire.setting_rules import read_limit, verify


class Duration(int):
    """A span in microseconds, written `"30s"`, `"5m"`, `"4d"`."""

    @property
    def seconds(self) -> float:
        return self / 1_000_000


class Nats(Struct, frozen=True, forbid_unknown_fields=True):
    """Where NATS is. `monitor_urls` are asked whether every publish is synced to disk; `sync` waives that by name."""

    url: str = "nats://127.0.0.1:4222"
    monitor_urls: list[str] = []
    nkey_file: str = ""
    user: str = ""
    sync: Literal["verified", "unverified"] = "verified"


class Postgres(Struct, frozen=True, forbid_unknown_fields=True):
    """Where Postgres is: one role for the sequencer, one for the reader, and the owner's for migrations alone."""

    dsn: str = ""
    reader_dsn: str = ""
    admin_dsn: str = ""


class Http(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a process answers /livez, /readyz and /metrics. Port 0 is any free one.

    Under `tradewire up` it is the first of as many ports as there are processes, in the order in which they start.
    """

    host: str = "127.0.0.1"
    port: int = 0


class Log(Struct, frozen=True, forbid_unknown_fields=True):
    """What is logged and how. Reloaded on SIGHUP."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "text"] = "json"


class Ingest(Struct, frozen=True, forbid_unknown_fields=True):
    """The doors. `stream_max_bytes` bounds SIGNALS; a full stream refuses new signals and loses none.

    `people` are those who may give commands, where their keys are not kept in the data folder: some acts need two.
    """

    stream_max_bytes: int = 1 << 30
    batch: int = 200
    people: list[str] = []


class Risk(Struct, frozen=True, forbid_unknown_fields=True):
    """The configuration's limits of the scope `global`, as texts; appended as LimitSet at start when they differ.

    `tradewire.domain.limits` says how each is read. These are the defaults of paper accounts: a live account takes none
    of them, each must be written. `none` lifts a limit by name.
    """

    max_order_quantity: str = "10000"
    min_order_quantity: str = "0.0001"
    max_order_value: str = "10000"
    min_order_value: str = "10"
    market_order_cushion: str = "3"
    rounding: str = "reject"
    max_price_away: str = "3"
    max_price_away_passive: str = "20"
    max_price_away_crypto: str = "5"
    max_price_away_passive_crypto: str = "30"
    max_position_value: str = "50000"
    max_open_orders_per_symbol: str = "5"
    max_open_orders: str = "50"
    max_open_exposure: str = "100"
    max_gross_exposure: str = "200"
    max_net_exposure: str = "100"
    max_concentration: str = "none"
    max_group_concentration: str = "none"
    max_volume_share: str = "none"
    max_value_at_risk: str = "none"
    max_open_positions: str = "none"
    allow_short: str = "no"
    max_daily_loss: str = "5000"
    max_daily_loss_percent: str = "3"
    max_drawdown: str = "10"
    drawdown_window: str = "30d"
    max_orders_per_second: str = "5"
    max_orders_per_minute: str = "60"
    max_orders_per_day: str = "100"
    max_repeated_executions: str = "10"
    repeated_execution_window: str = "60s"
    duplicate_window: str = "10s"
    cooldown: str = "none"
    max_signal_age: str = "30s"
    max_signal_ahead: str = "2s"
    max_price_age: str = "5s"
    max_balance_age: str = "60s"
    max_instrument_age: str = "1d"
    approval_ttl: str = "30s"
    mark_interval: str = "60s"
    allowed_symbols: str = ""
    restricted_symbols: str = ""
    market_hours: str = "always"
    approval_threshold: str = "none"
    approval_deadline: str = "5m"
    probation_orders: str = "0"
    probation_order_value: str = "100"
    soft_limit: str = "80"


class Router(Struct, frozen=True, forbid_unknown_fields=True):
    """The router. A broker call may last `call_timeout`; an absent order is proven by asking over `absence_grace`.

    Nothing new is sent while risk or the ledger was not heard for longer than `max_beat_age`.
    """

    account: str = "paper"
    call_timeout: Duration = Duration(3_000_000)
    absence_grace: Duration = Duration(5_000_000)
    reconcile_interval: Duration = Duration(30_000_000)
    max_in_flight: int = 256
    max_beat_age: Duration = Duration(5_000_000)


class Paper(Struct, frozen=True, forbid_unknown_fields=True):
    """The paper broker: where it listens, what it charges, and what its market is.

    Each account starts with `starting_cash` in the account's own currency.
    """

    address: str = "127.0.0.1:0"
    token_file: str = ""
    journal: str = "data/paper"
    seed: int = 1
    starting_cash: Decimal = Decimal(100_000)
    commission_per_share: Decimal = Decimal(0)
    commission_percent: Decimal = Decimal(0)
    slippage_bps: Decimal = Decimal(0)
    fill: Literal["quotes", "signal_price"] = "quotes"
    price_from_signal: bool = True
    partial_ratio: Decimal = Decimal(0)
    latency_ms: int = 0
    allow_short: bool = False
    faults: bool = False


class Account(Struct, frozen=True, forbid_unknown_fields=True):
    """A trading account: which broker holds it, and when its day rolls: at a time of day in its time zone.

    `fractional` lets sizes that risk works out be fractions of a share; coins always may. `live` is said where the
    broker does not say it: a paper account may be set live, to rehearse. `live_sentence` is typed by its owner.
    """

    broker: Literal["paper"] = "paper"
    currency: str = "USD"
    time_zone: str = "UTC"
    day_rolls_at: str = "00:00"
    fractional: bool = False
    live: bool | None = None
    live_sentence: str = ""

    @property
    def is_live(self) -> bool:
        """Whether real money is at stake, or is to be taken as if it were."""
        return self.broker != "paper" if self.live is None else self.live


Sides = Literal["both", "long", "short", "buy", "sell"]
Repeat = Literal["add", "reverse", "ignore"]
StrategyMode = Literal["auto", "approve", "off"]


LEAST_TRADES = 30
"""Closed trades from which Kelly's figures may be taken, where a strategy says no other number."""


class Strategy(Struct, frozen=True, forbid_unknown_fields=True):
    """A strategy that may publish, and what it may do. What is left out restricts nothing.

    `account` is where its signals go when they name none, and `accounts` are all that it may trade. `windows` are hours
    in `time_zone`, else in the account's. `quantity` is how much a buy or sell trades that does not say it. From
    `kelly_trades` closed trades on Kelly's figures may be taken from them.
    """

    account: str = ""
    accounts: list[str] | None = None
    sides: Sides = "both"
    windows: list[str] | None = None
    time_zone: str = ""
    order_types: list[str] | None = None
    quantity: str = "signal"
    max_open_positions: int | None = None
    repeat: Repeat = "add"
    mode: StrategyMode = "auto"
    kelly_trades: int = LEAST_TRADES


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that can be set. A process uses the sections that concern it.

    `groups` are symbols that move together, by the group's name: what an account has in one of them is limited.
    """

    shard: str = "main"
    clock: Literal["wall", "quotes"] = "wall"
    data: str = "data"
    default_account: str = "paper"
    nats: Nats = Nats()
    postgres: Postgres = Postgres()
    http: Http = Http()
    log: Log = Log()
    ingest: Ingest = Ingest()
    risk: Risk = Risk()
    router: Router = Router()
    paper: Paper = Paper()
    accounts: dict[str, Account] = field(default_factory=lambda: {"paper": Account()})
    strategies: dict[str, Strategy] = {}
    groups: dict[str, list[str]] = {}

    def account_of(self, strategy: str) -> str:
        """The account that a strategy's signals go to when they name none."""
        profile = self.strategies.get(strategy)
        return (profile.account if profile else "") or self.default_account

    def size_of(self, strategy: str) -> DefaultSize | None:
        """How much a strategy's entries trade when they do not say; None where they must say it."""
        profile = self.strategies.get(strategy)
        return default_size(profile.quantity) if profile else None


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
_PREFIX = "TRADEWIRE_"
_NOT_SETTINGS = {
    "TRADEWIRE_BUILD",
    "TRADEWIRE_CONFIG",
    "TRADEWIRE_FAULTS",
    "TRADEWIRE_FAULTS_FILE",
    "TRADEWIRE_INSTANCE",
}


def load(path: str | None = None, env: Mapping[str, str] | None = None) -> Settings:
    """Reads the settings from a file (default: `TRADEWIRE_CONFIG`, else none) and the environment.

    Raises:
        ConfigError: for a file that cannot be read, an unknown key, or a value that is out of its range.
    """
    env = os.environ if env is None else env
    path = path or env.get("TRADEWIRE_CONFIG")
    raw: dict[str, Any] = _read(Path(path)) if path else {}
    _overlay(raw, env)
    settings = _convert(raw)
    _apply_aliases(raw, env)
    settings = _convert(raw)
    verify(settings)
    verify_live(settings, raw.get("risk", {}))
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


def _sections() -> dict[str, type[Struct]]:
    return {
        f.name: f.type
        for f in msgspec.structs.fields(Settings)
        if isinstance(f.type, type) and issubclass(f.type, Struct)
    }


def _overlay(raw: dict[str, Any], env: Mapping[str, str]) -> None:
    """Lays `TRADEWIRE_…` over the file; a name that is no key is an error, because a typo there would be silent."""
    sections = _sections()
    top = {f.name for f in msgspec.structs.fields(Settings)} - set(sections) - {"accounts", "strategies", "groups"}
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
