"""What a trial sees of the broker: a session of its own that only asks. The account's router alone sends orders."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from typing import Final, TypeVar

from tradewire.settings import Settings
from tradewire_router.brokers.errors import BrokerError, BrokerTimeoutError
from tradewire_router.brokers.opening import open_broker
from tradewire_router.brokers.port import Broker
from tradewire_router.brokers.results import Found, Lookup
from tradewire_router.brokers.values import TERMINAL, BrokerOrder

SECONDS: Final = 10.0
_PATIENCE_SECONDS: Final = 10.0
_AGAIN_SECONDS: Final = 1.0
T = TypeVar("T")


@asynccontextmanager
async def session(settings: Settings, account: str) -> AsyncIterator[Broker]:
    """A session that is closed at the end; a connection is made where the broker answers nothing without one.

    Raises:
        ConfigError: a setting is missing or wrong.
        BrokerError: the broker cannot be reached, or refuses us.
    """
    broker = open_broker(settings, account)
    try:
        if broker.capabilities.questions_need_session:
            await within(broker.connect())
        yield broker
    finally:
        with suppress(BrokerError):
            await broker.close()


async def within(question: Awaitable[T]) -> T:
    """An answer in time. Raises BrokerError, whatever it is that an adapter raises."""
    try:
        async with asyncio.timeout(SECONDS):
            return await question
    except BrokerError:
        raise
    except TimeoutError:
        raise BrokerTimeoutError(f"no answer in {SECONDS:g} s") from None
    except Exception as error:
        raise BrokerError(f"{type(error).__name__}: {error}") from error


async def shown_open(broker: Broker, client_order_id: str) -> BrokerOrder | None:
    """The order among those that the broker shows as open; to list what it has accepted may take it a moment."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                for order in await within(broker.open_orders()):
                    if order.client_order_id == client_order_id:
                        return order
                await asyncio.sleep(_AGAIN_SECONDS)
    return None


async def shown_ended(broker: Broker, client_order_id: str, symbol: str) -> Lookup:
    """What the broker says of the order once it is not open any more, or after a while all the same."""
    lookup = await within(broker.find_order(client_order_id, symbol))
    with suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while isinstance(lookup, Found) and lookup.order.status not in TERMINAL:
                await asyncio.sleep(_AGAIN_SECONDS)
                lookup = await within(broker.find_order(client_order_id, symbol))
    return lookup
