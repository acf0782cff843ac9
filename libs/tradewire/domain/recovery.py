"""What a restored log lacks: the orders that were sent after the backup, as their brokers have them.

After a LogRestored nothing is decided or sent in an account until its router has asked the broker and said so. An order
whose client id the broker has is never sent: it is that order, and is adopted.
"""

from typing import Any

from msgspec import Struct

from tradewire import ids
from tradewire.domain.orders import SENT, Order
from tradewire.messages.log import Event
from tradewire.messages.vocabulary import LostOrder

FOLDED = frozenset({"LogRestored", "AccountRecovered"})
ATTEMPTS, REVISIONS = 8, 8
"""Under how many client ids an order is looked for: each attempt, and each of its new terms, has one."""
REFUSED_MOST = 64
"""How many new terms in a row the broker may have refused behind some that it took: it has no order of their names."""
_KNOWN_MOST = 20_000


Revision = tuple[int, LostOrder]
"""Terms of an order that its broker took: which revision, and under which name."""


class AtBroker(Struct, frozen=True):
    """What a broker has of an order: the latest attempt of it, and its revisions under their names, oldest first."""

    attempt: int
    revisions: tuple[Revision, ...]

    @property
    def revision(self) -> int:
        """The latest revision."""
        return self.revisions[-1][0]

    @property
    def names(self) -> tuple[LostOrder, ...]:
        """The names of the revisions."""
        return tuple(name for _, name in self.revisions)


class Recovery:
    """Folds what a restore left open, account by account."""

    def __init__(self) -> None:
        self.restored = 0
        """The position of the last LogRestored; 0 for a log that never was."""
        self._made_at: dict[int, int] = {}
        """When the backup of each restore was made (µs), by the position of its LogRestored."""
        self._done: dict[str, int] = {}
        self._lost: dict[str, dict[str, LostOrder]] = {}
        self._found: dict[str, AtBroker | None] = {}
        self._later: dict[tuple[str, int, int], tuple[Revision, ...]] = {}

    def fold(self, event: Event, data: Any) -> None:
        """Takes in an event of FOLDED."""
        if event.type == "LogRestored":
            self.restored = event.pos
            self._made_at[event.pos] = data.made_at
            return
        self._lost.setdefault(data.account, {}).update({each.client_order_id: each for each in data.orders})
        self._found.clear()
        self._later.clear()
        if data.last:
            self._done[data.account] = data.restored

    def waits(self, account: str) -> bool:
        """True until the account's router has said what its broker has."""
        return self._done.get(account, 0) < self.restored

    def lost_since(self, account: str) -> int:
        """Since when (µs) the log lacks what an account's broker was sent: the oldest backup nobody asked about yet.

        A backup that was made while an account still waited lacks what the one before it lacked. Only while it waits.
        """
        done = self._done.get(account, 0)
        return min(made_at for pos, made_at in self._made_at.items() if pos > done)

    def lost(self, account: str) -> dict[str, LostOrder]:
        """The orders that the broker of an account had and the log did not, by client order id."""
        return self._lost.get(account, {})

    def at_broker(self, order: Order) -> AtBroker | None:
        """What the broker has of an order that the log shows as never sent."""
        lost = self._lost.get(order.account)
        if not lost:
            return None
        if order.order not in self._found:
            if len(self._found) >= _KNOWN_MOST:
                self._found.clear()
            self._found[order.order] = _at_broker(order.order, lost)
        return self._found[order.order]

    def holds(self, order: Order) -> bool:
        """Whether an order is not to be decided, sent or ended here: it may be at the broker, or is."""
        return self.waits(order.account) or self.at_broker(order) is not None

    def later(self, order: Order) -> tuple[Revision, ...]:
        """What the broker has in the place of an order that was sent, by terms that the log has lost; oldest first."""
        lost = self._lost.get(order.account)
        if not lost or order.status not in SENT:
            return ()
        key = (order.order, order.attempt, order.revision)
        if key not in self._later:
            if len(self._later) >= _KNOWN_MOST:
                self._later.clear()
            self._later[key] = tuple(_revisions(order.order, order.attempt, order.revision + 1, REFUSED_MOST, lost))
        return self._later[key]

    def superseded(self, order: Order) -> bool:
        """Whether it may be a lost part of the log that replaced an order at its broker, and not somebody else."""
        return self.waits(order.account) or bool(self.later(order))

    def names(self, order: Order) -> list[LostOrder]:
        """Under which names, of those that were lost, the broker has had an order in its present attempt."""
        lost = self.lost(order.account)
        found = (lost.get(ids.client_order_id(order.order, order.attempt, n)) for n in range(order.revision + 1))
        return [each for each in found if each is not None]


def _at_broker(order: str, lost: dict[str, LostOrder]) -> AtBroker | None:
    for attempt in range(ATTEMPTS, 0, -1):
        if found := _revisions(order, attempt, 0, REVISIONS, lost):
            return AtBroker(attempt, tuple(found))
    return None


def _revisions(order: str, attempt: int, first: int, most: int, lost: dict[str, LostOrder]) -> list[Revision]:
    """The revisions of an attempt from one on: the first of them is among `most`, and refused ones leave gaps."""
    found: list[Revision] = []
    revision, end = first, first + most
    while revision < end:
        if (each := lost.get(ids.client_order_id(order, attempt, revision))) is not None:
            found.append((revision, each))
            end = revision + 1 + REFUSED_MOST
        revision += 1
    return found
