"""Which shares are halted, as the market-data stream tells it; Alpaca answers no question about that."""

from collections.abc import Callable, Collection

from tradewire_router.brokers.alpaca.words import Json

_HALTED, _RESUMED = frozenset({"2", "H", "P"}), frozenset({"3", "T"})
"""Status codes of all tapes: 2 and 3 are those of A and B, the letters those of C. P is a pause for volatility. With Q
quotes are back and trades are not; all others, such as imbalances, say nothing of it."""


class Halts:
    """Keeps what was told; says which symbol changed."""

    def __init__(self, changed: Callable[[str], None]) -> None:
        self._changed = changed
        self._halted: set[str] = set()

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._halted

    def take(self, message: Json) -> None:
        """A message about a symbol's status."""
        symbol, code = str(message.get("S")), str(message.get("sc"))
        if code in _HALTED and symbol not in self._halted:
            self._halted.add(symbol)
            self._changed(symbol)
        elif code in _RESUMED and symbol in self._halted:
            self._halted.remove(symbol)
            self._changed(symbol)

    def forget(self, but: Collection[str] = ()) -> None:
        """Takes as traded what cannot be heard of any more: nobody would hear that its halt is over."""
        for symbol in sorted(self._halted.difference(but)):
            self._halted.remove(symbol)
            self._changed(symbol)
