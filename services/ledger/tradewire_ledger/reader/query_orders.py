"""Orders, one order's story, and fills."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from tradewire.domain.orders import Order, decode_order
from tradewire.messages.answers import MAX_REPLY_BYTES, FillRow, FillsPage, OrdersPage, OrderStory
from tradewire.messages.queries import MIN_PREFIX, ORDER_ID, FillsQuery, OrderQuery, OrdersQuery, QueryRefused
from tradewire_ledger.reader import sql
from tradewire_ledger.reader.announce import public
from tradewire_ledger.reader.conditions import Conditions
from tradewire_ledger.reader.context import Context
from tradewire_ledger.reader.model import Told
from tradewire_ledger.reader.store import Connection
from tradewire_ledger.rows import event_of

STORY_EVENTS = 1_000
_ENVELOPE_BYTES = 320
_NAMED = 5
_TOGETHER = 3
"""An entry and its exits are so many orders of one signal."""
_ID_DIGITS = 32
_HEX = frozenset("0123456789abcdef-")


async def orders(context: Context, query: OrdersQuery) -> OrdersPage:
    """Orders, newest first."""
    chosen = Conditions()
    if query.open is not None:
        chosen.add("open" if query.open else "not open")
    for column in ("account", "strategy", "symbol", "status"):
        chosen.where(f"{column} = $$", getattr(query, column))
    chosen.where("requested_at >= $$", query.since)
    if query.cursor:
        time, _, order = query.cursor.partition(".")
        chosen.add("(requested_at, order_id) < ($$, $$)", int(time), order)
    limit = chosen.argument(query.limit + 1)
    async with context.reading() as moment:
        rows = await moment.connection.fetch(sql.ORDERS.format(where=chosen.text, limit=limit), *chosen.arguments)
    kept = _fitting([len(row["state"]) for row in rows], query.limit)
    cursor = f"{rows[kept - 1]['requested_at']}.{rows[kept - 1]['order_id']}" if kept < len(rows) else ""
    return OrdersPage(pos=moment.at.pos, orders=tuple(decode_order(r["state"]) for r in rows[:kept]), cursor=cursor)


async def fills(context: Context, query: FillsQuery) -> FillsPage:
    """Executions, newest first."""
    chosen = Conditions()
    chosen.where("order_id = $$", query.order)
    for column in ("account", "strategy", "symbol"):
        chosen.where(f"{column} = $$", getattr(query, column))
    chosen.where("time >= $$", query.since)
    if query.effective:
        chosen.add("kind <> 'bust' and superseded_by is null")
    if query.cursor:
        time, _, pos = query.cursor.partition(".")
        chosen.add("(time, pos) < ($$, $$)", int(time), int(pos))
    limit = chosen.argument(query.limit + 1)
    async with context.reading() as moment:
        rows = await moment.connection.fetch(sql.FILLS.format(where=chosen.text, limit=limit), *chosen.arguments)
    kept = _fitting([_ENVELOPE_BYTES + len(row["execution"]) for row in rows], query.limit)
    cursor = f"{rows[kept - 1]['time']}.{rows[kept - 1]['pos']}" if kept < len(rows) else ""
    return FillsPage(pos=moment.at.pos, fills=tuple(_fill(row) for row in rows[:kept]), cursor=cursor)


async def order(context: Context, query: OrderQuery) -> OrderStory:
    """One order and what happened to it."""
    async with context.reading() as moment:
        found = await _find(moment.connection, query.id)
        streams = [f"order-{found.order}", f"signal-{found.signal}"]
        rows: list[Any] = await moment.connection.fetch(
            sql.STORY, streams, query.after, moment.at.pos, STORY_EVENTS + 1
        )
    events = [event_of(row) for row in rows]
    kept = _fitting([len(bytes(event.data)) + _ENVELOPE_BYTES for event in events], STORY_EVENTS)
    story = []
    for event in events[:kept]:
        ours = event.stream == streams[0]
        story.append(public(Told(event, found.account if ours else None, found.order if ours else None, found.signal)))
    after = events[kept - 1].pos if kept < len(events) else None
    return OrderStory(pos=moment.at.pos, order=found, events=tuple(story), after=after)


async def _find(connection: Connection, text: str) -> Order:
    """The one order that a text names. A signal's id names its entry, also where exits went with it.

    Raises:
        QueryRefused: it names none, or several.
    """
    rows: Sequence[Any] = ()
    of_signal: Sequence[Any] = ()
    if ORDER_ID.match(text):
        rows = await connection.fetch(sql.ORDERS_BY_ID, [text])
        of_signal = () if rows else await connection.fetch(sql.ORDERS_OF_SIGNAL, text)
    elif _HEX.issuperset(text) and MIN_PREFIX <= len(digits := text.replace("-", "")) <= _ID_DIGITS:
        low, high = UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
        rows = await connection.fetch(sql.ORDERS_BETWEEN, low, high, _NAMED + 1)
    if not ORDER_ID.match(text) or not rows:
        # What begins an order's id may be a signal's whole id as well, and nobody knows which is meant.
        of_signal = [*of_signal, *await connection.fetch(sql.ORDERS_BY_SIGNAL_ID, text, (_NAMED + 1) * _TOGETHER)]
    named = [decode_order(row["state"]) for row in rows]
    signaled = [decode_order(row["state"]) for row in of_signal]
    entries = [found for found in signaled if not found.parent]
    candidates = list({found.order: found for found in (*named, *(entries or signaled))}.values())
    if not candidates:
        raise QueryRefused(
            "UNKNOWN_ORDER", "id", f"no order is called {text}", "an order's id, its beginning, or its signal's id"
        )
    if len(candidates) > 1:
        words = ", ".join(f"{each.order} ({_named(each)})" for each in candidates[:_NAMED])
        more = " and others" if len(candidates) > _NAMED else ""
        raise QueryRefused("AMBIGUOUS_ORDER", "id", f"several orders are called {text}", f"one of {words}{more}")
    return candidates[0]


def _named(order: Order) -> str:
    return f"{order.action} {order.symbol} in {order.account}, signal {order.signal_id} of {order.strategy}"


def _fitting(sizes: Sequence[int], rows_max: int) -> int:
    """How many rows, of these sizes in bytes, go into one answer: one at least."""
    total = 0
    for number, size in enumerate(sizes[:rows_max]):
        total += size
        if total > MAX_REPLY_BYTES and number:
            return number
    return min(len(sizes), rows_max)


def _fill(row: Any) -> FillRow:
    order_id = row["order_id"]
    return FillRow(
        pos=row["pos"],
        event=row["kind"],
        order=None if order_id is None else str(order_id),
        strategy=row["strategy"],
        account=row["account"],
        broker=row["broker"],
        symbol=row["symbol"],
        side=row["side"],
        quantity=row["quantity"],
        price=row["price"],
        fee=row["fee"],
        fee_currency=row["fee_currency"],
        execution=row["execution"],
        revision=row["revision"],
        time=row["time"],
        broker_time=row["broker_time"],
        superseded_by=row["superseded_by"],
    )
