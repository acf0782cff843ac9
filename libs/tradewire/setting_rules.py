"""What the settings must say beyond their types. Every error names the key and the fix."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tradewire.address_rules import verify_address
from tradewire.domain import limits, names
from tradewire.domain.hours import time_of_day
from tradewire.domain.quoting import quoted
from tradewire.domain.times import span_text
from tradewire.errors import ConfigError, InvalidValue
from tradewire.price_rules import verify_aliases, verify_prices
from tradewire.setting_errors import shown
from tradewire.strategy_rules import verify_strategies, verify_zone
from tradewire.trace_rules import verify_traces

if TYPE_CHECKING:
    from tradewire.settings import Account, Backup, Settings

_RANGES: dict[str, tuple[int, int]] = {
    "http.port": (0, 65_535),
    "nats.replicas": (1, 5),
    "ingest.batch": (1, 250),
    "ingest.stream_max_bytes": (4_096, 1 << 50),
    "router.max_in_flight": (1, 10_000),
    "backup.keep": (1, 10_000),
    "paper.starting_cash": (0, 10**15),
    "paper.partial_ratio": (0, 1),
    "paper.latency_ms": (0, 600_000),
    "paper.slippage_bps": (0, 10_000),
    "paper.commission_percent": (0, 100),
    "traces.sample": (0, 1),
}
_MAX_CALL_SECONDS = 5
_BACKUP_SECONDS = 60
_ENDPOINT = "Write the store's URL, such as https://minio.example.com."
_BEAT_AGE_SECONDS = (2, 60)
"""Services beat once a second: below two, one beat that is late would stop the trading."""


def read_limit(name: str, text: str) -> Any:
    """Parses one limit of the configuration.

    Raises:
        ConfigError: the text is not of its kind.
    """
    try:
        return limits.verify(name, text)
    except InvalidValue as error:
        raise ConfigError(f"risk.{name}", error.message, f"Write {error.expected}.") from None


def verify(settings: "Settings") -> None:
    """Passes settings whose values make sense, as types alone cannot tell.

    Raises:
        ConfigError: for the first that does not.
    """
    _verify_amounts(settings)
    _verify_tls(settings)
    _verify_names(settings)
    _verify_groups(settings.groups)
    verify_strategies(settings)
    verify_aliases(settings)
    verify_prices(settings)
    verify_traces(settings.traces.otlp_endpoint)
    call = settings.router.call_timeout
    if not 0 < call.seconds <= _MAX_CALL_SECONDS:
        fix = "Set 5s or less: lease age and call must fit in 10 s."
        raise ConfigError("router.call_timeout", f"is {span_text(call)}", fix)
    age, (least, most) = settings.router.max_beat_age, _BEAT_AGE_SECONDS
    if not least <= age.seconds <= most:
        raise ConfigError("router.max_beat_age", f"is {span_text(age)}", f"Set {least}s to {most}s.")
    _verify_backup(settings.backup)


def _verify_amounts(settings: "Settings") -> None:
    texts = {name: getattr(settings.risk, name) for name in settings.risk.__struct_fields__}
    for name, text in texts.items():
        read_limit(name, text)
    if (pair := limits.crossed(texts)) is not None:
        raise ConfigError(f"risk.{pair[0]}", f"is above risk.{pair[1]}", "No order could pass both.")
    for key, (least, most) in _RANGES.items():
        section, _, name = key.partition(".")
        if not least <= (value := getattr(getattr(settings, section), name)) <= most:
            raise ConfigError(key, f"is {shown(value)}", f"Set {least} to {most}.")


def _verify_tls(settings: "Settings") -> None:
    nats = settings.nats
    for given, needed in (("tls_cert", "tls_key"), ("tls_key", "tls_cert")):
        if getattr(nats, given) and not getattr(nats, needed):
            raise ConfigError(f"nats.{needed}", f"is not set, and nats.{given} is", "Set both, or neither.")


def _verify_backup(backup: "Backup") -> None:
    if backup.every.seconds < _BACKUP_SECONDS:
        raise ConfigError("backup.every", f"is {span_text(backup.every)}", f"Set {_BACKUP_SECONDS}s or more.")
    scheme, _, rest = backup.to.rpartition("://")
    if scheme and (scheme != "s3" or not rest.strip("/")):
        raise ConfigError("backup.to", f"is {quoted(backup.to)}", "Write a folder, or s3://bucket/folder.")
    if bool(backup.access_key_file) != bool(backup.secret_key_file):
        missing = "secret_key_file" if backup.access_key_file else "access_key_file"
        raise ConfigError(f"backup.{missing}", "is missing beside the other", "Write both, or neither.")
    verify_address(
        "backup.endpoint", backup.endpoint, _ENDPOINT, "Write them into backup.access_key_file and its like."
    )


def _verify_groups(groups: Mapping[str, list[str]]) -> None:
    for name, symbols in groups.items():
        key = f"groups.{name}"
        if not names.is_name(name):
            raise ConfigError(key, "is not a name", "Use a-z, 0-9, _ and -, starting with a letter, 32 at most.")
        if not symbols:
            raise ConfigError(key, "has no symbols", f'Write one or more, such as {name} = ["AAPL", "MSFT"].')
        for symbol in symbols:
            try:
                names.symbol(symbol)
            except InvalidValue as error:
                problem = f"has a wrong symbol: {error.message}"
                raise ConfigError(key, problem, f"Write {error.expected}.") from None


def _verify_names(settings: "Settings") -> None:
    keys = {f"accounts.{name}": name for name in settings.accounts}
    keys |= {f"strategies.{name}": name for name in settings.strategies}
    values = [("shard", settings.shard), ("default_account", settings.default_account)]
    values += [("ingest.people", person) for person in settings.ingest.people]
    for key, name in (*keys.items(), *values):
        if not names.is_name(name):
            problem = "is not a name" if key in keys else f"{quoted(name)} is not a name"
            raise ConfigError(key, problem, "Use a-z, 0-9, _ and -, starting with a letter, 32 at most.")
    used = {f"strategies.{name}.account": profile.account for name, profile in settings.strategies.items()}
    used |= {"default_account": settings.default_account, "router.account": settings.router.account}
    for key, account in used.items():
        if account and account not in settings.accounts:
            raise ConfigError(key, f"names no account: {account}", f"Add [accounts.{account}] or change {key}.")
    for name, profile in settings.accounts.items():
        _verify_broker(name, profile)
        verify_zone(f"accounts.{name}.time_zone", profile.time_zone)
        try:
            time_of_day(profile.day_rolls_at)
        except InvalidValue as error:
            key = f"accounts.{name}.day_rolls_at"
            raise ConfigError(key, error.message, f"Write {error.expected}.") from None


def _verify_broker(name: str, account: "Account") -> None:
    """Which brokers there are is known where their adapters are installed: by the account's router."""
    key = f"accounts.{name}"
    if not names.is_name(account.broker):
        problem = f"{quoted(account.broker)} is not a name"
        raise ConfigError(f"{key}.broker", problem, 'Write "paper", or the name of a broker\'s adapter.')
    if account.broker == "paper":
        if account.environment not in {"", "paper"} or account.options:
            fix = "Remove it, or name the broker that the account is at."
            wrong = next(iter(account.options), "environment")
            raise ConfigError(f"{key}.{wrong}", "is a setting of a real broker, and this is the paper broker", fix)
        return
    if not account.environment:
        fix = 'Write "paper" for play money, or "live" for real money.'
        raise ConfigError(f"{key}.environment", f"is missing, and the account is at {account.broker}", fix)
    if account.real_money and account.live is False:
        problem = f"is false, and the account is in the environment {account.environment} of {account.broker}"
        raise ConfigError(f"{key}.live", problem, "Remove it: real money is at stake.")
