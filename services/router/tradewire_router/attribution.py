"""Whose order a broker's message is about."""

import msgspec

from tradewire import subjects
from tradewire.bus import Bus
from tradewire.domain.orders import Order
from tradewire.errors import Unavailable
from tradewire.messages.answers import OrdersPage, QueryError
from tradewire.messages.queries import OrdersQuery
from tradewire_router.domain.state import RouterState
from tradewire_router.submit import Submitter

_decode = msgspec.json.Decoder(OrdersPage | QueryError).decode


class Attribution:
    """Finds an order by its client order id: in hand, in the state, and for one closed long ago from the reader."""

    def __init__(self, bus: Bus, shard: str, state: RouterState, submitter: Submitter) -> None:
        self._bus, self._subject = bus, subjects.query(shard, "orders")
        self._state, self._submitter = state, submitter

    def at_once(self, client_order_id: str) -> Order | None:
        """The order, if it is in hand, open, or was closed lately."""
        return self._state.of_client_id(client_order_id) or self._submitter.known.get(client_order_id)

    async def order_of(self, client_order_id: str) -> Order | None:
        """The order, or None when no order of ours ever had that id.

        Raises:
            Unavailable: the reader does not answer, so that it is not known.
        """
        if not client_order_id:
            return None
        if order := self.at_once(client_order_id):
            return order
        payload = msgspec.json.encode(OrdersQuery(client_order_id=client_order_id, limit=1))
        answer = _decode((await self._bus.request(self._subject, payload, timeout=2)).data)
        if isinstance(answer, QueryError):
            raise Unavailable(f"looking up {client_order_id}: {answer.message}")
        return answer.orders[0] if answer.orders else None
