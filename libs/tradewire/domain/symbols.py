"""What other systems call a symbol: one small table a source, and nothing is guessed.

TradingView and the crypto exchanges write a pair without its slash, which cannot be told from a stock by its looks:
`BTCUSD` is a pair only because the table says so. What is written as we write it is taken as it is; what looks like a
pair, is none of ours and is not in the table is refused.
"""

from collections.abc import Mapping
from itertools import product
from typing import Final

from msgspec import Struct

from tradewire.domain import names
from tradewire.domain.quoting import quoted
from tradewire.errors import InvalidValue

_BASES = ("BTC", "ETH", "SOL", "XRP", "ADA", "DOGE", "LTC", "BCH", "LINK", "AVAX", "DOT", "UNI", "AAVE")
_MONEY = ("USDT", "USDC", "USD", "EUR", "BTC")
_COINS = ("USDT", "USDC", "BUSD", "PERP")
"""What no stock's symbol ends with."""
_PAIRS = {f"{base}{money}": f"{base}/{money}" for base, money in product(_BASES, _MONEY) if base != money}
_SHARES = {"BRK-A": "BRK.A", "BRK-B": "BRK.B", "BF-A": "BF.A", "BF-B": "BF.B"}
BUILT_IN: Final[Mapping[str, Mapping[str, str]]] = {
    "tradingview": {**_PAIRS, "BRK/B": "BRK.B", "BRK/A": "BRK.A"},
    "traderspost": {**_PAIRS, **_SHARES},
    "bagbot": _PAIRS,
    "tradetracer": _SHARES,
    "stock-api": _SHARES,
    "catalyst": _SHARES,
}
"""Source -> what it calls a symbol -> the symbol. Sources that have no names of their own for anything need no row."""


class Symbols(Struct, frozen=True):
    """How one source names symbols; `own` comes before what is built in."""

    source: str
    own: Mapping[str, str] = {}

    def read(self, text: str) -> str:
        """Returns the symbol that a source means.

        Raises:
            InvalidValue: SYMBOL_ALIAS_UNKNOWN for what looks like a pair and is in no table, else SYMBOL_INVALID.
        """
        found = self.own.get(text) or BUILT_IN.get(self.source, {}).get(text)
        if found is not None:
            return found
        if "/" not in text and names.is_symbol(text) and text.endswith(_COINS) and text not in _COINS:
            problem = f"{quoted(text)} looks like a pair of {self.source}, and is in no table of aliases"
            fix = f"a symbol such as BTC/USDT, or a line for {text} in [aliases.{self.source}]"
            raise InvalidValue("SYMBOL_ALIAS_UNKNOWN", problem, fix)
        return names.symbol(text)

    def called(self, symbol: str) -> list[str]:
        """What the source calls a symbol beside its own name, sorted."""
        rows = {**BUILT_IN.get(self.source, {}), **self.own}
        return sorted(alias for alias, meant in rows.items() if meant == symbol and alias != symbol)
