"""Publishes signals of schema 1, of the same size and at the same pace as the bare floor's."""

import msgspec

from bench.floor.bare.publisher import Publisher
from bench.role import main
from bench.tradewire.orders import STRATEGY, SYMBOL

_encode = msgspec.json.encode


def body(number: int) -> bytes:
    """The signal of an order's number: buys and sells in turn, so that the position stays small, and never at prices at
    which they would trade with each other."""
    price = f"{(190 if number % 2 else 180) + number % 9}.{number % 100:02}"
    return _encode(
        {
            "id": str(number),
            "symbol": SYMBOL,
            "action": "sell" if number % 2 else "buy",
            "quantity": "10",
            "order_type": "limit",
            "limit_price": price,
            "price": price,
            "time_in_force": "day",
            "tags": ["momentum-us-large", "benchmark"],
            "extra": {"stop_loss": "171.50", "take_profit": "214.25", "at": "2026-01-05T14:30:00.000000Z"},
        }
    )


if __name__ == "__main__":
    main(Publisher(f"signals.{STRATEGY}", STRATEGY, body))
