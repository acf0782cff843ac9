"""The bare sequencer's rows: the chain is the product's, and the COPY row holds the event."""

from struct import unpack_from
from uuid import UUID

import pytest
from bench.floor.bare.rows import chained
from msgspec import Raw

from tradewire.messages import chain
from tradewire.messages.log import Event

SIGNAL, ORDER, CAUSE = (f"6f0f6b6e-3f1d-5c3e-9a57-74726164650{n}" for n in range(3))


def event(correlation: str | None, causation: str | None) -> Event:
    data = Raw(b'{"order":"\xc3\xa9"}')
    return Event(7, f"order-{ORDER}", 2, CAUSE, "OrderApproved", 3, 11, 12, "risk", correlation, causation, data)


def fields(row: bytes) -> list[bytes | None]:
    (count,) = unpack_from(">h", row)
    found: list[bytes | None] = []
    at = 2
    for _ in range(count):
        (length,) = unpack_from(">i", row, at)
        at += 4
        found.append(None if length < 0 else row[at : at + length])
        at += max(length, 0)
    assert at == len(row)
    return found


@pytest.mark.parametrize(("correlation", "causation"), [(SIGNAL, ORDER), (SIGNAL, None), (None, None)])
def test_the_chain_is_the_one_of_the_product(correlation: str | None, causation: str | None) -> None:
    previous = chain.genesis(SIGNAL)
    value, _ = chained(previous, event(correlation, causation))
    assert value == chain.link(previous, event(correlation, causation))


def test_the_row_holds_every_field_in_the_order_of_the_table() -> None:
    value, row = chained(bytes(32), event(SIGNAL, None))
    assert fields(row) == [
        (7).to_bytes(8, "big"),
        f"order-{ORDER}".encode(),
        (2).to_bytes(8, "big"),
        UUID(CAUSE).bytes,
        b"OrderApproved",
        (3).to_bytes(2, "big"),
        (11).to_bytes(8, "big"),
        (12).to_bytes(8, "big"),
        b"risk",
        UUID(SIGNAL).bytes,
        None,
        b'{"order":"\xc3\xa9"}',
        value,
    ]
