"""A quiet market for whoever rehearses: every price moves a little, in whole cents, and never far from where it was."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from random import Random
from typing import Any

from tests.twins.alpaca.state import Quote
from tests.twins.alpaca.venue import Alpaca

CENT = Decimal("0.01")
BEGINS = {
    "AAPL": "187.25",
    "MSFT": "412.60",
    "NVDA": "131.40",
    "TSLA": "244.10",
    "SPY": "548.30",
    "BRK.B": "431.75",
    "GRWG": "2.35",
    "BTC/USD": "64250",
    "ETH/USD": "3145.50",
}
STEP, PULL = 0.0003, 0.02
"""By which part of itself a price usually moves, and which part of its way from where it began it goes back."""


def walk(venue: Alpaca, chance: Random) -> Callable[[], Iterator[tuple[str, dict[str, Any]]]]:
    """Gives what to do next, time after time: a quote of each symbol that has a price. Shares stand still at night."""

    def beat() -> Iterator[tuple[str, dict[str, Any]]]:
        for symbol, begins in BEGINS.items():
            asset, before = venue.state.assets.get(symbol), venue.state.quotes.get(symbol)
            if asset is None or not asset.tradable or (asset.kind == "us_equity" and venue.state.session == "closed"):
                continue
            bid, ask = moved(before, Decimal(begins), chance)
            yield "quote", {"symbol": symbol, "bid": str(bid), "ask": str(ask)}

    return beat


def moved(before: Quote | None, begins: Decimal, chance: Random) -> tuple[Decimal, Decimal]:
    """The next bid and ask: a cent or a ten-thousandth apart, whichever is more."""
    bid = begins
    if before is not None:
        drift = float(begins / before.bid - 1) * PULL
        bid = max(CENT, (before.bid * Decimal(1 + drift + chance.gauss(0, STEP))).quantize(CENT))
    return bid, bid + max(CENT, (bid / 10_000).quantize(CENT))
