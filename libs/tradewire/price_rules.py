"""What the settings must say of prices and of symbols' names. Every error names the key and the fix."""

from typing import TYPE_CHECKING

from tradewire.domain import names
from tradewire.domain.quoting import quoted
from tradewire.domain.symbols import BUILT_IN
from tradewire.domain.times import span_text
from tradewire.errors import ConfigError, InvalidValue

if TYPE_CHECKING:
    from tradewire.settings import Settings

_MOST_DELAY_SECONDS = 3_600
_MOST_ALIAS = 64


def verify_prices(settings: "Settings") -> None:
    """Passes accounts of which it is clear what may serve as a price.

    Raises:
        ConfigError: for the first of which it is not.
    """
    for name, account in settings.accounts.items():
        key = f"accounts.{name}.price_source"
        if account.price_source == "signal" and account.is_live:
            raise ConfigError(key, f"is signal, and {name} is live", "Set it to live, or to delayed.")
        if account.price_source == "signal" and account.broker == "paper" and not settings.paper.price_from_signal:
            raise ConfigError(key, "is signal, and paper.price_from_signal is false", "Change one of the two.")
        if not 0 <= account.price_delay.seconds <= _MOST_DELAY_SECONDS:
            raise ConfigError(f"accounts.{name}.price_delay", f"is {span_text(account.price_delay)}", "Set 0s to 1h.")


def verify_aliases(settings: "Settings") -> None:
    """Passes tables of aliases that can be read, and strategies whose source has one.

    Raises:
        ConfigError: for the first that does not.
    """
    for source, rows in settings.aliases.items():
        if not names.is_name(source):
            fix = "Use a-z, 0-9, _ and -, starting with a letter, 32 at most."
            raise ConfigError(f"aliases.{source}", "is not a name", fix)
        for alias, symbol in rows.items():
            key = f"aliases.{source}.{alias}"
            if not alias or len(alias) > _MOST_ALIAS or not alias.isprintable():
                raise ConfigError(key, "can be no alias", f"Write 1 to {_MOST_ALIAS} printable characters.")
            try:
                names.symbol(symbol)
            except InvalidValue as error:
                raise ConfigError(key, f"is no symbol: {error.message}", f"Write {error.expected}.") from None
    known = sorted({*BUILT_IN, *settings.aliases})
    for name, strategy in settings.strategies.items():
        if strategy.aliases and strategy.aliases not in known:
            problem = f"names no source: {quoted(strategy.aliases)}"
            fix = f"Add [aliases.{strategy.aliases}], or write one of {', '.join(known)}."
            raise ConfigError(f"strategies.{name}.aliases", problem, fix)
