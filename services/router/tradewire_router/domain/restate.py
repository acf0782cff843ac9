"""What becomes of an execution that a broker corrects or takes back. Pure.

What a broker tells comes at least once, and not always in order: the version that counts is the latest one in the log,
and neither a version told again nor an earlier one told late takes its place.
"""

from collections.abc import Sequence

from tradewire import ids
from tradewire.domain.orders import Order
from tradewire.messages import order_events as o
from tradewire.messages.answers import FillRow
from tradewire.messages.log import NewEvent
from tradewire.messages.vocabulary import Origin
from tradewire_router.brokers.values import Execution
from tradewire_router.domain.translate import Source, Teller, of_execution


def unexplained(execution: Execution, versions: Sequence[FillRow], *, busted: bool) -> str:
    """Why a person has to look at a restatement, or nothing. `versions` are those of the execution in the log."""
    what = "busted" if busted else "corrected"
    if not versions:
        return f"the broker {what} execution {execution.execution}, which no order of ours has"
    latest = _latest(versions)
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
) -> list[NewEvent]:
    """The event that a correction or bust means; none for one that the log has, or has gone past."""
    if not versions or (latest := _latest(versions)).event == "bust":
        return []
    source = Source(evidence, origin, execution.broker_order_id, execution.at)
    if busted:
        return [_busted(teller, order, execution, latest, source)] if execution.revision >= latest.revision else []
    return [_corrected(teller, order, execution, latest, source)] if execution.revision > latest.revision else []


def _latest(versions: Sequence[FillRow]) -> FillRow:
    return max(versions, key=lambda version: version.pos)


def _corrected(teller: Teller, order: Order, execution: Execution, old: FillRow, source: Source) -> NewEvent:
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
