"""The orders of the bench of brokers: which number becomes which order, at which broker, and how it is written."""

import msgspec

from bench.tradewire.orders import STRATEGY
from tradewire import ids

PAPER, TWIN = "paper", "alpaca"
"""Both accounts are named like their brokers."""
TRADED, BURST, RESTING = "AAPL", "MSFT", "TSLA"
"""What is traded at once, what is filled all together, and what stays."""
QUOTED = tuple(f"Q{number:02}" for number in range(20))
WARM_UP = 80
"""So many orders come first. All buy, so that the sells after them have something to sell, however late fills are told:
no order may turn a position through zero at Alpaca."""
BURST_FIRST, RESTING_FIRST = 1_000_000, 2_000_000
"""Numbers from which on orders are of the other two kinds."""

_encode = msgspec.json.encode


def account_of(number: int) -> str:
    """A buy and the sell that follows go to one broker, and the next two to the other."""
    return PAPER if number < BURST_FIRST and number // 2 % 2 == 0 else TWIN


def order_of(number: int) -> str:
    """The order's id."""
    return ids.order_uuid(ids.signal_uuid("nats", STRATEGY, str(number)), account_of(number), 0)


def body(number: int) -> bytes:
    """The signal of an order's number; its size is that of the other benches' signals."""
    sells = WARM_UP <= number < BURST_FIRST and number % 2 == 1
    symbol = TRADED if number < BURST_FIRST else BURST if number < RESTING_FIRST else RESTING
    price = f"{(190 if sells else 180) + number % 9}.{number % 100:02}"
    return _encode(
        {
            "id": str(number),
            "symbol": symbol,
            "account": account_of(number),
            "action": "sell" if sells else "buy",
            "quantity": "10",
            "order_type": "limit",
            "limit_price": price,
            "price": price,
            "time_in_force": "day",
            "tags": ["momentum-us-large", "benchmark"],
        }
    )
