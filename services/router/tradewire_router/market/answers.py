"""Answers questions for bars from the account's store, while this process is the account's router."""

import asyncio
import contextlib

from tradewire import subjects
from tradewire.bus import Bus, Message
from tradewire.errors import InvalidValue, Unavailable
from tradewire.messages.bars import BarsPage, BarsRefused, encode, read_question
from tradewire_router.market.store import BarStore

MOST_AT_ONCE = 20


class BarAnswers:
    """The door for questions; what comes while many are being answered stays without an answer, and is asked again."""

    def __init__(self, bus: Bus, shard: str, account: str, broker: str, store: BarStore) -> None:
        self._bus, self._subject = bus, subjects.bars_query(shard, account)
        self._account, self._broker, self._store = account, broker, store
        self._answering: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Listens until it is cancelled."""
        listening = await self._bus.subscribe(self._subject, self._hear)
        try:
            await asyncio.Event().wait()
        finally:
            await listening.stop()

    def _hear(self, message: Message) -> None:
        if message.reply and len(self._answering) < MOST_AT_ONCE:
            task = asyncio.get_running_loop().create_task(self._answer(message))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)

    async def _answer(self, message: Message) -> None:
        reply: BarsPage | BarsRefused
        try:
            asked = read_question(message.data)
        except InvalidValue as error:
            reply = BarsRefused(code=error.code, message=error.message, expected=error.expected)
        else:
            before = {} if asked.before is None else {"before": asked.before}
            bars = await self._store.read(asked.symbol, asked.timeframe, asked.count, **before)
            reply = BarsPage(
                account=self._account,
                broker=self._broker,
                symbol=asked.symbol,
                timeframe=asked.timeframe,
                bars=tuple(bars),
            )
        with contextlib.suppress(Unavailable):
            await self._bus.publish(message.reply, encode(reply))
