"""The versions of executions as the log has them, and which of them a broker means by its own id. Pure."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from tradewire.messages.answers import FillRow
from tradewire.messages.vocabulary import Side
from tradewire_router.brokers import events as b
from tradewire_router.brokers.values import Execution

Row = TypeVar("Row", bound=FillRow)
BUSTED, UNDONE = ":bust", ":corrected"
"""How the executions end that take back those of orders that are none of ours, for good or for a new version."""


_EVENTS: dict[str, Literal["fill", "correction", "bust", "external"]] = {
    "OrderFilled": "fill",
    "FillAttributed": "fill",
    "FillCorrected": "correction",
    "FillBusted": "bust",
    "ExternalFillBooked": "external",
}


class Booked(FillRow, frozen=True, kw_only=True):
    """A version of an execution in the log, with the broker's own id of it where the log has that."""

    told_as: str = ""


class Told(Struct):
    """What each event of an execution says of it."""

    account: str
    broker: str
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    execution: str
    broker_order_id: str | None = None
    order: str | None = None
    strategy: str = ""
    fee: Decimal = Decimal(0)
    fee_currency: str = "USD"
    revision: int = 0
    broker_time: int | None = None
    told_as: str = ""


def booked_of(pos: int, kind: str, said: Told) -> Booked:
    """A version, by the position and the type of its event."""
    event = _EVENTS[kind]
    if said.execution.endswith(BUSTED):
        event = "bust"
    return Booked(
        pos=pos,
        event=event,
        order=said.order,
        strategy=said.strategy,
        account=said.account,
        broker=said.broker,
        symbol=said.symbol,
        side=said.side,
        quantity=said.quantity,
        price=said.price,
        fee=said.fee,
        fee_currency=said.fee_currency,
        execution=said.execution.removesuffix(BUSTED),
        revision=said.revision,
        time=said.broker_time or 0,
        broker_time=said.broker_time,
        told_as=said.told_as,
    )


def named(told: b.FillCorrected | b.FillBusted, booked: Sequence[Booked]) -> Execution | None:
    """The execution of a restatement that says it by the broker's own id, as the log names it; None if none fits.

    `booked` are the versions of all executions of its order.
    """
    execution, busted = told.execution, isinstance(told, b.FillBusted)
    by_id = [each for each in booked if each.told_as and each.told_as in {told.previous, told.told_as}]
    if by_id:  # the new version, where it is told again
        old = latest_of(by_id)
        again = not busted and old.told_as == told.told_as
        return replace(execution, execution=old.execution, revision=old.revision + (not (busted or again)))
    latest = {
        name: latest_of([each for each in booked if each.execution == name]) for name in {e.execution for e in booked}
    }
    # What was told with another id is another execution.
    fitting = [each for each in latest.values() if each.event != "bust" and not each.told_as]
    if busted:
        fitting = [e for e in fitting if (e.quantity, e.price) == (execution.quantity, execution.price)]
    else:
        fitting = [each for each in fitting if each.quantity == _before(told, list(latest.values()))]
        if len({each.price for each in fitting}) > 1:
            return None
    if not fitting:
        return None
    old = latest_of(fitting)  # those of the same terms are as good as each other
    return replace(execution, execution=old.execution, revision=old.revision + (not busted))


def _before(told: b.FillCorrected | b.FillBusted, latest: Sequence[Booked]) -> Decimal | None:
    """The quantity that a correction replaces, by what the order has filled with it and without it."""
    if not isinstance(told, b.FillCorrected) or told.filled is None:
        return None
    ours = sum((each.quantity for each in latest if each.event != "bust"), Decimal(0))
    return ours - told.filled + told.execution.quantity


def latest_of(versions: Sequence[Row]) -> Row:
    """The version that counts. There must be one."""
    return max(versions, key=lambda version: version.pos)
