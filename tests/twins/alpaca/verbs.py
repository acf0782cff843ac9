"""What only the venue's own people can do: prices, the market's day, fills, busts, manual orders, keys, time."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from tests.twins.alpaca import activities, events, groups, matching, orders, views
from tests.twins.alpaca.errors import RefusedError
from tests.twins.alpaca.market import quote, trade
from tests.twins.alpaca.options import options
from tests.twins.alpaca.reference import asset, stamp
from tests.twins.alpaca.state import Asset, Execution, Order, Quote
from tests.twins.kit.venue import Push

if TYPE_CHECKING:
    from tests.twins.alpaca.venue import Alpaca

Args = dict[str, Any]
SESSIONS = ("pre", "open", "after", "closed")


def _decimal(args: Args, name: str, default: Decimal | None = None) -> Decimal:
    value = args.get(name, default)
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"{name} is a number, not {value!r}") from None


def _maybe(args: Args, name: str) -> Decimal | None:
    return None if args.get(name) is None else _decimal(args, name)


def _order(venue: "Alpaca", args: Args) -> Order:
    """The order with `order` as its id or `client_order_id` as its client id."""
    try:
        if "order" in args:
            return orders.found(venue.state, str(args["order"]))
        return orders.by_client_id(venue.state, str(args.get("client_order_id")))
    except RefusedError as refusal:
        raise ValueError(str(refusal)) from None


def _execution(venue: "Alpaca", args: Args) -> Execution:
    done = venue.state.executions.get(str(args.get("execution")))
    if done is None or done.busted:
        raise ValueError(f"execution {args.get('execution')!r} does not exist, or not any more")
    return done


def _told(symbol: str, kind: str, told: Args) -> Push:
    return Push(channel="data", kind=kind, message={"T": kind, "S": symbol, **told})


def _known(venue: "Alpaca", args: Args) -> str:
    symbol = str(args.get("symbol"))
    if symbol not in venue.state.assets:
        raise ValueError(f"symbol {symbol!r} is not an asset here; the verb `asset` makes one")
    return symbol


def _quote(venue: "Alpaca", args: Args) -> Args:
    symbol = _known(venue, args)
    one = Quote(
        bid=_decimal(args, "bid"),
        ask=_decimal(args, "ask"),
        bid_size=_maybe(args, "bid_size"),
        ask_size=_maybe(args, "ask_size"),
        at=int(args.get("at", venue.clock.now)),
    )
    venue.state.quotes[symbol] = one
    told = quote(one, venue.state.assets[symbol].kind == "crypto")
    venue.state.pushes.append(_told(symbol, "q", told))
    if args.get("match", True):
        matching.match(venue.state, venue.options, symbol, venue.clock.now)
    return {}


def _quotes(venue: "Alpaca", args: Args) -> Args:
    """A run of quotes, of one symbol or of several in turn, so that a test of speed asks once."""
    first, step = _decimal(args, "first"), _decimal(args, "step")
    symbols = args.get("symbols") or [args.get("symbol")]
    for number in range(int(args["count"])):
        bid = first + step * number
        one = {"bid": str(bid), "ask": str(bid + _decimal(args, "spread"))}
        _quote(venue, {"symbol": symbols[number % len(symbols)], "match": False, **one})
    return {}


def _trade(venue: "Alpaca", args: Args) -> Args:
    symbol, price, at = _known(venue, args), _decimal(args, "price"), int(args.get("at", venue.clock.now))
    size = _decimal(args, "size", Decimal(100))
    venue.state.trades[symbol] = (price, size, at)
    told = trade(price, size, at, venue.state.assets[symbol].kind == "crypto")
    venue.state.pushes.append(_told(symbol, "t", told))
    matching.match(venue.state, venue.options, symbol, venue.clock.now, price)
    return {}


def _bars(venue: "Alpaca", args: Args) -> Args:
    symbol, frame = _known(venue, args), str(args.get("timeframe", "1Min"))
    kept = venue.state.bars.setdefault((symbol, frame), [])
    for bar in args["bars"]:
        told = {"n": 1, "vw": bar["c"], **bar}
        kept[:] = [other for other in kept if other["t"] != told["t"]]
        kept.append(told)
        if args.get("stream") and frame == "1Min":
            venue.state.pushes.append(_told(symbol, "b", told))
    return {"kept": len(kept)}


def _status(venue: "Alpaca", args: Args) -> Args:
    told = {"sc": "H", "sm": "Trading Halt", "rc": "T1", "rm": "News pending", "z": "C", "t": stamp(venue.clock.now)}
    venue.state.pushes.append(_told(_known(venue, args), "s", told | args.get("status", {})))
    return {}


def _session(venue: "Alpaca", args: Args) -> Args:
    if args.get("name") not in SESSIONS:
        raise ValueError(f"name is one of {', '.join(SESSIONS)}, not {args.get('name')!r}")
    matching.session(venue.state, venue.options, args["name"], venue.clock.now)
    return {}


def _fill(venue: "Alpaca", args: Args) -> Args:
    one = _order(venue, args)
    qty = _decimal(args, "qty", one.leaves or None)
    done = events.fill(venue.state, venue.options, one, qty, _decimal(args, "price"), venue.clock.now)
    groups.filled(venue.state, venue.options, one, venue.clock.now)
    return {"execution": done.id}


def _bust(venue: "Alpaca", args: Args) -> Args:
    events.bust(venue.state, venue.options, _execution(venue, args), venue.clock.now)
    return {}


def _correct(venue: "Alpaca", args: Args) -> Args:
    done = _execution(venue, args)
    qty, price = _maybe(args, "qty"), _maybe(args, "price")
    return {"execution": events.correct(venue.state, venue.options, done, qty, price, venue.clock.now).id}


def _submit(venue: "Alpaca", args: Args) -> Args:
    try:
        return orders.submit(venue.state, venue.options, args, venue.clock.now)
    except RefusedError as refusal:
        raise ValueError(str(refusal)) from None


def _end(status: str) -> Callable[["Alpaca", Args], Args]:
    def end(venue: "Alpaca", args: Args) -> Args:
        one = _order(venue, args)
        events.change(venue.state, venue.options, one, status, venue.clock.now)
        groups.ended(venue.state, venue.options, one, venue.clock.now)
        return {}

    return end


def _settle(venue: "Alpaca", args: Args) -> Args:
    one = _order(venue, args)
    if one.status == "pending_cancel":
        return _end("canceled")(venue, args)
    if one.status == "pending_replace":
        orders.settle(venue.state, venue.options, one, venue.clock.now)
        return {}
    raise ValueError(f"order {one.id} is {one.status}, not pending_cancel or pending_replace")


def _refuse_cancel(venue: "Alpaca", args: Args) -> Args:
    one = _order(venue, args)
    if one.status == "pending_cancel":
        one.status = one.before
    events.tell(venue.state, venue.options, "order_cancel_rejected", one, venue.clock.now)
    return {}


def _refuse_replace(venue: "Alpaca", args: Args) -> Args:
    one = _order(venue, args)
    if one.status != "pending_replace":
        raise ValueError(f"order {one.id} is {one.status}, not pending_replace")
    one.status = one.before
    groups.unreplaced(venue.state, venue.options, one, venue.clock.now)
    return {}


def _restate(venue: "Alpaca", args: Args) -> Args:
    one = _order(venue, args)
    one.status = str(args.get("status", one.status))
    events.tell(venue.state, venue.options, "restated", one, venue.clock.now)
    return {}


def _activity(venue: "Alpaca", args: Args) -> Args:
    more = {name: value for name, value in args.items() if name not in {"type", "net_amount", "symbol", "qty"}}
    symbol = _known(venue, args) if args.get("symbol") else None
    kind = str(args.get("type"))
    if kind not in activities.KINDS - {"FILL"}:
        raise ValueError(f"type {kind!r} is not an activity without a trade")
    amount = _decimal(args, "net_amount", Decimal(0))
    return activities.non_trade(
        venue.state, kind, venue.clock.now, net_amount=amount, symbol=symbol, qty=_maybe(args, "qty"), **more
    )


def _asset(venue: "Alpaca", args: Args) -> Args:
    fields = [name for name in Asset.__struct_fields__ if name != "id"]
    if wrong := [name for name in args if name not in fields]:
        raise ValueError(f"{', '.join(wrong)}: not a field of an asset; they are {', '.join(fields)}")
    symbol = str(args["symbol"])
    kept = venue.state.assets.setdefault(symbol, asset(symbol))
    for name, value in args.items():
        setattr(kept, name, _decimal(args, name) if name in {"increment", "min_size"} else value)
    return views.asset(kept)


def _flags(venue: "Alpaca", args: Args) -> Args:
    venue.state.flags |= {name: bool(value) for name, value in args.items()}
    return {}


def _keys(venue: "Alpaca", args: Args) -> Args:
    venue.revoked = bool(args.get("revoked", True))
    return {}


def _clock(venue: "Alpaca", args: Args) -> Args:
    venue.clock.skew = int(_decimal(args, "skew_seconds") * 1_000_000)
    return {}


def _options(venue: "Alpaca", args: Args) -> Args:
    venue.options = options({name: str(value) for name, value in args.items()}, venue.options)
    return {}


VERBS: dict[str, tuple[Callable[["Alpaca", Args], Args], str]] = {
    "quote": (
        _quote,
        "symbol, bid, ask, bid_size?, ask_size?, at?, match?: the top of the book; orders trade against it",
    ),
    "quotes": (
        _quotes,
        "symbol or symbols, first, step, spread, count: as many quotes in a row, from the bid `first` on",
    ),
    "trade": (_trade, "symbol, price, size?, at?: a trade on the tape; it touches stops"),
    "bars": (
        _bars,
        "symbol, timeframe, bars, stream?: bars to be asked for, streamed when 1Min; one of the same time is replaced",
    ),
    "status": (_status, "symbol, status?: a trading status on the data stream, a halt when nothing else is said"),
    "session": (_session, "name: pre, open, after or closed"),
    "fill": (_fill, "order or client_order_id, price, qty?: an execution, however late and however much"),
    "bust": (_bust, "execution: takes it back"),
    "correct": (_correct, "execution, qty?, price?: replaces it by another"),
    "submit": (_submit, "the fields of an order: one that somebody sends by hand"),
    "cancel": (_end("canceled"), "order or client_order_id: ends it without being asked"),
    "reject": (_end("rejected"), "order or client_order_id: rejects it after it was accepted"),
    "expire": (_end("expired"), "order or client_order_id"),
    "restate": (_restate, "order or client_order_id, status: tells any state, also one that nobody knows"),
    "settle": (_settle, "order or client_order_id: does a cancel or a replacement that is pending"),
    "refuse_cancel": (_refuse_cancel, "order or client_order_id: the cancel comes too late"),
    "refuse_replace": (_refuse_replace, "order or client_order_id: the replacement does not come about"),
    "activity": (_activity, "type, net_amount?, symbol?, qty?, …: cash or shares move without a trade"),
    "asset": (_asset, "symbol and its fields: makes or changes an asset"),
    "flags": (
        _flags,
        "trading_blocked, account_blocked, trade_suspended_by_user, day_trade_block, shorting_enabled, …",
    ),
    "keys": (_keys, "revoked: whether the keys are refused from now on"),
    "clock": (_clock, "skew_seconds: how far the venue's clock is ahead"),
    "options": (_options, "rules by name: see options.py"),
}
