"""Orders and fills as tables."""

from collections.abc import Sequence
from typing import Final

from rich.table import Table
from rich.text import Text

from tradewire.domain.orders import Order, Status
from tradewire.messages.answers import FillRow
from tradewire_cli.views import text
from tradewire_cli.views.columns import Column, table

_STYLES: Final[dict[Status, str]] = {
    Status.DENIED: "red",
    Status.REJECTED: "red",
    Status.UNKNOWN: "bold magenta",
    Status.SUBMITTING: "yellow",
    Status.WORKING: "yellow",
    Status.PARTIALLY_FILLED: "yellow",
    Status.FILLED: "green",
}


def status(state: Status) -> Text:
    """A status in words and in its colour."""
    return Text(text.words(state.value), _STYLES.get(state, ""))


def side(value: str | None) -> Text:
    """A side in its colour; nothing while a close has not found out which it is."""
    return Text(value or text.NOTHING, {"buy": "cyan", "sell": "yellow"}.get(value or "", ""))


def terms(order: Order) -> str:
    """The order type and its prices: `market`, `limit 180.00`, `stop limit 175.00/174.50 gtc`."""
    prices = "/".join(text.price(price) for price in (order.stop_price, order.limit_price) if price is not None)
    parts = [order.order_type.replace("_", " "), prices, "" if order.time_in_force == "day" else order.time_in_force]
    return " ".join(part for part in parts if part)


def why(order: Order) -> str:
    """What there is to say of an order beside its status: its reason, an anomaly, or that a cancel is under way."""
    asked = "cancel requested" if order.cancel_requested and order.open else ""
    return "; ".join(part for part in (order.anomaly, order.reason, asked) if part)


def orders(rows: Sequence[Order], width: int, now: int) -> Table:
    """The table of some orders."""
    ids = text.short_ids(order.order for order in rows)
    columns: list[Column[Order]] = [
        Column("order", lambda o: Text(ids[o.order], "bold")),
        Column("requested", lambda o: text.short_time(o.requested_at, now), rank=2),
        Column("strategy", lambda o: o.strategy, rank=3),
        Column("account", lambda o: o.account, rank=7),
        Column("symbol", lambda o: o.symbol),
        Column("side", lambda o: side(o.side)),
        Column("quantity", lambda o: text.quantity(o.quantity), right=True),
        Column("terms", terms, rank=5),
        Column("status", lambda o: status(o.status)),
        Column("filled", lambda o: text.quantity(o.filled), right=True, rank=4),
        Column("at", lambda o: text.mean(o.average_price), right=True, rank=1),
        Column("why", why, rank=2, fold=True),
    ]
    return table(rows, columns, width)


def fills(rows: Sequence[FillRow], width: int, now: int) -> Table:
    """The table of some executions. What was taken back or restated is marked, because it counts no more."""
    ids = text.short_ids(fill.order for fill in rows)
    columns: list[Column[FillRow]] = [
        Column("time", lambda f: text.short_time(f.time, now)),
        Column("order", lambda f: ids.get(f.order or "", text.NOTHING), rank=2),
        Column("strategy", lambda f: f.strategy, rank=3),
        Column("account", lambda f: f.account, rank=5),
        Column("symbol", lambda f: f.symbol),
        Column("side", lambda f: side(f.side)),
        Column("quantity", lambda f: text.quantity(f.quantity), right=True),
        Column("price", lambda f: text.price(f.price), right=True),
        Column("fee", lambda f: text.price(f.fee), right=True, rank=1),
        Column("", lambda f: f.fee_currency, rank=4),
        Column("execution", lambda f: f.execution, rank=6),
        Column("", _remark, rank=1),
    ]
    return table(rows, columns, width)


def _remark(fill: FillRow) -> Text:
    if fill.superseded_by is not None:
        return Text("superseded", "dim")
    return Text("" if fill.event == "fill" else fill.event, "yellow")
