"""What a client of NATS hears, duplicated, reordered and late: each message by itself, whole."""

import asyncio
from collections.abc import Callable
from random import Random

_REPEATS = 9
_SOON_SECONDS = 0.05


class NatsMangler:
    """For one connection: messages come `1 + _REPEATS` times at most, some late, some before those that came first.

    `count` is told of each message that was not simply passed on. What is no message (PING, INFO, …) passes as it is.
    """

    def __init__(self, random: Random, count: Callable[[], None], *, late_seconds: float) -> None:
        self._random, self._count, self._late = random, count, late_seconds
        self._rest = b""

    def hear(self, data: bytes, say: Callable[[bytes], None]) -> None:
        """Cuts the stream into operations and treats each message by chance."""
        self._rest += data
        while (operation := self._next()) is not None:
            if operation.startswith((b"MSG ", b"HMSG ")):
                self._treat(operation, say)
            else:
                say(operation)

    def _next(self) -> bytes | None:
        end = self._rest.find(b"\r\n") + 2
        if end < 2:
            return None
        if self._rest.startswith((b"MSG ", b"HMSG ")):
            end += int(self._rest[: end - 2].rsplit(b" ", 1)[1]) + 2
            if len(self._rest) < end:
                return None
        operation, self._rest = self._rest[:end], self._rest[end:]
        return operation

    def _treat(self, operation: bytes, say: Callable[[bytes], None]) -> None:
        loop, chance = asyncio.get_running_loop(), self._random.random()
        if chance < 0.1:
            self._count()
            loop.call_later(self._random.uniform(0, _SOON_SECONDS), say, operation)  # others overtake it
            return
        say(operation)
        if chance < 0.3:
            self._count()
            for _ in range(self._random.randint(1, _REPEATS)):
                loop.call_later(self._random.uniform(0, _SOON_SECONDS), say, operation)
        elif chance < 0.35:
            self._count()
            loop.call_later(self._random.uniform(0, self._late), say, operation)
