"""What a broker says of an account against what the log says, and what the account had before the log began. Pure."""

from collections.abc import Iterable
from decimal import Decimal

from msgspec import Struct

from tradewire.domain.account_book import settlement_currency
from tradewire.domain.breaks import ABSENT, Break, gap
from tradewire.domain.exact import add, subtract
from tradewire.domain.orders import Order
from tradewire.messages.vocabulary import Discrepancy
from tradewire_router.brokers.values import Activity, Balance, BrokerOrder, Execution, Position
from tradewire_router.domain.state import RouterState

DIFFERENCES_MAX = 100
_ZERO = Decimal(0)


def opening_cash(
    base: str, balances: Iterable[Balance], executions: Iterable[Execution], activities: Iterable[Activity] = ()
) -> dict[str, Decimal]:
    """The cash, by asset, that an account began with: what it has, less what its executions and activities moved.

    `executions` and `activities` are all that the broker tells, up to the moment of the balances. The base
    currency comes first and is there even with zero, because the account's first event says in which currency it is
    told.
    """
    total = {base: _ZERO} | {balance.asset: balance.total for balance in balances}
    for e in executions:
        value = e.quantity * e.price
        paid_in = settlement_currency(e.symbol, base)
        total[paid_in] = total.get(paid_in, _ZERO) + (value if e.side == "buy" else -value)
        total[e.fee_currency] = total.get(e.fee_currency, _ZERO) + (e.fee or _ZERO)
    for activity in activities:
        total[activity.currency] = total.get(activity.currency, _ZERO) - activity.amount
    return {asset: amount for asset, amount in total.items() if amount or asset == base}


def compare(
    state: RouterState, positions: Iterable[Position], balances: Iterable[Balance], cash_step: Decimal = _ZERO
) -> tuple[Discrepancy, ...]:
    """Where positions and cash differ.

    The broker tells cash in multiples of `cash_step`, so that less than one is no difference; zero is told exactly.
    """
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
        more = subtract(has, had)
        if more and abs(more) >= cash_step:
            known = _as_recorded(state, asset, more, cash_step)
            found.append(Discrepancy("cash", asset, str(had), str(has if known is None else add(had, known))))
    return tuple(found)


def _as_recorded(state: RouterState, asset: str, more: Decimal, cash_step: Decimal) -> Decimal | None:
    """The gap on record that a gap in cash is, but for digits that the broker does not tell; None where there is none.

    Those digits change with every trade. A gap that followed them would be another one each time, and who accepts
    one could not name it.
    """
    standing = (each for each in state.standing.breaks.values() if (each.found.kind, each.found.key) == ("cash", asset))
    return next((each.change for each in standing if abs(subtract(more, each.change)) < cash_step), None)


def compare_orders(working: Iterable[tuple[BrokerOrder, Order]], absent: Iterable[Order]) -> tuple[Discrepancy, ...]:
    """Orders of ours that work at the broker while the log has closed them, and those that the broker does not know.

    `working` are the broker's with the log's order of that id, `absent` are ours that it answered to know nothing of.
    """
    found: list[Discrepancy] = []
    for told, order in working:
        if not order.open:
            found.append(Discrepancy("order", told.client_order_id, order.status.value, told.status))
        elif told.client_order_id != order.client_order_id and not _in_its_place(told, order):
            found.append(Discrepancy("order", told.client_order_id, "never arrived", told.status))
    found += [Discrepancy("order", order.client_order_id or "", order.status.value, ABSENT) for order in absent]
    return tuple(found)


def _in_its_place(told: BrokerOrder, order: Order) -> bool:
    """Whether an order of the broker's is what new terms on their way may have made of ours."""
    return order.replacing is not None and order.replacing.client_order_id == told.client_order_id


def compare_fills(told: Iterable[tuple[BrokerOrder, Order]]) -> tuple[Discrepancy, ...]:
    """Orders of ours of which the broker says another filled quantity than its executions come to.

    What was replaced may have been filled under another id; its executions and the position tell of that.
    """
    return tuple(
        Discrepancy("fill", order.client_order_id or "", str(order.filled), str(there.filled_quantity))
        for there, order in told
        if there.client_order_id == order.client_order_id
        and not order.revision
        and there.filled_quantity != order.filled
    )


def unexplained(state: RouterState, symbol: str, held: Decimal, since: int) -> str:
    """How a holding of the broker's is another than the log and what stood on record before a time (µs) make it."""
    standing = (each for each in state.standing.left() if each.since < since)
    before = next(
        (each.change for each in standing if (each.found.kind, each.found.key) == ("position", symbol)), _ZERO
    )
    expected = state.position(symbol) + before
    return "" if held == expected else f"the account holds {held} {symbol} at its broker, and not {expected}"


class News(Struct, frozen=True):
    """How what was found differs from what is on record: `changed` at all, and `worse`, by something new."""

    changed: bool
    worse: bool


def news(found: Iterable[Discrepancy], recorded: Iterable[Discrepancy]) -> News:
    """What is new; a gap that has been on record is not, however the figures on its two sides move."""
    now, before = {gap(each) for each in found}, {gap(each) for each in recorded}
    return News(changed=now != before, worse=not now <= before)


def prices_of(state: RouterState, found: Iterable[Discrepancy], positions: Iterable[Position]) -> dict[str, Decimal]:
    """What a unit of each symbol whose holding differs is held at: by the broker, else by the log, else its mark."""
    told = {each.symbol: each.average_price for each in positions}
    prices: dict[str, Decimal] = {}
    for difference in found:
        if difference.kind == "position":
            symbol = difference.key
            known = (told.get(symbol), state.average_price(symbol), state.mark(symbol))
            price = next((each for each in known if each is not None), None)
            if price is not None:
                prices[symbol] = price
    return prices


def since_when(found: Iterable[Discrepancy], recorded: Iterable[Break], now: int) -> tuple[int, ...]:
    """Since when (µs) each difference has been on record; one that is new since `now`."""
    before = {gap(each.found): each.since for each in recorded}
    return tuple(before.get(gap(each), now) for each in found)


def recordable(found: Iterable[Discrepancy]) -> tuple[Discrepancy, ...]:
    """What is put on record of many differences: always the same ones of the same many."""
    return tuple(sorted(found, key=lambda each: (each.kind, each.key))[:DIFFERENCES_MAX])
