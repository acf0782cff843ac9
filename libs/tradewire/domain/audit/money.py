"""M and R1: sums from fills and what is booked beside them, by plain arithmetic, apart from that which they are to
confirm, and exposure."""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tradewire.domain.account_book import AccountBook, settlement_currency
from tradewire.domain.audit.findings import Report
from tradewire.domain.audit.orders import OrderAudit
from tradewire.domain.limits import read
from tradewire.domain.orders import RESERVING
from tradewire.messages.log import Event

_ZERO = Decimal(0)
_CAP = "max_position_value"


class MoneyAudit:
    """Positions and cash of every account, and the worst exposure that each approval leads to."""

    def __init__(self, report: Report, orders: OrderAudit, currencies: dict[str, str]) -> None:
        self._report, self._orders, self._currencies = report, orders, currencies
        self.positions: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
        self.cash: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
        self._reserving: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self._limits: dict[tuple[str, int], dict[str, str]] = {}

    def begin(self, books: Mapping[str, AccountBook]) -> None:
        """Goes on from these books, whatever was fed."""
        self.positions.clear()
        self.cash.clear()
        for account, book in books.items():
            self.positions.update({(account, symbol): held.quantity for symbol, held in book.positions.items()})
            self.cash.update({(account, currency): balance.cash for currency, balance in book.balances.items()})

    def feed(self, event: Event, data: Any) -> None:
        kind = event.type
        if kind in {"OrderFilled", "ExternalFillBooked"}:
            self._book(data, data.quantity, data.price, data.fee)
        elif kind == "FillBusted":
            self._book(data, -data.quantity, data.price, -data.fee)
        elif kind == "FillCorrected":
            self._book(data, -data.old_quantity, data.old_price, -data.old_fee)
            self._book(data, data.quantity, data.price, data.fee)
        elif kind == "CashMoved":
            self.cash[data.account, data.currency] += data.amount
        elif kind == "PositionAdjusted":
            self.positions[data.account, data.symbol] += data.quantity
        elif kind == "CorporateAction":
            key = (data.account, data.symbol)
            self.positions[key] = self.positions[key] * data.ratio + data.quantity
            self.cash[data.account, data.currency] += data.cash
        elif kind == "LimitSet":
            self._limits[data.scope, event.version] = data.limits
        elif kind == "LimitProposed":
            self._limits[data.scope, event.version] = data.old
        elif kind == "OrderApproved":
            self._reserving[data.account, data.symbol].add(data.order)
            self._exposure(event, data)

    def _book(self, data: Any, quantity: Decimal, price: Decimal, fee: Decimal) -> None:
        signed = quantity if data.side == "buy" else -quantity
        currency = settlement_currency(data.symbol, self._currencies.get(data.account, "USD"))
        self.positions[data.account, data.symbol] += signed
        self.cash[data.account, currency] -= signed * price
        self.cash[data.account, data.fee_currency] -= fee

    def _exposure(self, event: Event, data: Any) -> None:
        """The position if all that is reserved on the side were filled, at the approval's price, against its limits."""
        limits = [self._limits.get((scope, version), {}) for scope, version in data.limits.items() if version]
        caps = [read(_CAP, found[_CAP]).value for found in limits if _CAP in found]
        price = next((quote.price for quote in data.quotes if quote.symbol == data.symbol), data.price)
        if not caps or price is None or data.reduce_only:
            return
        key = (data.account, data.symbol)
        held, buys, sells = self.positions[key], _ZERO, _ZERO
        for order_id in tuple(self._reserving[key]):
            order = self._orders.orders.get(order_id)
            if order is None or order.status not in RESERVING or order.quantity is None:
                self._reserving[key].discard(order_id)
            elif order.side == "buy":
                buys += order.leaves
            else:
                sells += order.leaves
        worst = abs(held + buys) if data.side == "buy" else abs(held - sells)
        turns = (held + buys) * held < 0 if data.side == "buy" else (held - sells) * held < 0
        shrinks = worst <= abs(held) and not turns
        within = shrinks or worst * price <= min(caps)
        self._report.test("R1", within, event, f"{worst} at {price} is above {min(caps)}")

    def finish(self) -> None:
        """What must equal the read model is compared by whoever has it: see `compare`."""

    def compare(self, positions: dict[tuple[str, str], Decimal], cash: dict[tuple[str, str], Decimal]) -> None:
        """Tests the read model's positions and cash against the sums."""
        for name, ours, theirs in (("M1", self.positions, positions), ("M2", self.cash, cash)):
            for key in sorted(ours.keys() | theirs.keys()):
                mine, other = ours.get(key, _ZERO), theirs.get(key, _ZERO)
                self._report.test_at(
                    name, mine == other, 0, "/".join(key), f"the log gives {mine}, the read model {other}"
                )
