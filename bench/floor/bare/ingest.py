"""Turns signals into the first two events of an order, and acknowledges them when these are committed."""

import time
from collections.abc import Sequence

from msgspec import Raw
from nats.aio.client import Client
from nats.aio.msg import Msg

from bench.floor.bare.appender import append
from bench.floor.bare.events import SignalReceived, encode, requested
from bench.floor.bare.pull import Pull
from bench.floor.bare.subjects import INGEST, SIGNALS
from bench.floor.signal import decode_signal
from bench.role import Access, Report, Run, Tasks, connect, main
from tradewire.ids import decision_uuid, order_uuid, signal_uuid
from tradewire.messages.log import MAX_EVENTS, Command, NewEvent

_BATCH = MAX_EVENTS // 2
_IN_FLIGHT = 2


class Ingest:
    """The role `ingest`."""

    async def open(self, access: Access, tasks: Tasks) -> None:
        """Connects and starts the loop."""
        self._client: Client = await connect(access, "ingest", tasks)
        await self._client.jetstream().add_consumer(str(SIGNALS.name), INGEST)
        self._pull = Pull(self._client, str(SIGNALS.name), str(INGEST.durable_name))
        await self._pull.open()
        for _ in range(_IN_FLIGHT):
            tasks.create_task(self._loop())

    async def begin(self, run: Run) -> None:
        """Nothing to prepare."""

    async def finish(self) -> Report:
        """Nothing to report."""
        return Report()

    async def _loop(self) -> None:
        while True:
            messages = await self._pull.take(_BATCH)
            await append(self._client, "ingest", _commands(messages))
            # Cumulative: the sequencer takes the requests of a writer in order, so the earlier ones are committed too.
            await self._client.publish(messages[-1].reply)


def _commands(messages: Sequence[Msg]) -> list[Command]:
    now = time.time_ns() // 1000
    return [_command(message.data, now) for message in messages]


def _command(body: bytes, now: int) -> Command:
    signal = decode_signal(body)
    signal_id = signal_uuid("nats", signal.strategy, signal.id)
    order = order_uuid(signal_id, "paper", 0)
    received = NewEvent(
        f"signal-{signal_id}", 1, signal_id, "SignalReceived", 1, now, signal_id, None,
        Raw(encode(SignalReceived("nats", now, Raw(body)))),
    )  # fmt: skip
    request = NewEvent(
        f"order-{order}", 1, decision_uuid(order, "OrderRequested", 1), "OrderRequested", 1, now, signal_id, signal_id,
        Raw(encode(requested(signal, order, signal_id))),
    )  # fmt: skip
    return Command((received, request))


if __name__ == "__main__":
    main(Ingest())
