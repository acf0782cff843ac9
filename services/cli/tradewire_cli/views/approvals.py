"""Orders that wait for a person."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from tradewire.domain.orders import Order
from tradewire_cli.views import text
from tradewire_cli.views.columns import Column, table
from tradewire_cli.views.events import asked
from tradewire_cli.views.orders import side, terms


def approvals(rows: Sequence[Order], width: int, now: int) -> Table:
    """The table of held orders: what they ask, who sent the signal, why they wait, and until when."""
    ids = text.short_ids(order.order for order in rows)
    columns: list[Column[Order]] = [
        Column("order", lambda o: Text(ids[o.order], "bold")),
        Column("until", lambda o: Text(text.short_time(o.deadline, now), "yellow")),
        Column("account", lambda o: o.account, rank=3),
        Column("strategy", lambda o: o.strategy, rank=2),
        Column("sent by", lambda o: o.identity, rank=4),
        Column("symbol", lambda o: o.symbol),
        Column("side", lambda o: side(o.side)),
        Column("size", _size, right=True),
        Column("terms", terms, rank=1),
        Column("why", lambda o: o.reason, fold=True),
    ]
    return table(rows, columns, width)


def _size(order: Order) -> str:
    if order.quantity is None and order.size is not None:
        return asked(order.size).removesuffix(" in").removesuffix(" of")
    return text.quantity(order.quantity)
