"""Which order is which: Alpaca's ids, our client order ids, and the exits of groups, whose client ids Alpaca makes."""

from collections import OrderedDict
from typing import TypeVar

KEPT = 50_000
V = TypeVar("V")


class Recent(OrderedDict[str, V]):
    """The last KEPT entries."""

    def __setitem__(self, key: str, value: V) -> None:
        super().__setitem__(key, value)
        self.move_to_end(key)
        if len(self) > KEPT:
            self.popitem(last=False)


class Known:
    """What this session has learned of orders and executions."""

    def __init__(self) -> None:
        self._client_ids: Recent[str] = Recent()
        self._broker_ids: Recent[str] = Recent()
        self.exits: Recent[bool] = Recent()
        """Our client order ids that Alpaca has never heard of: those of exits."""
        self.accepted: Recent[bool] = Recent()
        """Orders that were told as working, by Alpaca's id."""
        self.executions: Recent[tuple[str, int]] = Recent()
        """Alpaca's id of an execution -> ours, and its revision."""
        self.revisions: Recent[int] = Recent()
        """Our id of an execution -> the latest revision that was told."""
        self.busts: Recent[frozenset[int]] = Recent()
        """Alpaca's id of an order -> when its executions were taken back (µs)."""

    def learn(self, broker_order_id: str, client_order_id: str) -> str:
        """Takes an order in, and returns our name of it: an exit keeps the one that we gave it."""
        ours = self._client_ids.get(broker_order_id)
        if ours is None:
            self._client_ids[broker_order_id] = ours = client_order_id
            self._broker_ids[client_order_id] = broker_order_id
        return ours

    def name(self, broker_order_id: str, client_order_id: str) -> None:
        """Says which of our client order ids an exit of a group has."""
        self._client_ids[broker_order_id] = client_order_id
        self._broker_ids[client_order_id] = broker_order_id
        self.exits[client_order_id] = True

    def busted(self, broker_order_id: str, at: int) -> None:
        """Takes in that an execution of an order was taken back."""
        self.busts[broker_order_id] = self.busts.get(broker_order_id, frozenset()) | {at}

    def client_id(self, broker_order_id: str) -> str | None:
        """Our name of an order of Alpaca's."""
        return self._client_ids.get(broker_order_id)

    def broker_id(self, client_order_id: str) -> str | None:
        """Alpaca's id of an order of ours."""
        return self._broker_ids.get(client_order_id)
