"""What cannot be and was booked all the same: its account takes no new order until a person has looked."""

from tradewire import ids
from tradewire.errors import Unavailable
from tradewire_router.attribution import Attribution
from tradewire_router.domain.groups import overfilled
from tradewire_router.domain.state import RouterState
from tradewire_router.facts import Facts
from tradewire_router.handlers import Ear


async def halt_anomalies(state: RouterState, ear: Ear, facts: Facts) -> None:
    """Halts the account for what the log has shown; after it, the ledger refuses every submit decided before."""
    if not state.anomalies:
        return
    while state.anomalies:
        _, found = state.anomalies.popitem()
        order = found.order
        ear.halt(f"{order.anomaly} (order {order.order})", ids.command_uuid(found.event_id, "anomaly"))
    await facts.drained()


async def look_at_late(state: RouterState, attribution: Attribution, ear: Ear) -> None:
    """Asks the log whether what was booked on orders closed long ago, or beside such orders, was possible."""
    while state.late:
        late = state.late[0]
        try:
            order = await attribution.order(late.order, late.pos)
            others = [(await attribution.order(each, late.pos)).filled for each in late.beside]
        except Unavailable:
            return
        if late in state.late:
            state.late.remove(late)
        anomaly = order.anomaly or (overfilled([order.filled, *others], order.quantity) if others else "")
        if anomaly:
            ear.halt(f"{anomaly} (order {order.order})", ids.command_uuid(late.event_id, "anomaly"))
