"""How a call to a broker ended. Submitting, canceling and looking up never raise for what a broker may answer.

`match` over the unions: a submit is accepted, rejected with proof, or unknown; an order is found, proven absent at the
time of asking, or the question got no answer.
"""

from typing import Literal

from msgspec import Struct

from tradewire_router.brokers.errors import BrokerError
from tradewire_router.brokers.values import BrokerOrder


class SubmitAccepted(Struct, frozen=True, gc=False):
    """The broker has the order."""

    client_order_id: str
    broker_order_id: str
    at: int


class SubmitRejected(Struct, frozen=True):
    """The broker said no; no order exists because of this call."""

    client_order_id: str
    error: BrokerError
    at: int | None = None


class SubmitUnknown(Struct, frozen=True):
    """No proof either way. `sent` is False only when nothing of the call can have left this process."""

    client_order_id: str
    error: BrokerError
    sent: bool = True


SubmitResult = SubmitAccepted | SubmitRejected | SubmitUnknown

CancelOutcome = Literal["requested", "already_terminal", "not_found", "unknown"]


class CancelResult(Struct, frozen=True):
    """`requested`: the end comes as an event. `already_terminal`: nothing was left to cancel."""

    client_order_id: str
    outcome: CancelOutcome
    error: BrokerError | None = None


class Found(Struct, frozen=True):
    """The broker has, or had, the order."""

    order: BrokerOrder


class Absent(Struct, frozen=True):
    """The broker answered that it knows no such order; one still on its way may yet arrive."""

    client_order_id: str
    at: int


class Inconclusive(Struct, frozen=True):
    """The broker gave no usable answer."""

    client_order_id: str
    error: BrokerError


Lookup = Found | Absent | Inconclusive
