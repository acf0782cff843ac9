"""Answers `ledger.<shard>.query.<what>`. The table at the foot says which function answers what."""

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

from tradewire.bus import Bus, Message
from tradewire.errors import Unavailable
from tradewire.messages.answers import QueryError, Reply, encode
from tradewire.messages.queries import QUERIES, QueryRefused, parse
from tradewire_ledger.lost import LOST
from tradewire_ledger.reader import query_accounts, query_instruments, query_log, query_orders, query_state
from tradewire_ledger.reader.context import Context, OutOfStep
from tradewire_ledger.reader.metrics import Metrics

MESSAGE_BYTES_MAX = 1_000_000


class Queries:
    """Answers every query with the result, or with an error that says what to ask instead."""

    def __init__(self, context: Context, bus: Bus, metrics: Metrics, log: Any) -> None:
        self._context, self._bus, self._metrics, self._log = context, bus, metrics, log

    async def answer(self, message: Message) -> None:
        """Answers one question."""
        what = message.subject.rsplit(".", 1)[-1]
        reply = await self._reply(what, message.data)
        payload = encode(reply)
        if len(payload) > MESSAGE_BYTES_MAX:
            reply = QueryError(
                code="TOO_LARGE",
                message=f"the answer has {len(payload)} bytes",
                expected="a narrower question, or a lower limit",
            )
            payload = encode(reply)
        outcome = reply.code if isinstance(reply, QueryError) else "ok"
        self._metrics.queries.labels(what if what in QUERIES else "unknown", outcome).inc()
        try:
            await self._bus.publish(message.reply, payload)
        except Unavailable:
            return  # whoever asked will ask again

    async def _reply(self, what: str, payload: bytes) -> Reply:
        try:
            query = parse(what, payload)
            return await _ANSWERS[what](self._context, query)
        except QueryRefused as refused:
            return refused.reply()
        except asyncpg.QueryCanceledError:
            return QueryError(
                code="TOO_LARGE", message="the question takes too long", expected="more filters, or a lower limit"
            )
        except asyncpg.DataError as error:
            return QueryError(code="INVALID_FIELD", message=str(error), expected="values that the log can hold")
        except (*LOST, OutOfStep) as error:
            return QueryError(code="UNAVAILABLE", message=f"the read model cannot be read: {error}")
        except Exception as error:  # noqa: BLE001 - whoever asked is told, and so is the log
            self._log.error("a query failed", what=what, exc_info=error)
            return QueryError(code="FAILED", message="the question could not be answered; the reader's log says why")


# what -> who answers
_ANSWERS: dict[str, Callable[[Context, Any], Awaitable[Reply]]] = {
    "orders": query_orders.orders,
    "order": query_orders.order,
    "fills": query_orders.fills,
    "positions": query_accounts.positions,
    "accounts": query_accounts.accounts,
    "instruments": query_instruments.instruments,
    "events": query_log.events,
    "frames": query_log.frames,
    "control": query_state.control,
    "status": query_state.status,
    "digest": query_state.digest_of,
}
