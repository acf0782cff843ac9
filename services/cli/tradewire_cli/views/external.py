"""Orders at the brokers that are none of ours: as far as the brokers tell of them, newest first."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct
from rich.table import Table
from rich.text import Text

from tradewire.messages.answers import PublicEvent
from tradewire_cli.views import orders, text
from tradewire_cli.views.columns import Column, table
from tradewire_cli.views.events import decoded


class ExternalOrder(Struct, frozen=True):
    """One of them; `open` while it works, as far as is known. `at` is when it was first seen (µs)."""

    account: str
    broker: str
    broker_order_id: str
    symbol: str
    side: str
    quantity: Decimal
    at: int
    open: bool


def external_orders(events: Iterable[PublicEvent]) -> list[ExternalOrder]:
    """The orders of ExternalOrderSeen events, ended where an ExternalOrderEnded says so."""
    found: dict[tuple[str, str], ExternalOrder] = {}
    ended = set()
    for event in events:
        said: Any = decoded(event)
        key = (said.account, said.broker_order_id)
        if event.type == "ExternalOrderEnded":
            ended.add(key)
            continue
        found[key] = ExternalOrder(
            said.account, said.broker, said.broker_order_id, said.symbol, said.side, said.quantity, event.at, open=True
        )
    known = [
        ExternalOrder(o.account, o.broker, o.broker_order_id, o.symbol, o.side, o.quantity, o.at, open=key not in ended)
        for key, o in found.items()
    ]
    return sorted(known, key=lambda each: each.at, reverse=True)


def external(rows: Sequence[ExternalOrder], width: int, now: int) -> Table:
    """The table."""
    columns: list[Column[ExternalOrder]] = [
        Column("broker's id", lambda row: Text(row.broker_order_id, "bold")),
        Column("seen", lambda row: text.short_time(row.at, now), rank=1),
        Column("strategy", lambda _row: "EXTERNAL", rank=3),
        Column("account", lambda row: row.account, rank=2),
        Column("symbol", lambda row: row.symbol),
        Column("side", lambda row: orders.side(row.side)),
        Column("quantity", lambda row: text.quantity(row.quantity), right=True),
        Column("status", lambda row: "working" if row.open else "over"),
    ]
    return table(rows, columns, width)
