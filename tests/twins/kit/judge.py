"""Judges a twin's run by itself: was an order sent twice, and do the books at its end add up.

The judge of a broker knows which frames send an order, and puts the venue's ledger into the words of `Books`. No total
is trusted that can be recomputed: quantities, positions and cash follow from executions and moves. A client order id
that is sent a second time counts as doubled, whatever became of either.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from tests.twins.kit.journal import entries

NEVER, REFUSED = "never_arrived", "refused"
_UNSURE = frozenset({408, 429})
ZERO = Decimal(0)
SentIn = Callable[[dict[str, Any]], str | None]
"""Tells by which client order id a frame of the journal sends an order; None for a frame that sends none."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the venue has it at the end; `id` is the venue's, `state` is `open` while it works."""

    client_order_id: str
    id: str
    state: str
    filled: Decimal


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """An execution that stands, of the order with this id of the venue's; what is sold is below zero."""

    order: str
    client_order_id: str
    symbol: str
    quantity: Decimal
    price: Decimal


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """What changed the account beside executions: cash, of it a fee that was taken, and a holding."""

    cash: Decimal = ZERO
    fee: Decimal = ZERO
    symbol: str = ""
    quantity: Decimal = ZERO


class Books(msgspec.Struct, frozen=True, kw_only=True):
    """The venue's ledger. `cash` and `positions` are its own word for what the rest comes to."""

    orders: Sequence[Order]
    executions: Sequence[Execution]
    moves: Sequence[Move] = ()
    cash: Decimal
    positions: dict[str, Decimal]


class Sent(msgspec.Struct, kw_only=True):
    """A client order id that was sent: when first (µs), how often, and what became of it there.

    What was refused at the door is no order afterwards, so that nobody finds it.
    """

    at: int
    times: int = 0
    state: str = NEVER
    filled: Decimal = ZERO


class Trade(msgspec.Struct, frozen=True):
    """An execution that stands."""

    client_order_id: str
    quantity: Decimal
    price: Decimal


class Verdict(msgspec.Struct, kw_only=True):
    """What a run came to. `others` are orders that nobody sent: by hand, or legs of a group."""

    sent: dict[str, Sent] = {}
    others: dict[str, str] = {}
    trades: list[Trade] = []
    cash: Decimal = ZERO
    fees: Decimal = ZERO
    positions: dict[str, Decimal] = {}
    doubled: list[str] = []
    violations: list[str] = []


def judge(journal: Path, sent_in: SentIn, books: Books, cash: Decimal) -> Verdict:
    """Reads the journal's file and the books at the end of an account that began with `cash`."""
    found = Verdict(sent=_sent(journal, sent_in))
    found.doubled += [f"{name} was received again" for name, one in found.sent.items() if one.times > 1]
    _orders(found, books)
    _books(found, books, cash)
    return found


def posted(call: str, field: str) -> SentIn:
    """Orders that are sent by a call such as `POST /v2/orders`, whose JSON has the client order id in a field."""

    def sent_in(entry: dict[str, Any]) -> str | None:
        if f"{entry.get('method')} {entry.get('path')}" != call:
            return None
        try:
            return str(json.loads(entry["body"]).get(field))
        except (ValueError, AttributeError):
            return ""

    return sent_in


def _sent(journal: Path, sent_in: SentIn) -> dict[str, Sent]:
    """Every client order id that was sent, with what its own answers say."""
    sent: dict[str, Sent] = {}
    numbers: dict[int, str] = {}
    statuses: dict[str, list[int]] = {}
    for entry in entries(journal):
        if entry["kind"] == "in" and (name := sent_in(entry)) is not None:
            numbers[entry["n"]] = name
            sent.setdefault(name, Sent(at=entry["at"])).times += 1
        elif entry["kind"] in {"handled", "out"} and entry.get("of") in numbers:
            statuses.setdefault(numbers[entry["of"]], []).append(entry["status"])
    for name, answers in statuses.items():
        # The first word is the venue's own, where it handled the call at all.
        if 400 <= answers[0] < 500 and answers[0] not in _UNSURE:
            sent[name].state = REFUSED
    return sent


def _orders(found: Verdict, books: Books) -> None:
    """What became of every order, and whether each has what its executions come to."""
    filled: defaultdict[str, Decimal] = defaultdict(Decimal)
    times: defaultdict[str, int] = defaultdict(int)
    for done in books.executions:
        filled[done.order] += abs(done.quantity)
    for order in books.orders:
        times[order.client_order_id] += 1
    found.doubled += [f"{name} has {count} orders" for name, count in times.items() if count > 1]
    for order in books.orders:
        name = order.client_order_id
        if order.filled != filled[order.id]:
            found.violations.append(f"{name} has filled {order.filled}, and its executions are {filled[order.id]}")
        if name in found.sent:
            found.sent[name].state, found.sent[name].filled = order.state, order.filled
        else:
            found.others[name] = order.state


def _books(found: Verdict, books: Books, cash: Decimal) -> None:
    """Positions, cash and fees from executions and moves, against those that the venue tells."""
    held: defaultdict[str, Decimal] = defaultdict(Decimal)
    for done in books.executions:
        held[done.symbol] += done.quantity
        cash -= done.quantity * done.price
        found.trades.append(Trade(done.client_order_id, abs(done.quantity), done.price))
    for move in books.moves:
        held[move.symbol] += move.quantity
        cash += move.cash
        found.fees += move.fee
    found.cash, found.positions = cash, {symbol: quantity for symbol, quantity in held.items() if quantity}
    if cash != books.cash:
        found.violations.append(f"cash is {cash}, and the venue says {books.cash}")
    if books.positions != found.positions:
        found.violations.append(f"positions are {found.positions}, and the venue says {books.positions}")
