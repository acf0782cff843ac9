"""What the log shows of orders that a person, or the reader, has to be asked about."""

from msgspec import Struct

from tradewire.domain.orders import Order


class Anomaly(Struct, frozen=True):
    """An event that made something impossible of an order; a person has to look before the account trades on."""

    event_id: str
    order: Order


class Late(Struct, frozen=True):
    """An event at `pos` that changed the books for an order which is known here no more, or `beside` exits of its entry
    that are not."""

    event_id: str
    pos: int
    order: str
    beside: tuple[str, ...] = ()
