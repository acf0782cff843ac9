"""Short ways to make what the views show, and to see it as a terminal does."""

import io
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Raw, Struct
from rich.console import Console, RenderableType

from tests.builders import ORDER, SIGNAL, TIME
from tradewire.domain.orders import Order, Status
from tradewire.domain.times import instant_text
from tradewire.messages.answers import FillRow, PositionRow, PublicEvent

NOW = TIME + 60_000_000


def order(**changes: Any) -> Order:
    fields: dict[str, Any] = {
        "order": ORDER,
        "signal": SIGNAL,
        "signal_id": "s-1",
        "strategy": "momo",
        "account": "paper",
        "symbol": "AAPL",
        "action": "buy",
        "identity": "strategy:momo",
        "side": "buy",
        "quantity": Decimal(10),
        "status": Status.REQUESTED,
        "version": 1,
        "requested_at": TIME,
        "requested_pos": 1,
        "updated_at": TIME,
    }
    return Order(**{**fields, **changes})


def fill(**changes: Any) -> FillRow:
    fields: dict[str, Any] = {
        "pos": 7,
        "event": "fill",
        "order": ORDER,
        "strategy": "momo",
        "account": "paper",
        "broker": "paper",
        "symbol": "AAPL",
        "side": "buy",
        "quantity": Decimal(10),
        "price": Decimal("187.25"),
        "fee": Decimal("0.05"),
        "fee_currency": "USD",
        "execution": "e-1",
        "revision": 0,
        "time": TIME,
    }
    return FillRow(**{**fields, **changes})


def position(**changes: Any) -> PositionRow:
    fields: dict[str, Any] = {
        "account": "paper",
        "symbol": "AAPL",
        "quantity": Decimal(10),
        "average_price": Decimal("187.25"),
        "multiplier": Decimal(1),
        "cost": Decimal("1872.5"),
        "realized": Decimal("-12.5"),
        "fees": Decimal("0.05"),
        "price": Decimal(190),
        "priced_at": TIME,
        "value": Decimal(1900),
        "unrealized": Decimal("27.5"),
    }
    return PositionRow(**{**fields, **changes})


def told(data: Struct, *, pos: int = 1, after: int = 0, order_id: str | None = ORDER) -> PublicEvent:
    """An event as people get it, `after` so many microseconds."""
    return PublicEvent(
        pos=pos,
        at=TIME + after,
        time=instant_text(TIME + after),
        stream=f"order-{ORDER}",
        version=1,
        type=type(data).__name__,
        account="paper",
        order=order_id,
        signal=SIGNAL,
        data=Raw(msgspec.json.encode(data)),
    )


def seen(shown: RenderableType, width: int = 120) -> str:
    """What stands on a terminal of so many columns, without colours."""
    out = Console(width=width, file=io.StringIO(), color_system=None)
    out.print(shown)
    assert isinstance(out.file, io.StringIO)
    return "\n".join(line.rstrip() for line in out.file.getvalue().splitlines())


def widest(text: str) -> int:
    return max(len(line) for line in text.splitlines())
