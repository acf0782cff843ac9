"""What becomes of an execution that a broker corrects or takes back. Pure.

What a broker tells comes at least once, and not always in order: the version that counts is the latest one in the log,
and neither a version told again nor an earlier one told late takes its place. What a session has not heard of itself is
found in the log: see `booked`.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from tradewire import ids
from tradewire.domain.orders import Order
from tradewire.messages import order_events as o
from tradewire.messages.answers import FillRow
from tradewire.messages.log import NewEvent
from tradewire.messages.vocabulary import Origin
from tradewire_router.brokers.values import Execution
from tradewire_router.domain.booked import BUSTED, UNDONE, Booked, latest_of
from tradewire_router.domain.translate import Source, Teller, external_fill, of_execution


def unexplained(execution: Execution, versions: Sequence[FillRow], *, busted: bool) -> str:
    """Why a person has to look at a restatement, or nothing. `versions` are those of the execution in the log."""
    what = "busted" if busted else "corrected"
    if not execution.execution:
        order = execution.broker_order_id
        return f"the broker {what} an execution of its order {order}, and which one cannot be told from the log"
    if not versions:
        return f"the broker {what} execution {execution.execution}, which no order of ours has"
    latest = latest_of(versions)
    if latest.event == "bust" and not busted and execution.revision > latest.revision:
        return f"the broker corrected execution {execution.execution} after it had taken it back"
    return ""


def restated(
    teller: Teller,
    order: Order,
    execution: Execution,
    versions: Sequence[FillRow],
    *,
    busted: bool,
    origin: Origin,
    evidence: str,
    told_as: str = "",
) -> list[NewEvent]:
    """The event that a correction or bust means; none for one that the log has, or has gone past."""
    if not versions or (latest := latest_of(versions)).event == "bust":
        return []
    source = Source(evidence, origin, execution.broker_order_id, execution.at)
    if busted:
        return [_busted(teller, order, execution, latest, source)] if execution.revision >= latest.revision else []
    return (
        [_corrected(teller, order, execution, latest, source, told_as)] if execution.revision > latest.revision else []
    )


def external_restated(
    teller: Teller, execution: Execution, versions: Sequence[Booked], *, busted: bool, told_as: str
) -> list[NewEvent]:
    """The same of an order that is none of ours: an execution of the other side takes back what is booked."""
    if not versions or (old := latest_of(versions)).event == "bust":
        return []
    if execution.revision < old.revision or (not busted and execution.revision == old.revision):
        return []
    undone = replace(
        execution,
        execution=f"{old.execution}{BUSTED if busted else UNDONE}",
        side="sell" if old.side == "buy" else "buy",
        quantity=old.quantity,
        price=old.price,
        fee=-old.fee,
        fee_currency=old.fee_currency,
        revision=old.revision,
    )
    return [external_fill(teller, undone), *([] if busted else [external_fill(teller, execution, told_as)])]


def _corrected(
    teller: Teller, order: Order, execution: Execution, old: FillRow, source: Source, told_as: str
) -> NewEvent:
    event_id = ids.fill_uuid(teller.broker, teller.account, execution.execution, execution.revision)
    return of_execution(
        teller,
        order,
        event_id,
        o.FillCorrected,
        execution,
        source,
        replaces=old.revision,
        old_quantity=old.quantity,
        old_price=old.price,
        old_fee=old.fee,
        told_as=told_as,
    )


def _busted(teller: Teller, order: Order, execution: Execution, old: FillRow, source: Source) -> NewEvent:
    # A bust may carry the revision of what it takes back, and is another fact than that.
    event_id = ids.fill_uuid(teller.broker, teller.account, f"{execution.execution}:bust", execution.revision)
    return of_execution(
        teller,
        order,
        event_id,
        o.FillBusted,
        execution,
        source,
        symbol=old.symbol,
        side=old.side,
        quantity=old.quantity,
        price=old.price,
        fee=old.fee,
        fee_currency=old.fee_currency,
    )
