"""What the venue knows: assets, quotes, orders, executions, positions, cash, activities; changed in place."""

import uuid
from decimal import Decimal

import msgspec

from tests.twins.alpaca.money import ZERO
from tests.twins.kit.venue import Push

SPACE = uuid.UUID("5d1f7e52-6a0e-5c0a-9d52-2f5f6f2d9a11")
OPEN = ("pending_new", "accepted", "new", "partially_filled", "held", "pending_cancel", "pending_replace")
DONE = ("filled", "canceled", "expired", "replaced", "rejected")


class Asset(msgspec.Struct, kw_only=True):
    """Something that can be traded. `increment` is the least quantity step of a fractionable one."""

    id: str
    symbol: str
    name: str
    kind: str = "us_equity"
    exchange: str = "NASDAQ"
    tradable: bool = True
    active: bool = True
    shortable: bool = True
    fractionable: bool = True
    increment: Decimal = Decimal("0.000000001")
    min_size: Decimal = Decimal("0.000000001")


class Quote(msgspec.Struct, kw_only=True):
    """The top of the book. Sizes are what is left to take; None has no end."""

    bid: Decimal
    ask: Decimal
    bid_size: Decimal | None = None
    ask_size: Decimal | None = None
    at: int = 0


class Execution(msgspec.Struct, kw_only=True):
    """A fill. A bust leaves no quantity; a correction changes quantity or price and the id."""

    id: str
    order_id: str
    symbol: str
    side: str
    qty: Decimal
    price: Decimal
    at: int
    cum_qty: Decimal
    leaves_qty: Decimal
    kind: str
    number: int
    busted: bool = False


class Order(msgspec.Struct, kw_only=True):
    """An order. `sequence` is its place in time; `group` is the first order of a bracket, OCO or OTO."""

    id: str
    client_order_id: str
    sequence: int
    asset: Asset
    side: str
    type: str
    tif: str
    order_class: str
    created_at: int
    updated_at: int
    qty: Decimal | None = None
    notional: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_price: Decimal | None = None
    trail_percent: Decimal | None = None
    hwm: Decimal | None = None
    extended_hours: bool = False
    status: str = "pending_new"
    before: str = ""
    triggered: bool = False
    filled_qty: Decimal = ZERO
    filled_value: Decimal = ZERO
    filled_at: int | None = None
    canceled_at: int | None = None
    expired_at: int | None = None
    failed_at: int | None = None
    replaced_at: int | None = None
    replaced_by: str | None = None
    replaces: str | None = None
    parent: str | None = None
    legs: list[str] = []
    role: str = ""

    @property
    def open(self) -> bool:
        return self.status in OPEN

    @property
    def replacing(self) -> bool:
        """Whether it waits to take another order's place; it holds nothing of its own until then."""
        return self.replaces is not None and self.status == "pending_new"

    @property
    def average(self) -> Decimal | None:
        return self.filled_value / self.filled_qty if self.filled_qty else None

    @property
    def leaves(self) -> Decimal:
        """The quantity to come; of a notional order it follows from the price, and is zero here."""
        return max(ZERO, (self.qty or ZERO) - self.filled_qty) if self.qty is not None else ZERO


class Position(msgspec.Struct, kw_only=True):
    """A holding: quantity below zero is short; `cost` is what it was opened for, with the quantity's sign."""

    asset: Asset
    qty: Decimal = ZERO
    cost: Decimal = ZERO


class State(msgspec.Struct, kw_only=True):
    """Everything. Ids follow from `counter`, so that the same calls give the same ids."""

    cash: Decimal
    assets: dict[str, Asset] = {}
    quotes: dict[str, Quote] = {}
    trades: dict[str, tuple[Decimal, Decimal, int]] = {}
    bars: dict[tuple[str, str], list[dict[str, object]]] = {}
    orders: dict[str, Order] = {}
    working: dict[str, Order] = {}
    client_ids: dict[str, str] = {}
    executions: dict[str, Execution] = {}
    positions: dict[str, Position] = {}
    activities: list[dict[str, object]] = []
    flags: dict[str, bool] = {}
    revoked: set[str] = set()
    session: str = "open"
    counter: int = 0
    pushes: list[Push] = []

    def next(self) -> int:
        self.counter += 1
        return self.counter

    def new_id(self, what: str) -> str:
        return str(uuid.uuid5(SPACE, f"{what}:{self.next()}"))

    def add(self, order: Order) -> None:
        """Takes an order and its client id in."""
        self.orders[order.id] = self.working[order.id] = order
        self.client_ids[order.client_order_id] = order.id

    def open_orders(self, symbol: str | None = None) -> list[Order]:
        """Open orders in the order of their arrival; those that have ended are not looked at again."""
        self.working = {order.id: order for order in self.working.values() if order.open}
        found = [order for order in self.working.values() if symbol in {None, order.asset.symbol}]
        return sorted(found, key=lambda order: order.sequence)
