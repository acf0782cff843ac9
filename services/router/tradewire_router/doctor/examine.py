"""Asks a broker everything that the doctor wants to know, through the port, in a session of its own."""

import asyncio
import time
from collections.abc import Awaitable
from contextlib import suppress
from typing import TypeVar

from msgspec import Struct

from tradewire.errors import ConfigError
from tradewire.messages.quotes import Quote
from tradewire.settings import Settings
from tradewire_router.brokers.errors import BrokerError, BrokerTimeoutError
from tradewire_router.brokers.opening import open_broker
from tradewire_router.brokers.port import Broker
from tradewire_router.brokers.values import Account, Capabilities, Hours, Instrument

SECONDS = 10.0
T = TypeVar("T")


class Told(Struct, frozen=True):
    """The broker's clock when it answered and ours, before and after (µs)."""

    theirs: int
    before: int
    after: int


class Examined(Struct, frozen=True):
    """The answers, or the errors instead of them. What was not asked because of an error before is None."""

    broker: str
    symbol: str
    refused: ConfigError | None = None
    capabilities: Capabilities | None = None
    has_environments: bool = False
    session: BrokerError | None = None
    account: Account | BrokerError | None = None
    clock: Told | BrokerError | None = None
    instrument: Instrument | BrokerError | None = None
    hours: Hours | BrokerError | None = None
    quote: Quote | BrokerError | None = None
    quoted: bool = False


async def examine(settings: Settings, account: str, symbol: str) -> Examined:
    """Opens a session for an account of the settings, asks, and closes it. Nothing is changed at the broker."""
    name = settings.accounts[account].broker
    try:
        broker = open_broker(settings, account)
    except ConfigError as error:
        return Examined(name, symbol, refused=error)
    try:
        return await _asked(broker, symbol)
    finally:
        with suppress(BrokerError):
            await broker.close()


async def _asked(broker: Broker, symbol: str) -> Examined:
    environments = any(field.name == "environment" for field in broker.config_fields())
    capabilities = broker.capabilities
    if capabilities.questions_need_session:
        session = await _answer(broker.connect())
        if isinstance(session, BrokerError):
            return Examined(
                broker.id, symbol, capabilities=capabilities, has_environments=environments, session=session
            )
    # The first question proves the key where no session does.
    account = await _answer(broker.account_info())
    clock, instrument, hours, quote = await asyncio.gather(
        _clock(broker),
        _answer(broker.instrument(symbol)),
        _answer(broker.hours(symbol)),
        _answer(broker.quote(symbol)),
    )
    return Examined(
        broker.id,
        symbol,
        capabilities=capabilities,
        has_environments=environments,
        account=account,
        clock=clock,
        instrument=instrument,
        hours=hours,
        quote=quote,
        quoted=True,
    )


async def _clock(broker: Broker) -> Told | BrokerError:
    before = _now()
    theirs = await _answer(broker.clock())
    return theirs if isinstance(theirs, BrokerError) else Told(theirs, before, _now())


async def _answer(question: Awaitable[T]) -> T | BrokerError:
    try:
        async with asyncio.timeout(SECONDS):
            return await question
    except BrokerError as error:
        return error
    except TimeoutError:
        return BrokerTimeoutError(f"no answer in {SECONDS:g} s")
    except Exception as error:  # noqa: BLE001 - whatever an adapter raises, it has not answered
        return BrokerError(f"{type(error).__name__}: {error}")


def _now() -> int:
    return time.time_ns() // 1000
