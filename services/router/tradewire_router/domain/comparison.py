"""What a broker says of an account against what the log says, and what the account had before the log began. Pure."""

from collections.abc import Iterable
from decimal import Decimal

from msgspec import Struct

from tradewire.domain.account_book import settlement_currency
from tradewire.domain.orders import Order
from tradewire.messages.vocabulary import Discrepancy
from tradewire_router.brokers.values import Balance, BrokerOrder, Execution, Position
from tradewire_router.domain.state import RouterState

DIFFERENCES_MAX = 100
_ZERO = Decimal(0)


def opening_cash(base: str, balances: Iterable[Balance], executions: Iterable[Execution]) -> dict[str, Decimal]:
    """The cash, by asset, that an account began with: what it has, less what its executions moved.

    `executions` are all that the broker tells, up to the moment of the balances. The base currency comes first and is
    there even with zero, because the account's first event says in which currency it is told.
    """
    total = {base: _ZERO} | {balance.asset: balance.total for balance in balances}
    for e in executions:
        value = e.quantity * e.price
        paid_in = settlement_currency(e.symbol, base)
        total[paid_in] = total.get(paid_in, _ZERO) + (value if e.side == "buy" else -value)
        total[e.fee_currency] = total.get(e.fee_currency, _ZERO) + (e.fee or _ZERO)
    return {asset: amount for asset, amount in total.items() if amount or asset == base}


def compare(state: RouterState, positions: Iterable[Position], balances: Iterable[Balance]) -> tuple[Discrepancy, ...]:
    """Where positions and cash differ."""
    book = state.books.get(state.account)
    found: list[Discrepancy] = []
    theirs = {position.symbol: position.quantity for position in positions}
    for symbol in sorted(theirs.keys() | (book.positions.keys() if book else set())):
        ours, said = state.position(symbol), theirs.get(symbol, _ZERO)
        if ours != said:
            found.append(Discrepancy("position", symbol, str(ours), str(said)))
    money = {balance.asset: balance.total for balance in balances}
    for asset in sorted(money.keys() | (book.balances.keys() if book else set())):
        had, has = state.cash(asset) or _ZERO, money.get(asset, _ZERO)
        if had != has:
            found.append(Discrepancy("cash", asset, str(had), str(has)))
    return tuple(found)


def compare_orders(working: Iterable[tuple[BrokerOrder, Order]], absent: Iterable[Order]) -> tuple[Discrepancy, ...]:
    """Orders of ours that work at the broker while the log has closed them, and those that the broker does not know.

    `working` are the broker's with the log's order of that id, `absent` are ours that it answered to know nothing of.
    """
    found: list[Discrepancy] = []
    for told, order in working:
        if not order.open:
            found.append(Discrepancy("order", told.client_order_id, order.status.value, told.status))
        elif told.client_order_id != order.client_order_id:
            found.append(Discrepancy("order", told.client_order_id, "never arrived", told.status))
    found += [Discrepancy("order", order.client_order_id or "", order.status.value, "absent") for order in absent]
    return tuple(found)


class News(Struct, frozen=True):
    """How what was found differs from what is on record: `changed` at all, and `worse`, by something new."""

    changed: bool
    worse: bool


def news(found: Iterable[Discrepancy], recorded: Iterable[Discrepancy]) -> News:
    """What is new; a gap that has been on record is not, however the figures on its two sides move."""
    now, before = {gap(each) for each in found}, {gap(each) for each in recorded}
    return News(changed=now != before, worse=not now <= before)


def recordable(found: Iterable[Discrepancy]) -> tuple[Discrepancy, ...]:
    """What is put on record of many differences: always the same ones of the same many."""
    return tuple(sorted(found, key=lambda each: (each.kind, each.key))[:DIFFERENCES_MAX])


def gap(found: Discrepancy) -> tuple[str, str, str]:
    """What stays the same of a difference while both sides trade on."""
    if found.kind in {"position", "cash"}:
        return found.kind, found.key, str((Decimal(found.theirs) - Decimal(found.ours)).normalize())
    return found.kind, found.key, f"{found.ours} {found.theirs}"
