"""Differences between the log and the brokers, and orders that are unknown, as a table with what can be done."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from rich.table import Table
from rich.text import Text

from tradewire.domain.breaks import ABSENT, Break, Standing
from tradewire.domain.orders import Order
from tradewire_cli.views import text
from tradewire_cli.views.columns import Column, table


class Row(Struct, frozen=True):
    """A line: a break by its id, or an unknown order by its own. `since` in µs; `todo` is what a person can do."""

    id: str
    account: str
    kind: str
    key: str
    ours: str
    theirs: str
    since: int
    todo: str


def rows_of(standing: Iterable[Standing], orders: Sequence[Order]) -> list[Row]:
    """The rows of accounts, breaks first, and of those of their open orders that are unknown."""
    by_client = {order.client_order_id: order for order in orders}
    accounts = list(standing)
    breaks = [(each, left) for each in accounts for left in each.left()]
    short = text.short_ids([*(left.id for _, left in breaks), *(order.order for order in orders)])
    rows = [_of_break(each, left, by_client, short) for each, left in breaks]
    rows += [_of_unknown(order, short[order.order]) for order in orders if order.status == "unknown"]
    return rows


def breaks(rows: Sequence[Row], width: int, now: int) -> Table:
    """The table."""
    short = text.short_ids(row.id for row in rows)
    columns: list[Column[Row]] = [
        Column("break", lambda row: Text(short[row.id], "bold")),
        Column("account", lambda row: row.account, rank=1),
        Column("kind", lambda row: row.kind),
        Column("key", lambda row: row.key),
        Column("ours", lambda row: text.trimmed(row.ours), right=True),
        Column("theirs", lambda row: text.trimmed(row.theirs), right=True),
        Column("since", lambda row: text.short_time(row.since, now), rank=2),
        Column("what can be done", lambda row: Text(row.todo, "dim"), fold=True),
    ]
    return table(rows, columns, width)


def _of_break(standing: Standing, found: Break, by_client: Mapping[str | None, Order], short: Mapping[str, str]) -> Row:
    told, key = found.found, found.found.key
    order = by_client.get(key)
    if told.kind in {"order", "fill"} and order is not None:
        key = f"order {short[order.order]}"
    return Row(
        found.id,
        found.account,
        told.kind,
        key,
        told.ours,
        told.theirs,
        found.since,
        _todo(standing, found, short[found.id], short[order.order] if order is not None else told.key),
    )


def _todo(standing: Standing, found: Break, short: str, order: str) -> str:
    if standing.adoption is not None:
        return f"{standing.adoption.by} has asked to adopt the account; its router does it"
    if found.found.kind == "order" and found.found.theirs == ABSENT:
        return f'look at the broker, then: tradewire resolve {order} --as canceled --evidence "…"'
    accept = f'tradewire reconcile accept {short} --why "…"'
    match found.found.kind:
        case "order":
            return f"cancel it at the broker; or, to let it be: {accept}"
        case "fill":
            return f"wait for the executions; or, if the broker tells no more: {accept}"
    if found.found.kind == "position" and found.price is None:
        accept += " --price PRICE"
    if not standing.agreed:
        return f'tradewire account adopt {found.account} --why "…", if it was there before; or {accept}'
    return f"find what is missing; or take the broker's word: {accept}"


def _of_unknown(order: Order, short: str) -> Row:
    todo = f'its router goes on asking; or, with evidence: tradewire resolve {short} --as filled --evidence "…"'
    key = f"order {short}"
    return Row(order.order, order.account, "order", key, "unknown", text.NOTHING, order.updated_at, todo)
