"""From the process's settings to what the domain needs."""

from datetime import UTC, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tradewire.domain.money import plain
from tradewire.errors import ConfigError
from tradewire.settings import Account, Duration, Risk, Settings
from tradewire_risk.domain.profile import Profile, Setup


def setup_of(settings: Settings) -> Setup:
    """The accounts and the rules that the configuration alone sets.

    Raises:
        ConfigError: an account's time zone does not exist.
    """
    return Setup(
        accounts={name: _profile(name, account) for name, account in settings.accounts.items()},
        price_from_signal=settings.paper.price_from_signal,
        clock=settings.clock,
    )


def limit_texts(risk: Risk) -> dict[str, str]:
    """Every limit of [risk] as it stands in a LimitSet: numbers and durations as text, symbols with commas between."""
    return {name: _text(getattr(risk, name)) for name in Risk.__struct_fields__}


def _profile(name: str, account: Account) -> Profile:
    return Profile(name, account.broker, account.currency, _zone(name, account.time_zone), account.fractional)


def _zone(account: str, name: str) -> tzinfo:
    if name == "UTC":
        return UTC  # needs no time zone data
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        key = f"accounts.{account}.time_zone"
        raise ConfigError(key, f"{name!r} is no time zone", "Write one such as UTC or America/New_York.") from None


def _text(value: object) -> str:
    if isinstance(value, Duration):
        whole, rest = divmod(value, 1_000_000)
        return f"{value // 1000}ms" if rest else f"{whole}s"
    if isinstance(value, list):
        return ",".join(sorted(value))
    return plain(value) if isinstance(value, Decimal) else f"{value}"
