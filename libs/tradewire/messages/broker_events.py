"""Events of an account about its broker: the session with it, and orders there that are not ours."""

from decimal import Decimal

from msgspec import Struct

from tradewire.messages.vocabulary import BrokerPart, Side


class _Event(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    pass


class BrokerLost(_Event, frozen=True, kw_only=True):
    """The account's broker cannot be talked to, and why, in its own words; told once a reason. Nothing new is sent."""

    account: str
    broker: str
    code: str
    reason: str


class BrokerConnected(_Event, frozen=True, kw_only=True):
    """The account's broker can be talked to again, after a BrokerLost."""

    account: str
    broker: str


class BrokerDegraded(_Event, frozen=True, kw_only=True):
    """A part of the session with the account's broker does not work, and why, in its own words; told once a reason.

    Without `orders` or `answers` nothing new is sent; without `quotes` what needs a price is refused.
    """

    account: str
    broker: str
    part: BrokerPart
    reason: str


class BrokerRecovered(_Event, frozen=True, kw_only=True):
    """A part of the session works again, after a BrokerDegraded; a session that returns hears of `orders` anew."""

    account: str
    broker: str
    part: BrokerPart


class ExternalOrderSeen(_Event, frozen=True, kw_only=True):
    """An order at the broker that no signal of ours caused."""

    account: str
    broker: str
    broker_order_id: str
    symbol: str
    side: Side
    quantity: Decimal


class ExternalOrderEnded(_Event, frozen=True, kw_only=True):
    """An order that no signal of ours caused works at the broker no more."""

    account: str
    broker: str
    broker_order_id: str
    symbol: str


class ExternalFillBooked(_Event, frozen=True, kw_only=True):
    """An execution at the broker that belongs to no order of ours; its strategy is EXTERNAL.

    What takes one back is of the other side, and its `execution` ends with `:bust`, or with `:corrected` where a new
    version follows. `told_as` is as in OrderFilled.
    """

    account: str
    broker: str
    broker_order_id: str
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    execution: str
    fee: Decimal = Decimal(0)
    fee_currency: str = "USD"
    revision: int = 0
    broker_time: int | None = None
    told_as: str = ""
