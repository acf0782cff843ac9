"""Market data over REST: latest quotes, trades, bars and snapshots, and bars by pages, in JSON numbers."""

import base64
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.twins.alpaca.activities import when
from tests.twins.alpaca.errors import RefusedError, invalid
from tests.twins.alpaca.options import Options
from tests.twins.alpaca.reference import stamp
from tests.twins.alpaca.state import Quote, State

BARS_LIMIT, BARS_LIMIT_MAX = 1000, 10_000
DEFAULT_SIZE = 100


def quote(one: Quote, crypto: bool) -> dict[str, Any]:
    """A quote in the feed's letters."""
    bid_size = DEFAULT_SIZE if one.bid_size is None else float(one.bid_size)
    ask_size = DEFAULT_SIZE if one.ask_size is None else float(one.ask_size)
    plain = {"bp": float(one.bid), "bs": bid_size, "ap": float(one.ask), "as": ask_size, "t": stamp(one.at)}
    return plain if crypto else {**plain, "bx": "V", "ax": "V", "c": ["R"], "z": "C"}


def trade(price: Decimal, size: Decimal, at: int, crypto: bool) -> dict[str, Any]:
    """A trade in the feed's letters."""
    plain = {"p": float(price), "s": float(size), "t": stamp(at), "i": at % 1_000_000_000}
    return plain | ({"tks": "B"} if crypto else {"x": "V", "c": ["@"], "z": "C"})


def symbols_of(state: State, query: dict[str, str]) -> list[str]:
    """The symbols of a request; unknown ones have no data, an empty list is refused."""
    named = [symbol for symbol in query.get("symbols", "").split(",") if symbol]
    if not named:
        raise RefusedError(400, None, "symbols is required")
    return [symbol for symbol in named if symbol in state.assets]


def allowed(options: Options, query: dict[str, str]) -> None:
    """Whether the subscription covers the feed that was asked for."""
    feed = query.get("feed", options.feeds)
    if feed == "sip" and options.feeds != "sip":
        raise RefusedError(403, None, "subscription does not permit querying recent SIP data")
    if feed not in {"iex", "sip", "delayed_sip", "boats", "overnight"}:
        raise RefusedError(400, None, f"invalid feed: {feed}")


def latest(state: State, what: str, query: dict[str, str]) -> dict[str, Any]:
    """…/quotes/latest, …/trades/latest, …/bars/latest."""
    found: dict[str, Any] = {}
    for symbol in symbols_of(state, query):
        crypto = state.assets[symbol].kind == "crypto"
        if what == "quotes" and symbol in state.quotes:
            found[symbol] = quote(state.quotes[symbol], crypto)
        elif what == "trades" and symbol in state.trades:
            found[symbol] = trade(*state.trades[symbol], crypto)
        elif what == "bars" and state.bars.get((symbol, "1Min")):
            found[symbol] = state.bars[symbol, "1Min"][-1]
    return {what: found}


def bars(state: State, query: dict[str, str]) -> dict[str, Any]:
    """Bars of several symbols, by symbol and then by time, either way; `next_page_token` goes on after the page."""
    if "timeframe" not in query:
        raise RefusedError(400, None, "timeframe is required")
    start = when(query["start"]) if "start" in query else 0
    end = when(query["end"]) if "end" in query else 1 << 62
    limit = min(BARS_LIMIT_MAX, int(query.get("limit", BARS_LIMIT)))
    newest_first = query.get("sort") == "desc"
    every = [
        (symbol, bar)
        for symbol in sorted(symbols_of(state, query))
        for bar in sorted(
            state.bars.get((symbol, query["timeframe"]), []), key=lambda bar: str(bar["t"]), reverse=newest_first
        )
        if start <= int(datetime.fromisoformat(str(bar["t"])).timestamp() * 1_000_000) <= end
    ]
    first = _first(query["page_token"]) if query.get("page_token") else 0
    page: dict[str, list[dict[str, object]]] = {}
    for symbol, bar in every[first : first + limit]:
        page.setdefault(symbol, []).append(bar)
    more = first + limit < len(every)
    return {"bars": page, "next_page_token": base64.b64encode(str(first + limit).encode()).decode() if more else None}


def _first(token: str) -> int:
    try:
        return int(base64.b64decode(token))
    except ValueError:
        raise invalid(f"invalid page_token: {token}") from None


def snapshots(state: State, query: dict[str, str]) -> dict[str, Any]:
    """…/snapshots: the symbol is the key, and there is no word above it."""
    one_of = {
        "latestQuote": latest(state, "quotes", query)["quotes"],
        "latestTrade": latest(state, "trades", query)["trades"],
        "minuteBar": latest(state, "bars", query)["bars"],
    }
    return {
        symbol: {name: found[symbol] for name, found in one_of.items() if symbol in found}
        for symbol in symbols_of(state, query)
    }
