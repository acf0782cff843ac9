"""A hop: fetch, turn each message into the next ones, publish, wait for the PubAcks, acknowledge."""

from collections.abc import Callable

from bench.floor.idiomatic.wire import Message, decode, fetch, publish, subscribe
from bench.role import Access, Report, Run, Tasks, connect


class Hop:
    """A role between two subjects."""

    def __init__(self, name: str, consumes: str, work: Callable[[Message], list[Message]]) -> None:
        self._name, self._consumes, self._work = name, consumes, work

    async def open(self, access: Access, tasks: Tasks) -> None:
        """Connects and starts the loop."""
        client = await connect(access, self._name, tasks)
        self._streams = client.jetstream()
        self._subscription = await subscribe(self._streams, self._name, f"floor.{self._consumes}")
        tasks.create_task(self._loop())

    async def begin(self, run: Run) -> None:
        """Nothing to prepare."""

    async def finish(self) -> Report:
        """Nothing to report: the ledger knows the end."""
        return Report()

    async def _loop(self) -> None:
        while True:
            messages = await fetch(self._subscription)
            if not messages:
                continue
            await publish(self._streams, [made for message in messages for made in self._work(decode(message.data))])
            for message in messages:
                await message.ack()
