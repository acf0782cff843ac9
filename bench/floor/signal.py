"""The signal that both floors carry: some 290 bytes of JSON, as a strategy would send it."""

import msgspec
from msgspec import Struct

ROWS_PER_ORDER = 6


class Signal(Struct, frozen=True):
    """A signal; `id` is the order's number in the run, in text."""

    strategy: str
    id: str
    symbol: str
    side: str
    quantity: str
    order_type: str
    limit_price: str
    time_in_force: str
    stop_loss: str
    take_profit: str
    valid_until: str
    at: str


_encode = msgspec.json.encode
decode_signal = msgspec.json.Decoder(Signal).decode


def signal(number: int) -> Signal:
    """The signal of an order's number."""
    return Signal(
        strategy="momentum-us-large",
        id=str(number),
        symbol="AAPL",
        side="sell" if number % 2 else "buy",
        quantity="10",
        order_type="limit",
        limit_price=f"{187 + number % 9}.{number % 100:02}",
        time_in_force="day",
        stop_loss="171.50",
        take_profit="214.25",
        valid_until="2026-01-05T21:00:00.000000Z",
        at="2026-01-05T14:30:00.000000Z",
    )


def encoded(number: int) -> bytes:
    """The signal of an order's number, as bytes."""
    return _encode(signal(number))
