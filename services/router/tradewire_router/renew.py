"""After a restore: orders that the log shows as sent, and that a lost part of it gave new terms.

At a broker that makes a new order of new terms, the one that the log knows is replaced, and what works is another. Each
replacement of ours has a name that derives from the order, so the newest one in force is found, and the log says again
that it is (OrderReplaced). Nobody else replaced it, and the new order is nobody else's.
"""

import asyncio
from collections.abc import Iterable, Sequence
from decimal import Decimal

from msgspec import Struct

from tradewire import ids
from tradewire.domain.exact import ZERO, add
from tradewire.domain.orders import Order
from tradewire.runtime.logs import Log, about
from tradewire_router.brokers.port import Broker
from tradewire_router.brokers.results import Absent, Found
from tradewire_router.brokers.values import TERMINAL, BrokerOrder
from tradewire_router.domain import replacing
from tradewire_router.domain.state import RouterState
from tradewire_router.facts import Facts
from tradewire_router.submit import Submitter

_AGAIN_SECONDS = 5.0


class InForce(Struct, frozen=True):
    """Which of an order's names is in force, counted from the oldest, and what the broker says of it.

    `open`: one of the later ones may still come in its place; else the broker has refused them.
    """

    at: int
    told: BrokerOrder
    open: bool


class Renewer:
    """Finds out which terms of one account's orders are in force."""

    def __init__(self, state: RouterState, broker: Broker, facts: Facts, submitter: Submitter, log: Log) -> None:
        self._state, self._broker, self._facts = state, broker, facts
        self._submitter, self._log = submitter, log
        self._ended: dict[str, BrokerOrder] = {}
        """Orders that a list told as ended, which need not be asked about one by one."""
        self._again_at: dict[str, float] = {}
        """When (loop time) orders are asked about again whose new terms are not settled."""

    def listed(self, told: Iterable[BrokerOrder]) -> None:
        """Takes in what the broker has listed."""
        self._ended = {each.client_order_id: each for each in told if each.status in TERMINAL}

    def again(self) -> None:
        """Asks at once about what was not settled."""
        self._again_at.clear()

    def names(self) -> set[str]:
        """The names at the broker that are ours and that the log gives to no order yet."""
        behind = (self._state.recovery.later(order) for order in self._state.orders.values())
        return {name.client_order_id for later in behind for _, name in later}

    async def step(self) -> None:
        """Tells the log which terms are in force, where it does not have the newest."""
        behind = [order for order in self._state.orders.values() if self._state.recovery.later(order)]
        for order in behind:
            now = asyncio.get_running_loop().time()
            if now >= self._again_at.get(order.order, now) and not await self._renew(order):
                self._again_at[order.order] = asyncio.get_running_loop().time() + _AGAIN_SECONDS

    async def _renew(self, order: Order) -> bool:
        """Tells of one order; False when it is to be asked about again."""
        later = self._state.recovery.later(order)
        names = [order.client_order_id or "", *(name.client_order_id for _, name in later)]
        found = await self.in_force(names, order.symbol)
        filled = await self._filled(order, names[: found.at]) if found is not None else None
        if found is None or filled is None:
            self._log.warning("an order of before the restore cannot be asked about", order=order.order)
            return False
        teller, events = self._submitter.teller(), []
        if found.at:
            events.append(replacing.renewed(teller, order, later[found.at - 1][0], found.told, filled))
            self._log.warning("new terms were lost: the broker has them", status=found.told.status, **about(order))
        if found.at < len(later) and not found.open:
            events.append(replacing.turned_down(teller, order, later[-1][0], found.told))
        self._facts.add(events)
        return not found.open

    async def in_force(self, names: Sequence[str], symbol: str) -> InForce | None:
        """Which of an order's names, oldest first, is in force; None when the broker does not say."""
        is_open = False
        for at in range(len(names) - 1, -1, -1):
            # The old one first: once it is replaced, the one in its place is there.
            old = await self._broker.find_order(names[at - 1], symbol) if at else None
            new = await self._broker.find_order(names[at], symbol)
            if not isinstance(new, Found):
                return None
            if old is None:
                return InForce(at, new.order, is_open)
            what = replacing.followed(old.order if isinstance(old, Found) else None, new.order).kind
            if what == "replaced":
                return InForce(at, new.order, is_open)
            is_open = is_open or what == "open"
        return None

    async def _filled(self, order: Order, replaced: Sequence[str]) -> Decimal | None:
        """What was filled of an order under names that others have followed; None when the broker does not say."""
        earlier = (ids.client_order_id(order.order, order.attempt, revision) for revision in range(order.revision))
        return await self.filled([*dict.fromkeys((*earlier, *replaced))] if replaced else [], order.symbol)

    async def filled(self, names: Iterable[str], symbol: str) -> Decimal | None:
        """What orders of these names were filled, together; None when the broker does not say."""
        total = ZERO
        for name in names:
            told = self._ended.get(name)
            if told is None:
                answer = await self._broker.find_order(name, symbol)
                if isinstance(answer, Absent):
                    continue  # terms that it refused
                if not isinstance(answer, Found):
                    return None
                told = answer.order
            total = add(total, told.filled_quantity)
        return total
