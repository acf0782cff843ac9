"""The content of the six events of an order, about as large as the product's."""

import msgspec
from msgspec import Raw, Struct

from bench.floor.signal import Signal

encode = msgspec.json.encode


class SignalReceived(Struct, frozen=True, gc=False):
    """The signal as it came."""

    source: str
    received_at: int
    body: Raw


class Requested(Struct, frozen=True, gc=False):
    """Intent. `number` is the order's number in the bench; risk and router pass it on."""

    number: int
    order: str
    signal: str
    strategy: str
    account: str
    symbol: str
    side: str
    quantity: str
    order_type: str
    limit_price: str
    time_in_force: str


class Approved(Struct, frozen=True, gc=False):
    """Intent with the names of the checks that it passed."""

    request: Requested
    attempt: int
    state_pos: int
    checks: tuple[str, ...]
    limits_version: int
    expires_at: int


class SubmitStarted(Struct, frozen=True, gc=False):
    """The intent to call the broker."""

    order: str
    attempt: int
    client_order_id: str
    account: str
    broker: str
    epoch: int
    state_pos: int


class Accepted(Struct, frozen=True, gc=False):
    """The broker has it."""

    order: str
    client_order_id: str
    broker: str
    account: str
    broker_order_id: str
    broker_time: int


class Filled(Struct, frozen=True, gc=False):
    """The broker has executed it, whole."""

    order: str
    client_order_id: str
    broker: str
    account: str
    strategy: str
    symbol: str
    side: str
    quantity: str
    price: str
    execution: str
    fee: str
    fee_currency: str
    broker_time: int


CHECKS = (
    "switch", "lease", "expiry", "symbol", "price_collar", "order_quantity", "order_value", "position", "exposure",
    "daily_loss", "rate",
)  # fmt: skip

decode_requested = msgspec.json.Decoder(Requested).decode
decode_approved = msgspec.json.Decoder(Approved).decode


def requested(signal: Signal, order: str, signal_id: str) -> Requested:
    """The intent of a signal."""
    return Requested(
        number=int(signal.id),
        order=order,
        signal=signal_id,
        strategy=signal.strategy,
        account="paper",
        symbol=signal.symbol,
        side=signal.side,
        quantity=signal.quantity,
        order_type=signal.order_type,
        limit_price=signal.limit_price,
        time_in_force=signal.time_in_force,
    )
