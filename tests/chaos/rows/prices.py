"""Faults of the price feed: it freezes, or what it says is no price."""

import asyncio
from collections.abc import Callable
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from tests.chaos.load import HIGHEST, LOWEST, SYMBOLS, probes
from tests.chaos.run import Run
from tests.chaos.told import DECISIONS, Told, last_pos, requested, told
from tradewire.messages.quotes import Quote

MAX_PRICE_AGE = 1_000_000
"""What the row's shape sets as `max_price_age`, in µs."""
_CENT = Decimal("0.01")
_HUGE = Decimal(10) ** 15
_PRICE_REASONS = frozenset({"PRICE_STALE", "PRICE_MISSING"})


def _all(price: Decimal) -> Callable[[Quote, int], Quote | None]:
    return lambda quote, _: replace(quote, bid=price, ask=price, last=price)


_SPOILT: dict[str, Callable[[Quote, int], Quote | None]] = {
    "frozen": lambda _, __: None,
    "repeated": lambda quote, began: replace(quote, at=began),
    "NaN": _all(Decimal("NaN")),
    "zero": _all(Decimal(0)),
    "crossed": lambda quote, _: replace(quote, bid=Decimal(200), ask=Decimal(50), last=None),
    "negative": _all(Decimal(-100)),
    "huge": _all(_HUGE),
}
"""What the feed says of a symbol instead, from a time (µs) on."""
_HEARD = frozenset({"repeated"})
"""What is a price, though an old one."""


class Spoilt(Struct):
    """A time (µs) in which the feed said no price of some symbols."""

    name: str
    symbols: frozenset[str]
    began: int
    ended: int = 0


async def bad_quotes(run: Run) -> None:
    """Of two symbols the feed freezes or says no price, twice: nothing in them is approved while it lasts, and the
    others flow.

    Every other time risk is killed meanwhile, and comes back knowing no price at all.
    """
    began_at = await last_pos(run.system)
    async with run.load(seconds=7.0):
        await run.pause(0.5, 1.0)
        spoilt = [await _spoil(run, turn) for turn in range(2)]
    orders = await requested(run)
    decisions = [each for each in await told(run.system, *DECISIONS, after=began_at) if each.data["order"] in orders]
    symbols = {order: asked.data["symbol"] for order, asked in orders.items()}
    for span in spoilt:
        _judge_span(run, span, [(symbols[each.data["order"]], each) for each in decisions])
    _judge_prices(run, decisions, await told(run.system, "MarksRecorded", after=began_at))
    unpriced = run.seed % 2 and spoilt[-1].name not in _HEARD
    if unpriced and not any(each.data.get("reason") == "PRICE_MISSING" for each in decisions):
        run.notes.append("risk came back without a price, and denied nothing for that")


async def _spoil(run: Run, turn: int) -> Spoilt:
    """Spoils the quotes of two symbols for some seconds, and lets some orders in all symbols come then and after."""
    name = tuple(_SPOILT)[(2 * run.seed + turn) % len(_SPOILT)]
    clock, risk = run.system.world, run.system.processes["risk"]
    span = Spoilt(name, frozenset(run.random.sample(SYMBOLS, 2)), clock.now())

    def say(quote: Quote) -> Quote | None:
        return _SPOILT[name](quote, span.began) if quote.symbol in span.symbols else quote

    run.feed.spoilt = say
    await asyncio.sleep(MAX_PRICE_AGE / 1e6 + run.random.uniform(0.5, 1.5))
    if turn and run.seed % 2:
        await risk.kill()
        await run.system.until_ready()
    await run.extra(probes(f"{run.prefix}-{name}"))
    await asyncio.sleep(0.3)
    span.ended = clock.now()
    run.feed.spoilt = lambda quote: quote
    await asyncio.sleep(0.5)
    await run.extra(probes(f"{run.prefix}-{name}-over"))
    return span


def _judge_span(run: Run, span: Spoilt, decisions: list[tuple[str, Told]]) -> None:
    old = span.began + MAX_PRICE_AGE
    during = [(symbol, told) for symbol, told in decisions if old < told.time <= span.ended]
    denied = 0
    for symbol, decision in during:
        if symbol not in span.symbols:
            continue
        if decision.type == "OrderApproved":
            run.notes.append(f"an order in {symbol} was approved while its price was {span.name}: {_quotes(decision)}")
        elif not decision.failed("price", "price_age"):
            run.notes.append(f"an order in {symbol} was denied while its price was {span.name}, but not for that")
        denied += decision.data.get("reason") in _PRICE_REASONS
    run.hit(denied)
    if not denied:
        run.notes.append(f"nothing was denied for its price while that was {span.name}")
    if not any(told.type == "OrderApproved" for symbol, told in during if symbol not in span.symbols):
        run.notes.append(f"no other symbol was traded while prices were {span.name}")
    back = {symbol for symbol, told in decisions if told.type == "OrderApproved" and told.time > span.ended}
    if missing := span.symbols - back:
        run.notes.append(f"{', '.join(sorted(missing))} did not come back after prices were {span.name}")


def _judge_prices(run: Run, decisions: list[Told], marked: list[Told]) -> None:
    """No approval and no mark rests on a price that the market never had, nor an approval on one that is too old."""
    for approved in decisions:
        if approved.type != "OrderApproved":
            continue
        for _, price, at, source in approved.data["quotes"]:
            if not _possible(price) or approved.time - at > MAX_PRICE_AGE:
                run.notes.append(f"approved at {price} of {source}, {(approved.time - at) / 1e6:.1f} s old")
    for each in marked:
        for symbol, (price, _) in each.data["marks"].items():
            if not _possible(price):
                run.notes.append(f"{symbol} was marked at {price}")


def _possible(price: str) -> bool:
    return LOWEST - _CENT <= Decimal(price) <= HIGHEST + _CENT


def _quotes(decision: Told) -> str:
    return str(decision.data["quotes"])
