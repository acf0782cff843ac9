"""The replay over a real nats-server: what it publishes, and what it waits for."""

import asyncio
from datetime import date
from decimal import Decimal
from io import StringIO

import pytest
from rich.console import Console

from tests.unit.replay.conftest import Connect, settle
from tradewire.bus import Bus, Message
from tradewire.errors import Unavailable
from tradewire.messages.quotes import Quote, decode_quote
from tradewire_cli.replay.bar import progress_bar
from tradewire_cli.replay.feed import Progress, Work, replay
from tradewire_cli.replay.prices import Day

D = Decimal
DAYS = [
    Day(date(2004, 1, 2), {"AAPL": D("21.28"), "IBM": D("91.55")}),
    Day(date(2004, 1, 5), {"AAPL": D("22.17"), "IBM": D("93.05")}),
    Day(date(2004, 1, 6), {"AAPL": D("22.09"), "IBM": D("93.06")}),
]


async def nothing_to_do() -> Work:
    return Work()


class Listener:
    """Hears quotes as a strategy does, and answers by itself or leaves it to the test."""

    def __init__(self, bus: Bus, *, answers: bool) -> None:
        self.bus, self.answers, self.heard = bus, answers, list[tuple[str, Quote]]()
        self.tasks = set[asyncio.Task[None]]()
        self.unanswered: asyncio.Queue[str] = asyncio.Queue()

    async def listen(self) -> None:
        await self.bus.subscribe("quotes.>", self.take)
        await settle(self.bus)

    def take(self, message: Message) -> None:
        self.heard.append((message.subject, decode_quote(message.data)))
        if message.reply and self.answers:
            self.tasks.add(asyncio.create_task(self.bus.publish(message.reply, b"")))
        elif message.reply:
            self.unanswered.put_nowait(message.reply)


async def listener(connect: Connect, *, answers: bool = False) -> Listener:
    heard = Listener(await connect("risk"), answers=answers)
    await heard.listen()
    return heard


async def test_each_close_is_a_quote_on_its_symbol_s_subject(connect: Connect) -> None:
    listening = await listener(connect, answers=True)
    progress: list[Progress] = []
    feed = await connect("feed")

    end = await replay(feed, DAYS, caught_up=nothing_to_do, on_progress=progress.append, answers=1)

    assert listening.heard == [
        (f"quotes.replay.{symbol}", Quote(symbol, day.at, bid=close, ask=close, last=close))
        for day in DAYS
        for symbol, close in day.closes.items()
    ]
    assert [(p.day, p.number, p.days, p.quotes) for p in progress] == [
        (date(2004, 1, 2), 1, 3, 2),
        (date(2004, 1, 5), 2, 3, 4),
        (date(2004, 1, 6), 3, 3, 6),
    ]
    assert end == progress[-1]


async def test_prices_travel_as_text_and_time_as_microseconds(connect: Connect) -> None:
    bodies: list[bytes] = []
    risk, feed = await connect("risk"), await connect("feed")
    await risk.subscribe("quotes.>", lambda message: bodies.append(message.data))
    await settle(risk)
    await replay(feed, DAYS[:1], caught_up=nothing_to_do, on_progress=lambda _: None)
    await settle(feed, risk)

    assert (
        bodies[0]
        == b'{"symbol":"AAPL","at":1073077200000000,"bid":"21.28","ask":"21.28","last":"21.28","delayed":false}'
    )


async def test_the_next_day_waits_until_the_system_has_caught_up(connect: Connect) -> None:
    listening, feed = await listener(connect), await connect("feed")
    asked, go_on = asyncio.Semaphore(0), asyncio.Semaphore(0)

    async def caught_up() -> Work:
        asked.release()
        await go_on.acquire()
        return Work()

    running = asyncio.create_task(replay(feed, DAYS, caught_up=caught_up, on_progress=lambda _: None))
    for number in (1, 2, 3):
        await asked.acquire()
        await settle(feed, listening.bus)
        assert len(listening.heard) == 2 * number
        go_on.release()
    await running


async def test_the_next_day_waits_until_every_strategy_has_answered(connect: Connect) -> None:
    await listener(connect, answers=True)
    slow, feed = await listener(connect), await connect("feed")
    days: list[date] = []

    running = asyncio.create_task(
        replay(feed, DAYS, caught_up=nothing_to_do, on_progress=lambda p: days.append(p.day), answers=2)
    )
    for number in (1, 2, 3):
        reply = await slow.unanswered.get()
        assert len(slow.heard) == 2 * number
        assert len(days) == number - 1
        await slow.bus.publish(reply, b"")
    await running


async def test_a_strategy_that_does_not_answer_is_reported(connect: Connect) -> None:
    await listener(connect)
    feed = await connect("feed")

    with pytest.raises(Unavailable, match=r"0 of 1 strategies answered the quotes of 2004-01-02 within 0.2 s"):
        await replay(feed, DAYS, caught_up=nothing_to_do, on_progress=lambda _: None, answers=1, answer_timeout=0.2)


async def test_start_and_end_are_included_and_an_empty_range_is_none(connect: Connect) -> None:
    listening, feed = await listener(connect, answers=True), await connect("feed")

    one = await replay(
        feed,
        DAYS,
        caught_up=nothing_to_do,
        on_progress=lambda _: None,
        start=date(2004, 1, 3),
        end=date(2004, 1, 5),
        answers=1,
    )
    none = await replay(
        feed, DAYS, caught_up=nothing_to_do, on_progress=lambda _: None, start=date(2020, 1, 1), answers=1
    )

    assert one == Progress(date(2004, 1, 5), 1, 1, 2, Work())
    assert none is None
    assert {quote.at for _, quote in listening.heard} == {DAYS[1].at}


def test_the_bar_shows_the_day_and_what_happened() -> None:
    screen = StringIO()
    with progress_bar(Console(file=screen, force_terminal=True, width=120)) as move:
        move(Progress(date(2013, 3, 1), 3270, 3270, 12_154, Work(signals=255, orders=222)))

    shown = screen.getvalue()
    for part in ("2013-03-01", "3270/3270", "12,154 quotes", "255 signals", "222 orders"):
        assert part in shown
