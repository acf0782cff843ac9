"""What the sections [strategies.NAME] must say beyond their types. Every error names the key and the fix."""

from typing import TYPE_CHECKING, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tradewire.domain.hours import trading_window
from tradewire.domain.quoting import quoted
from tradewire.errors import ConfigError, InvalidValue
from tradewire.messages.default_size import default_size
from tradewire.messages.vocabulary import OrderType

if TYPE_CHECKING:
    from tradewire.settings import Settings, Strategy


def verify_zone(key: str, name: str) -> None:
    """Passes the name of a time zone.

    Raises:
        ConfigError: there is none of this name.
    """
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        fix = "Write one such as UTC or America/New_York."
        raise ConfigError(key, f"{quoted(name)} is no time zone", fix) from None


def verify_strategies(settings: "Settings") -> None:
    """Passes strategies whose values make sense, alone and together.

    Raises:
        ConfigError: for the first that does not.
    """
    for name, strategy in settings.strategies.items():
        key = f"strategies.{name}"
        _verify_accounts(key, settings, name, strategy)
        _verify_values(key, strategy)


def _verify_accounts(key: str, settings: "Settings", name: str, strategy: "Strategy") -> None:
    for account in strategy.accounts or ():
        if account not in settings.accounts:
            fix = f"Add [accounts.{account}] or take it off {key}.accounts."
            raise ConfigError(f"{key}.accounts", f"names no account: {account}", fix)
    default = settings.account_of(name)
    if strategy.accounts and default not in strategy.accounts:
        problem = f"is {default}, which is not among {key}.accounts"
        if not strategy.account:
            problem = f"is not set, and default_account {default} is not among {key}.accounts"
        raise ConfigError(f"{key}.account", problem, f"Set it to {' or '.join(strategy.accounts)}.")


def _verify_values(key: str, strategy: "Strategy") -> None:
    for field in ("accounts", "windows", "order_types"):
        if getattr(strategy, field) == []:
            fix = "Name at least one, or leave it out to restrict nothing."
            raise ConfigError(f"{key}.{field}", "is empty, so that nothing could be traded", fix)
    if strategy.time_zone:
        verify_zone(f"{key}.time_zone", strategy.time_zone)
    types = get_args(OrderType)
    for order_type in strategy.order_types or ():
        if order_type not in types:
            problem = f"{quoted(order_type)} is no order type"
            raise ConfigError(f"{key}.order_types", problem, f"Write {', '.join(types[:-1])} or {types[-1]}.")
    if strategy.max_open_positions is not None and strategy.max_open_positions < 1:
        problem = f"is {strategy.max_open_positions}, so that nothing could be opened"
        fix = 'Set 1 or more, or mode = "off".'
        raise ConfigError(f"{key}.max_open_positions", problem, fix)
    if strategy.kelly_trades < 1:
        problem = f"is {strategy.kelly_trades}, and from no trade nothing is learned"
        raise ConfigError(f"{key}.kelly_trades", problem, "Set 1 or more.")
    for field, read, texts in (
        ("windows", trading_window, strategy.windows or []),
        ("quantity", default_size, [strategy.quantity]),
    ):
        for text in texts:
            try:
                read(text)
            except InvalidValue as error:
                raise ConfigError(f"{key}.{field}", error.message, f"Write {error.expected}.") from None
