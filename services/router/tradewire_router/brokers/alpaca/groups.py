"""Brackets, OCO and OTO as Alpaca takes them: one order with its exits inside, whose client ids Alpaca makes. Pure."""

from typing import Any

from tradewire.domain.money import plain
from tradewire.messages.vocabulary import ExitKind
from tradewire_router.brokers.alpaca import words
from tradewire_router.brokers.alpaca.words import Json
from tradewire_router.brokers.errors import InvalidOrderError
from tradewire_router.brokers.values import GroupRequest, OrderRequest

_STOPS = {"stop", "stop_limit"}


def head(group: GroupRequest) -> OrderRequest:
    """The order that is posted: the entry, or in an OCO the side that takes profit."""
    order = group.entry or group.take_profit
    assert order is not None  # noqa: S101 - `unfit` has looked
    return order


def unfit(group: GroupRequest) -> InvalidOrderError | None:
    """What keeps a group from being sent."""
    entry, profit, stop = group.entry, group.take_profit, group.stop_loss
    exits = [each for each in (profit, stop) if each is not None]
    wanted = {"bracket": (True, 2), "oto": (True, 1), "oco": (False, 2)}[group.kind]
    if (entry is not None, len(exits)) != wanted:
        parts = {"bracket": "entry, take_profit and stop_loss", "oto": "entry and one exit", "oco": "both exits alone"}
        return InvalidOrderError(f"a group of kind {group.kind} has {parts[group.kind]}")
    first = head(group)
    if profit is not None and profit.order_type != "limit":
        return InvalidOrderError(f"take_profit is a {profit.order_type} order; it must be a limit order")
    if stop is not None and stop.order_type not in _STOPS:
        return InvalidOrderError(f"stop_loss is a {stop.order_type} order; it must be a stop or stop_limit order")
    for each in exits:
        if (each.symbol, each.quantity, each.time_in_force) != (first.symbol, first.quantity, first.time_in_force):
            return InvalidOrderError("the orders of a group have one symbol, one quantity and one time_in_force")
        if entry is not None and each.side == entry.side:
            return InvalidOrderError("the exits of a group are on the other side than its entry")
    return None


def fields_of(group: GroupRequest) -> dict[str, Any]:
    """A group as it is posted."""
    fields: dict[str, Any] = {**words.fields_of(head(group)), "order_class": group.kind}
    if group.take_profit is not None and group.take_profit.limit_price is not None:
        fields["take_profit"] = {"limit_price": plain(group.take_profit.limit_price)}
    if (stop := group.stop_loss) is not None:
        prices = {"stop_price": stop.stop_price, "limit_price": stop.limit_price}
        fields["stop_loss"] = {name: plain(price) for name, price in prices.items() if price is not None}
    return fields


def names_of(group: GroupRequest) -> dict[ExitKind, str]:
    """Our client order ids of the exits that are not the head."""
    exits: dict[ExitKind, OrderRequest | None] = {"take_profit": group.take_profit, "stop_loss": group.stop_loss}
    first = head(group)
    return {kind: each.client_order_id for kind, each in exits.items() if each is not None and each is not first}


def exits_told(told: Json) -> dict[ExitKind, Json]:
    """The exits that Alpaca shows under an order; they are told apart by their types."""
    found: dict[ExitKind, Json] = {}
    for leg in told.get("legs") or ():
        if leg.get("id"):
            found["stop_loss" if str(leg.get("type") or leg.get("order_type")) in _STOPS else "take_profit"] = leg
    return found
