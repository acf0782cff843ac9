"""A log in memory, folded into a RouterState as it is written, and short ways to say what a broker says."""

from decimal import Decimal
from typing import Any

from msgspec import Raw, Struct

from tests.builders import TIME, approved, fact, requested, started
from tradewire import ids
from tradewire.domain.orders import Order
from tradewire.messages import account_events as a
from tradewire.messages import order_events as o
from tradewire.messages.answers import FillRow
from tradewire.messages.log import Event, Frame
from tradewire.messages.registry import new_event
from tradewire_router.brokers.values import BrokerOrder, Execution
from tradewire_router.domain.state import RouterState
from tradewire_router.domain.translate import Teller

SECOND = 1_000_000
BUILD = "1.0+ours"
"""The build of the router, and of the risk whose approvals it sends."""
TELLER = Teller("paper", "paper", TIME)


class Log:
    """Writes events and folds them. `state` is what the router of the account `paper` makes of them."""

    def __init__(self, *, dry_run: bool = False) -> None:
        self.state = RouterState("paper", "paper", BUILD, dry_run=dry_run)
        self.events: list[Event] = []
        self._versions: dict[str, int] = {}

    def write(self, stream: str, data: Struct, *, fold: bool = True) -> Event:
        """The next event of a stream."""
        version = self._versions[stream] = self._versions.get(stream, 0) + 1
        pos = len(self.events) + 1
        new = new_event(stream, version, ids.derive("test", str(pos)), data, time=TIME + pos, correlation=None)
        event = Event(
            pos, stream, version, new.event_id, new.type, 1, TIME, new.time, "test", None, None, Raw(bytes(new.data))
        )
        self.events.append(event)
        if fold:
            self.state.apply(Frame("log", 1, pos, pos, pos, "", (event,)))
        return event

    def order(self, number: int = 0, *types: str, account: str = "paper", build: str = BUILD, **fields: Any) -> str:
        """An order to which events of `types` happen after its request; returns its id. `fields` are of its terms."""
        signal = ids.signal_uuid("nats", "momo", str(number))
        order = ids.order_uuid(signal, account, 0)
        terms = {"order": order, "signal": signal, "account": account, **fields}
        self.write(f"order-{order}", requested(**terms))
        for kind in types:
            self.happen(order, kind, build=build, **fields)
        return order

    def happen(self, order: str, kind: str, **fields: Any) -> Event:
        """An event of an order, of its present attempt."""
        known = self.state.find(order)
        attempt = known.attempt if known else 1
        return self.write(f"order-{order}", _said(kind, order, attempt, fields))

    def get(self, order: str) -> Order:
        """The order as it is known."""
        found = self.state.find(order)
        assert found is not None
        return found

    def halt(self, level: Any, scope: str = "account.paper", request: str = "r-1") -> None:
        """Throws a switch."""
        self.write(f"control-{scope}", a.Halted(scope=scope, level=level, by="anna", reason="test", request=request))

    def resume(self, scope: str = "account.paper") -> Event:
        """Lifts a switch."""
        return self.write(f"control-{scope}", a.Resumed(scope=scope, by="anna", reason="test", request="r-2"))

    def cash(self, amount: str, currency: str = "USD") -> None:
        """Money that no fill explains."""
        data = a.CashMoved(account="paper", amount=Decimal(amount), currency=currency, reason="opening", base="USD")
        self.write("account-paper", data)


def _said(kind: str, order: str, attempt: int, fields: dict[str, Any]) -> Struct:
    client = ids.client_order_id(order, attempt)
    match kind:
        case "OrderApproved":
            terms = {name: fields[name] for name in fields.keys() & set(o.OrderApproved.__struct_fields__)}
            return approved(order=order, attempt=attempt, **{"build": BUILD, **terms})
        case "OrderHeld":
            nothing: dict[str, Any] = {"state_pos": 1, "checks": (), "limits": {}, "control": {}}
            return o.OrderHeld(order=order, attempt=attempt, reason="BIG", deadline=TIME, **nothing)
        case "OrderLapsed":
            return o.OrderLapsed(order=order, reason="APPROVAL_EXPIRED")
        case "OrderCancelRequested":
            return o.OrderCancelRequested(order=order, by="anna", reason="test", request=f"{order}-cancel")
        case "OrderSubmitStarted":
            return started(order=order, attempt=attempt, client_order_id=client)
        case "OrderSubmitUnknown":
            return o.OrderSubmitUnknown(order=order, attempt=attempt, client_order_id=client, reason="test")
        case "OrderSubmitNeverArrived":
            return o.OrderSubmitNeverArrived(order=order, attempt=attempt, client_order_id=client, evidence="test")
        case "OrderCancelStarted":
            return o.OrderCancelStarted(order=order, client_order_id=client, epoch=1)
    more: dict[str, Any] = {"code": "NO", "message": "no"} if kind == "OrderRejected" else {}
    if kind == "OrderFilled":
        more = {name: fields[name] for name in fields.keys() & {"symbol", "quantity", "execution"}}
    told: Struct = fact(getattr(o, kind), order=order, client_order_id=client, **more)
    return told


def broker_order(order: Order, status: Any, **fields: Any) -> BrokerOrder:
    """An order as the broker has it."""
    return BrokerOrder(
        **{
            "account": order.account,
            "client_order_id": order.client_order_id or "",
            "broker_order_id": "B1",
            "symbol": order.symbol,
            "side": "buy",
            "quantity": Decimal(10),
            "status": status,
            "submitted_at": TIME + 1,
            "updated_at": TIME + 2,
            **fields,
        }
    )


def execution(order: Order | None = None, **fields: Any) -> Execution:
    """10 bought at 100."""
    return Execution(
        **{
            "account": "paper",
            "client_order_id": (order.client_order_id or "") if order else "somebody's",
            "broker_order_id": "B1",
            "execution": "E1",
            "symbol": "AAPL",
            "side": "buy",
            "quantity": Decimal(10),
            "price": Decimal(100),
            "at": TIME + 3,
            **fields,
        }
    )


def fill_row(event: Any = "fill", **fields: Any) -> FillRow:
    """10 bought at 100, as the log has it."""
    return FillRow(
        **{
            "pos": 5,
            "event": event,
            "order": "o",
            "strategy": "momo",
            "account": "paper",
            "broker": "paper",
            "symbol": "AAPL",
            "side": "buy",
            "quantity": Decimal(10),
            "price": Decimal(100),
            "fee": Decimal(1),
            "fee_currency": "USD",
            "execution": "E1",
            "revision": 0,
            "time": TIME,
            **fields,
        }
    )
