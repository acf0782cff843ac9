"""From the process's settings to what the domain needs."""

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tradewire.build import build_id
from tradewire.domain.hours import time_of_day, trading_window
from tradewire.domain.sizing import Sizer
from tradewire.errors import ConfigError
from tradewire.settings import Account, Risk, Settings, Strategy
from tradewire_risk.domain.profile import Profile, Setup
from tradewire_risk.domain.strategy import StrategyProfile


def setup_of(settings: Settings, sizers: dict[str, Sizer] | None = None) -> Setup:
    """The accounts and the rules that the configuration alone sets, and the plug-ins for sizes.

    Raises:
        ConfigError: the time zone of an account or a strategy does not exist.
        InvalidValue: a roll or a window cannot be read; `setting_reading.load` lets no such one pass.
    """
    return Setup(
        accounts={name: _profile(name, account, settings) for name, account in settings.accounts.items()},
        clock=settings.clock,
        strategies={name: _strategy(name, strategy) for name, strategy in settings.strategies.items()},
        groups={name: frozenset(symbols) for name, symbols in settings.groups.items()},
        sizers=sizers or {},
        build=build_id(),
    )


def limit_texts(risk: Risk) -> dict[str, str]:
    """Every limit of [risk] as it stands in a LimitSet."""
    return {name: getattr(risk, name) for name in Risk.__struct_fields__}


def _profile(name: str, account: Account, settings: Settings) -> Profile:
    return Profile(
        name=name,
        broker=account.broker,
        currency=account.currency,
        zone=_zone(f"accounts.{name}.time_zone", account.time_zone),
        fractional=account.fractional,
        rolls_at=time_of_day(account.day_rolls_at),
        live=account.is_live,
        price_source=settings.price_source_of(name),
        price_delay=account.price_delay,
        dry_run=account.dry_run,
    )


def _strategy(name: str, strategy: Strategy) -> StrategyProfile:
    zone = strategy.time_zone
    return StrategyProfile(
        name=name,
        accounts=frozenset(strategy.accounts or ()),
        sides=strategy.sides,
        windows=tuple(map(trading_window, strategy.windows or ())),
        zone=_zone(f"strategies.{name}.time_zone", zone) if zone else None,
        order_types=frozenset(strategy.order_types or ()),
        repeat=strategy.repeat,
        mode=strategy.mode,
        max_open_positions=strategy.max_open_positions,
        kelly_trades=strategy.kelly_trades,
    )


def _zone(key: str, name: str) -> tzinfo:
    if name == "UTC":
        return UTC  # needs no time zone data
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(key, f"{name!r} is no time zone", "Write one such as UTC or America/New_York.") from None
