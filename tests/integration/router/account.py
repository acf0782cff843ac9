"""One account: its router, its orders, its broker, and what the log says of it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any
from uuid import uuid4

import msgspec
from msgspec import Struct

from tests.builders import approved, requested
from tests.integration.router.world import Row, World
from tests.processes import Child
from tests.waiting import now, soon
from tradewire import ids
from tradewire.append import Appender
from tradewire.build import build_id
from tradewire.messages import account_events as a
from tradewire.messages import order_events as o
from tradewire.messages.log import Command, Fence, NewEvent
from tradewire.messages.registry import new_event
from tradewire_router.brokers.paper import PaperBroker
from tradewire_router.brokers.values import OrderRequest
from tradewire_router.paper.wire import Fault, FaultKind

PROMPT = {
    "TRADEWIRE_ROUTER_CALL_TIMEOUT": "1s",
    "TRADEWIRE_ROUTER_ABSENCE_GRACE": "1s",
    "TRADEWIRE_ROUTER_RECONCILE_INTERVAL": "500ms",
}
"""Settings with which a router is done soon."""
decode_requested = msgspec.json.Decoder(o.OrderRequested).decode


class Account:
    """Everything about one account that a test may do or ask."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.symbol = f"S{name[1:]}"

    @asynccontextmanager
    async def router(
        self, env: Mapping[str, str] | None = None, *, ready: bool = True, **settings: str
    ) -> AsyncIterator[Child]:
        """A router of the account; `settings` are keys of [router]."""
        keys = {f"TRADEWIRE_ROUTER_{key.upper()}": value for key, value in settings.items()}
        variables = {"TRADEWIRE_ROUTER_ACCOUNT": self.name, **PROMPT, **keys, **(env or {})}
        async with self.world.process("router", "tradewire_router", variables) as started:
            if ready:
                await started.until_ready()
            yield started
            if started.alive:
                assert await started.stop() == 0

    async def broker(self) -> PaperBroker:
        return await self.world.desk(self.name)

    async def fault(self, kind: FaultKind, **options: Any) -> None:
        """The next order suffers a fault."""
        await (await self.broker()).arm(Fault(kind=kind, **options))

    # Orders

    async def request(self, **fields: Any) -> str:
        """Requests an order, as ingest does; returns its id."""
        order, event = self._requested(fields)
        (result,) = await self.world.append("ingest", event)
        assert result.code == "appended", result
        return order

    def _requested(self, fields: Mapping[str, Any]) -> tuple[str, NewEvent]:
        """`ago` in seconds among the fields makes it an old request."""
        given = dict(fields)
        time = now() - int(given.pop("ago", 0) * 1_000_000)
        number = next(self.world.numbers)
        signal = ids.signal_uuid("nats", "momo", f"{self.name}-{number}")
        order = ids.order_uuid(signal, self.name, 0)
        data = requested(
            order=order,
            signal=signal,
            signal_id=f"{self.name}-{number}",
            account=self.name,
            **{"symbol": self.symbol, "price": Decimal(100), **given},
        )
        event_id = ids.decision_uuid(order, "OrderRequested", 1)
        return order, new_event(f"order-{order}", 1, event_id, data, time=time, correlation=signal)

    async def approve(self, order: str, *, attempt: int = 1, seconds: float = 60, **fields: Any) -> None:
        """Approves an order as risk does, for `seconds` from now."""
        rows = await self.rows_of(order)
        event = self._approved(rows[0].said, rows[0].pos, rows[-1].version + 1, attempt, seconds, fields)
        (result,) = await self.world.append("risk", event)
        assert result.code == "appended", result

    def _approved(
        self, asked: o.OrderRequested, pos: int, version: int, attempt: int, seconds: float, fields: Mapping[str, Any]
    ) -> NewEvent:
        data = approved(
            order=asked.order,
            attempt=attempt,
            state_pos=pos,
            signal=asked.signal,
            account=self.name,
            expires_at=now() + int(seconds * 1_000_000),
            **{
                "symbol": asked.symbol,
                "side": asked.side,
                "quantity": asked.quantity,
                "order_type": asked.order_type,
                "limit_price": asked.limit_price,
                "time_in_force": asked.time_in_force,
                "price": asked.price,
                "stop_price": asked.stop_price,
                "trail_amount": asked.trail_amount,
                "trail_percent": asked.trail_percent,
                "extended_hours": asked.extended_hours,
                "build": build_id(),
                **fields,
            },
        )
        event_id = ids.decision_uuid(asked.order, "OrderApproved", attempt)
        return new_event(f"order-{asked.order}", version, event_id, data, time=now(), correlation=asked.signal)

    async def place(self, *, seconds: float = 60, **fields: Any) -> str:
        """Requests and approves an order."""
        order = await self.request(**fields)
        await self.approve(order, seconds=seconds)
        return order

    async def place_many(self, count: int, **fields: Any) -> list[str]:
        """Requests and approves many orders at once."""
        made = [self._requested(fields) for _ in range(count)]
        asked = await self.world.append("ingest", *(event for _, event in made))
        events = [
            self._approved(decode_requested(event.data), result.positions[0], 2, 1, 60, {})
            for (_, event), result in zip(made, asked, strict=True)
        ]
        results = await self.world.append("risk", *events)
        assert {result.code for result in (*asked, *results)} == {"appended"}
        return [order for order, _ in made]

    async def lapse(self, order: str) -> None:
        """Lapses an approval that was not sent, as risk does."""
        rows = await self.rows_of(order)
        data = o.OrderLapsed(order=order, reason="APPROVAL_EXPIRED")
        event_id = ids.decision_uuid(order, "OrderLapsed", 1)
        event = new_event(f"order-{order}", rows[-1].version + 1, event_id, data, time=now(), correlation=None)
        (result,) = await self.world.append("risk", event)
        assert result.code == "appended", result

    async def cancel(self, order: str) -> None:
        """Asks for the end of an order, as ingest does for a person."""
        data = o.OrderCancelRequested(order=order, by="person:anna", reason="test", request=uuid4().hex)
        event_id = ids.command_uuid(data.request, "cancel")
        event = new_event(f"order-{order}", None, event_id, data, time=now(), correlation=None)
        (result,) = await self.world.append("ingest", event)
        assert result.code == "appended", result

    async def halt(self, level: Any = "HALT", *, scope: str = "", request: str = "") -> None:
        """Throws the account's switch, or another's, in the log."""
        scope = scope or f"account.{self.name}"
        data = a.Halted(scope=scope, level=level, by="person:anna", reason="test", request=request or uuid4().hex)
        await self.world.switch(data)

    async def resume(self, *, scope: str = "") -> None:
        """Lifts the account's switch, or another's."""
        scope = scope or f"account.{self.name}"
        await self.world.switch(a.Resumed(scope=scope, by="person:anna", reason="test", request=uuid4().hex))

    async def as_router(self, *events: NewEvent) -> None:
        """Appends under the lease that the account's router holds or last held, what it did not learn itself."""
        fence = Fence(f"router-{self.name}", (await self.leases("LeaseGranted"))[-1].said.epoch)
        bus = await self.world.bus("router")
        appender = Appender(bus, self.world.engines.shard, "router")
        for result in await appender.append([Command((event,)) for event in events], fence):
            assert result.code == "appended", result

    async def leases(self, *types: str) -> list[Row]:
        """What became of the router's lease."""
        return await self.world.rows(*types, stream=f"lease-router-{self.name}")

    async def trade_past_the_router(self, quantity: str, **fields: Any) -> None:
        """A submit at the broker that no signal of ours caused."""
        request = OrderRequest(
            client_order_id=uuid4().hex,
            order=str(uuid4()),
            side="buy",
            quantity=Decimal(quantity),
            **{"symbol": self.symbol, "reference_price": Decimal(100), **fields},
        )
        await (await self.broker()).submit(request)

    # The log

    async def rows_of(self, order: str) -> list[Row]:
        """The events of an order."""
        return await self.world.rows(stream=f"order-{order}")

    async def story(self, order: str) -> list[str]:
        """The types of an order's events, in order."""
        return [row.type for row in await self.rows_of(order)]

    async def said(self, *types: str) -> list[Any]:
        """What events of some types say that are about this account, in order."""
        return [row.said for row in await self.about(*types)]

    async def about(self, *types: str) -> list[Row]:
        """Events of some types that are about this account, in order."""
        rows = await self.world.rows()
        ours = {f"order-{row.said.order}" for row in rows if row.type == "OrderRequested" and _about(row.said, self)}
        return [row for row in rows if row.type in types and (row.stream in ours or _about(row.said, self))]

    async def until(self, order: str, *types: str) -> list[str]:
        """Waits until an order's events have come to hold all `types`; returns its story."""

        async def there() -> bool:
            return set(types) <= set(await self.story(order))

        try:
            await soon(there)
        except AssertionError:
            raise AssertionError(f"{types} did not come: {await self.story(order)}") from None
        return await self.story(order)

    async def until_said(self, kind: str, count: int = 1) -> list[Any]:
        """Waits for `count` events of a type about this account."""

        async def there() -> bool:
            return len(await self.said(kind)) >= count

        await soon(there)
        return await self.said(kind)

    def received(self) -> list[str]:
        """The client order ids that the broker received for this account, in order."""
        lines = [msgspec.json.decode(line) for line in (self.world.journal / "journal.jsonl").read_bytes().splitlines()]
        return [
            line["order"]["client_order_id"]
            for line in lines
            if line["kind"] == "received" and line["account"] == self.name
        ]


def _about(said: Struct, account: Account) -> bool:
    return account.name in {getattr(said, "account", ""), getattr(said, "scope", "").removeprefix("account.")}
