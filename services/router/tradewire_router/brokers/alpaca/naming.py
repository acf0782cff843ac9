"""Exits and their names: Alpaca makes client order ids of its own for them, and ours are found through their heads.

An exit whose answer was lost, or that was sent by a router that is no more, has no name of ours until its head has been
asked for. Until then nothing may be said of orders that nobody knows: they may be such exits.
"""

from collections.abc import Collection
from typing import Any

from tradewire.messages.vocabulary import ExitKind
from tradewire_router.brokers import values as v
from tradewire_router.brokers.alpaca import groups
from tradewire_router.brokers.alpaca.answers import NoAnswer, NotSent, Refused, call_error
from tradewire_router.brokers.alpaca.budget import Urgency
from tradewire_router.brokers.alpaca.desk import Desk
from tradewire_router.brokers.alpaca.known import Known
from tradewire_router.brokers.alpaca.words import Json, unreadable


class Naming:
    """The exits of one account that have no name yet, by the client order id of their head."""

    def __init__(self, desk: Desk, known: Known) -> None:
        self._desk, self._known = desk, known
        self._unnamed: dict[str, dict[ExitKind, str]] = {}

    def __bool__(self) -> bool:
        """True while an exit has no name."""
        return bool(self._unnamed)

    def recall(self, legs: Collection[v.Leg]) -> None:
        """Takes in the exits that the log knows."""
        for leg in legs:
            if leg.broker_order_id is not None:
                self._known.name(leg.broker_order_id, leg.client_order_id)
            else:
                self._unnamed.setdefault(leg.head, {})[leg.kind] = leg.client_order_id

    def begin(self, group: v.GroupRequest) -> None:
        """A group is about to be sent."""
        self._unnamed[groups.head(group).client_order_id] = groups.names_of(group)

    def forget(self, client_order_id: str) -> None:
        """A group was refused, or never arrived: that is the one in which an order is the head or an exit."""
        self._unnamed.pop(self.head_of(client_order_id) or client_order_id, None)

    def head_of(self, client_order_id: str) -> str | None:
        """The head of an exit that has no name yet."""
        found = (head for head, exits in self._unnamed.items() if client_order_id in exits.values())
        return next(found, None)

    def take(self, head: str, told: Json) -> None:
        """Names the exits that are told under a head."""
        left = dict(self._unnamed.get(head, {}))
        for kind, leg in groups.exits_told(told).items():
            if (client_order_id := left.pop(kind, None)) is not None:
                self._known.name(str(leg["id"]), client_order_id)
        if left:
            self._unnamed[head] = left
        else:
            self.forget(head)

    async def settle(self) -> None:
        """Asks for every head whose exits have no name. One that Alpaca does not have may still arrive.

        Raises:
            BrokerError: it was not answered.
        """
        for head in tuple(self._unnamed):
            await self.settle_one(head)

    async def settle_one(self, head: str) -> bool:
        """Asks for one head; returns whether Alpaca has it. Raises BrokerError."""
        try:
            told = await self._ask("/orders:by_client_order_id", {"client_order_id": head})
            if told is not None and not told.get("legs"):
                told = await self._ask(f"/orders/{told['id']}", {"nested": "true"})
        except (NotSent, NoAnswer) as failed:
            raise failed.error from None
        except Refused as refused:
            raise call_error(refused) from None
        if told is None:
            return False
        self.take(head, told)
        return True

    async def _ask(self, path: str, query: dict[str, str]) -> Json | None:
        try:
            told: Any = await self._desk.look(path, query, Urgency.LOOKUP)
        except Refused as refused:
            if refused.unknown_id:
                return None
            raise
        if not isinstance(told, dict) or not told.get("id"):
            raise NoAnswer(unreadable("an order", told))
        return told
