"""What people hear on core NATS: every event, once it is in the read model, in the order of the log."""

import asyncio
import time
from typing import Any

from tests.integration.reader.bench import Asker, Log, Tables, command, connected
from tests.processes import Child, child
from tests.unit.reader.histories import History
from tradewire.bus import Bus, Message
from tradewire.messages.answers import decode_public_event
from tradewire_cli.engines.testing import Engines


async def listening(engines: Engines, subject: str = "events.>") -> tuple[Bus, list[Message]]:
    """A person who hears events."""
    await engines.add_user("person-anna")
    person = await connected(engines, "person-anna")
    heard: list[Message] = []
    await person.subscribe(subject, heard.append)
    await person.flush()
    return person, heard


async def until_heard(heard: list[Message], count: int) -> None:
    async with asyncio.timeout(20):
        while len(heard) < count:
            await asyncio.sleep(0.02)


async def test_every_event_is_announced_in_order_on_the_subject_of_what_it_is_about(
    engines: Engines, reader: Child, log: Log
) -> None:
    person, heard = await listening(engines)
    history = History(1)
    history.begin()
    history.play(100)
    pos = await log.write(history)
    await until_heard(heard, pos)
    await person.close()

    stored = [event for frame in log.frames for event in frame.events]
    orders = log.naive().orders
    told = [decode_public_event(message.data) for message in heard]
    assert [one.pos for one in told] == list(range(1, pos + 1))
    for message, one, event in zip(heard, told, stored, strict=True):
        assert (one.type, one.stream, one.version, one.at) == (event.type, event.stream, event.version, event.at)
        assert bytes(one.data) == bytes(event.data)
        if order := orders.get(event.stream):
            assert (one.account, one.order, one.signal) == (order.account, order.order, order.signal)
        assert message.subject == f"events.main.{one.account or '-'}.{one.type}.{one.order or '-'}"
    assert "events.main.paper.CashMoved.-" in {message.subject for message in heard}


async def test_an_event_is_in_the_read_model_when_it_is_heard(
    engines: Engines, reader: Child, log: Log, tables: Tables
) -> None:
    person, heard = await listening(engines, "events.main.paper.OrderRequested.*")
    history = History()
    script = history.order("s-1")
    await log.write(history)
    await until_heard(heard, 1)
    assert await tables.connection.fetchval("select status from read.orders where order_id = $1", script.id)
    await person.close()


async def test_history_is_not_announced_again(engines: Engines, log: Log, asker: Asker, folder: Any) -> None:
    person, heard = await listening(engines)
    history = History(2)
    history.begin()
    history.play(30)
    await log.write(history, at=time.time_ns() // 1_000 - 120_000_000)
    async with child("tradewire_ledger.reader", engines, "reader", folder) as reader:
        await reader.until_ready()
        await asker.until(log.pos)
        assert (await command(engines, "rebuild"))[0] == 0
        script = history.order("now")
        pos = await log.write(history)
        await asker.until(pos)
        await until_heard(heard, 2)
    assert [decode_public_event(message.data).stream for message in heard] == [f"signal-{script.signal}", script.stream]
    await person.close()


async def test_what_happened_while_the_reader_was_away_is_announced_when_it_is_back(
    engines: Engines, log: Log, asker: Asker, folder: Any
) -> None:
    person, heard = await listening(engines)
    history = History(3)
    history.begin()
    pos = await log.write(history)
    async with child("tradewire_ledger.reader", engines, "reader", folder):
        await until_heard(heard, pos)
    assert [decode_public_event(message.data).pos for message in heard] == list(range(1, pos + 1))
    await person.close()
