"""What the fields of a signal must say together, as a table of what each action and order type takes, then the prices.

Every rule holds for the signal alone. `given` are the names of the fields that were sent, because a default is no word
of the sender's.
"""

from collections.abc import Collection
from decimal import Decimal

from msgspec import Struct

from tradewire.domain.money import plain
from tradewire.messages import signal_sizes
from tradewire.messages.refusals import Code, refused
from tradewire.messages.signal import Signal, StopLoss, TakeProfit, Trail
from tradewire.messages.vocabulary import Action, OrderType

SIZES = ("quantity", "notional", "target_quantity", "target_percent", "size")
EXITS = ("stop_loss", "take_profit")
_SHAPE = ("trail", "time_in_force", "expire_at", "extended_hours", "reduce_only", "execution")


class ActionRule(Struct, frozen=True):
    """What an action means, which sizes it takes (none or exactly one; a replace at most one), and what it refuses."""

    meaning: str
    sizes: tuple[str, ...]
    refuses: tuple[str, ...] = ()


ACTIONS: dict[Action, ActionRule] = {
    "buy": ActionRule("buys that much", ("quantity", "notional", "size")),
    "sell": ActionRule("sells that much", ("quantity", "notional", "size")),
    "close": ActionRule("ends the whole position in the symbol", (), EXITS),
    "reduce": ActionRule("makes the position smaller by that much", ("quantity", "notional", "size"), EXITS),
    "target": ActionRule("buys or sells up to that position", ("target_quantity", "target_percent")),
    "cancel": ActionRule(
        "cancels all working orders of the strategy in the symbol and account",
        (),
        ("order_type", "limit_price", "stop_price", *EXITS, *_SHAPE),
    ),
    "replace": ActionRule(
        "gives the one open order of the strategy in the symbol and account another quantity, limit or stop price",
        ("quantity",),
        ("order_type", *EXITS, *_SHAPE),
    ),
}

PRICES: dict[OrderType, tuple[str, ...]] = {
    "market": (),
    "limit": ("limit_price",),
    "stop": ("stop_price",),
    "stop_limit": ("limit_price", "stop_price"),
    "trailing_stop": ("trail",),
}
"""The prices that each order type has. It needs all of them and takes no other."""


def check(signal: Signal, given: Collection[str]) -> None:
    """Passes a coherent signal.

    Raises:
        SignalInvalid: for the first rule that is broken.
    """
    _check_action(signal, given)
    _check_times(signal)
    if signal.action == "cancel":
        return
    if signal.action != "replace":
        _check_order_prices(signal, given)
    _check_distances(signal)
    if signal.action in {"buy", "sell"}:
        _check_stop_side(signal)
        _check_stop_loss(signal)
        _check_take_profit(signal)


def _check_action(signal: Signal, given: Collection[str]) -> None:
    action, rule = signal.action, ACTIONS[signal.action]
    for field in rule.refuses:
        if field in given:
            raise refused(Code.FIELD_NOT_ALLOWED, field, f"means nothing with action {action}", f"no {field}")
    sizes = [field for field in SIZES if field in given]
    allowed = " or ".join(rule.sizes)
    for field in sizes:
        if field not in rule.sizes:
            right = f"{allowed} with action {action}" if allowed else f"no size; a {action} concerns all there is"
            raise refused(Code.SIZE_NOT_ALLOWED, field, f"does not go with action {action}", right)
    if len(sizes) > 1:
        raise refused(Code.SIZE_AMBIGUOUS, sizes[1], f"is given besides {sizes[0]}", f"exactly one of {allowed}")
    if action == "replace":
        if not {"quantity", "limit_price", "stop_price"}.intersection(given):
            raise refused(
                Code.SIZE_MISSING, "quantity", "is missing", "quantity, limit_price or stop_price with replace"
            )
    elif rule.sizes and not sizes:
        raise refused(Code.SIZE_MISSING, rule.sizes[0], "is missing", f"exactly one of {allowed}")
    if signal.reduce_only:
        for field in EXITS:
            if getattr(signal, field):
                raise refused(Code.FIELD_NOT_ALLOWED, field, "means nothing on an exit", f"no {field} with reduce_only")
    signal_sizes.check(signal)


def _check_times(signal: Signal) -> None:
    if signal.expire_at is not None and signal.time_in_force != "gtd":
        raise refused(Code.FIELD_NOT_ALLOWED, "expire_at", "goes with time_in_force gtd alone", "valid_until, or gtd")
    if signal.expire_at is None and signal.time_in_force == "gtd":
        raise refused(Code.FIELD_MISSING, "expire_at", "is missing", "expire_at with time_in_force gtd")
    for field, value in (("valid_until", signal.valid_until), ("expire_at", signal.expire_at)):
        if value is not None and signal.timestamp is not None and value <= signal.timestamp:
            raise refused(Code.TIME_ORDER, field, "is not after timestamp", "a later time")


def _check_order_prices(signal: Signal, given: Collection[str]) -> None:
    kind = signal.order_type
    for field in ("limit_price", "stop_price", "trail"):
        if field in given and field not in PRICES[kind]:
            fits = " or ".join(other for other, prices in PRICES.items() if field in prices)
            right = f"no {field}, or order_type {fits}"
            raise refused(Code.ORDER_PRICE_NOT_ALLOWED, field, f"does not go with order_type {kind}", right)
    for field in PRICES[kind]:
        if field not in given:
            raise refused(Code.ORDER_PRICE_MISSING, field, "is missing", f"{field} with order_type {kind}")


def _check_distances(signal: Signal) -> None:
    """A distance is said in exactly one way."""
    if signal.trail:
        _exactly_one("trail", signal.trail, "amount", "percent")
    if signal.stop_loss:
        _exactly_one("stop_loss", signal.stop_loss, "price", "percent", "amount", "trail")
        if signal.stop_loss.trail:
            _exactly_one("stop_loss.trail", signal.stop_loss.trail, "amount", "percent")
        if signal.stop_loss.limit_price is not None and signal.stop_loss.price is None:
            right = "stop_loss.price beside it, or no limit_price"
            raise refused(Code.FIELD_NOT_ALLOWED, "stop_loss.limit_price", "goes with stop_loss.price alone", right)
    for n, target in enumerate(signal.take_profit):
        _exactly_one(f"take_profit[{n}]", target, "price", "percent", "amount")
    total = sum((target.part for target in signal.take_profit), Decimal(0))
    if total > 1:
        raise refused(Code.PARTS_ABOVE_ONE, "take_profit", f"its parts add up to {plain(total)}", "1 at most")


def _exactly_one(path: str, value: Trail | StopLoss | TakeProfit, *fields: str) -> None:
    said = [field for field in fields if getattr(value, field) is not None]
    choice = " or ".join(fields)
    if not said:
        raise refused(Code.FIELD_MISSING, path, f"has neither {' nor '.join(fields)}", f"exactly one of {choice}")
    if len(said) > 1:
        path = f"{path}.{said[1]}"
        raise refused(Code.FIELD_CONFLICT, path, f"is given besides {said[0]}", f"exactly one of {choice}")


def _check_stop_side(signal: Signal) -> None:
    """A buy stop lies above the market and a sell stop below it; a stop-limit's limit lies beyond its stop."""
    stop, limit, price = signal.stop_price, signal.limit_price, signal.price
    if stop is None:
        return
    buy = signal.action == "buy"
    if price is not None and not _beyond(price, stop, up=buy):
        side = "above" if buy else "below"
        problem = f"{plain(stop)} is not {side} the price {plain(price)}, so it would trigger at once"
        raise refused(Code.STOP_WRONG_SIDE, "stop_price", problem, f"a {signal.action} stop {side} the price")
    if limit is not None and limit != stop and not _beyond(stop, limit, up=buy):
        side = "at or above" if buy else "at or below"
        problem = f"{plain(limit)} is on the wrong side of the stop {plain(stop)}"
        raise refused(Code.STOP_WRONG_SIDE, "limit_price", problem, f"a {signal.action}'s limit {side} its stop")


def _check_stop_loss(signal: Signal) -> None:
    """The loss lies below the entry of a buy and above that of a sell; its own limit lies beyond it."""
    buy = signal.action == "buy"
    if signal.size is not None and signal.size.stop is not None:
        _check_losing_side(signal, "size.stop", signal.size.stop)
    if signal.stop_loss is None or signal.stop_loss.price is None:
        return
    loss, limit = signal.stop_loss.price, signal.stop_loss.limit_price
    _check_losing_side(signal, "stop_loss.price", loss)
    if limit is not None and limit != loss and not _beyond(limit, loss, up=buy):
        problem = f"{plain(limit)} is on the wrong side of stop_loss.price {plain(loss)}"
        right = f"a limit at or {'below' if buy else 'above'} the stop"
        raise refused(Code.STOP_WRONG_SIDE, "stop_loss.limit_price", problem, right)


def _check_losing_side(signal: Signal, path: str, loss: Decimal) -> None:
    buy = signal.action == "buy"
    side = "below" if buy else "above"
    for name, entry in _entries(signal).items():
        if not _beyond(loss, entry, up=buy):
            problem = f"{plain(loss)} is not {side} {name} {plain(entry)}"
            right = f"a {signal.action}'s loss {side} its entry"
            raise refused(Code.STOP_LOSS_WRONG_SIDE, path, problem, right)


def _check_take_profit(signal: Signal) -> None:
    """The profits lie above the entry of a buy and below that of a sell, and so on the far side of the loss."""
    buy = signal.action == "buy"
    side = "above" if buy else "below"
    loss = signal.stop_loss.price if signal.stop_loss else None
    for n, target in enumerate(signal.take_profit):
        path = f"take_profit[{n}]"
        if target.percent is not None and not buy and target.percent >= 100:
            problem = f"{plain(target.percent)} percent below the entry is no price"
            raise refused(Code.NUMBER_OUT_OF_RANGE, f"{path}.percent", problem, "less than 100 for a sell")
        if target.price is None:
            continue
        for name, entry in _entries(signal).items():
            if not _beyond(entry, target.price, up=buy):
                problem = f"{plain(target.price)} is not {side} {name} {plain(entry)}"
                right = f"a {signal.action}'s profit {side} its entry"
                raise refused(Code.TAKE_PROFIT_WRONG_SIDE, f"{path}.price", problem, right)
        if loss is not None and not _beyond(loss, target.price, up=buy):
            problem = f"{plain(target.price)} is not {side} stop_loss.price {plain(loss)}"
            right = f"a {signal.action}'s profit {side} its stop loss"
            raise refused(Code.BRACKET_IMPOSSIBLE, f"{path}.price", problem, right)


def _entries(signal: Signal) -> dict[str, Decimal]:
    """The prices between which the entry fills as far as the signal tells: its own, else the reference price."""
    own = {"limit_price": signal.limit_price, "stop_price": signal.stop_price}
    entries = {name: price for name, price in own.items() if price is not None}
    if not entries and signal.price is not None:
        entries["price"] = signal.price
    return entries


def _beyond(near: Decimal, far: Decimal, *, up: bool) -> bool:
    return far > near if up else far < near
