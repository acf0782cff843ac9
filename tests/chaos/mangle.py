"""What a client of NATS hears, duplicated, reordered and late: each message by itself, whole."""

import asyncio
from collections.abc import Callable
from random import Random

_REPEATS = 9
_SOON_SECONDS = 0.05
_LATE_SECONDS = 3.0


class Mangling:
    """Shared by the connections of a system. While `active`, a third of all messages is treated; `treated` counts."""

    def __init__(self) -> None:
        self.active = False
        self.treated = 0
        self.random = Random(0)

    def connection(self) -> "NatsMangler":
        """A mangler for a new connection."""
        return NatsMangler(self)


class NatsMangler:
    """One connection. A message may come up to ten times, after those that followed it, and again much later.

    What is no message (PING, INFO, …) passes as it is.
    """

    def __init__(self, mangling: Mangling) -> None:
        self._mangling = mangling
        self._rest = b""

    def hear(self, data: bytes, say: Callable[[bytes], None]) -> None:
        """Cuts the stream into operations and treats each message by chance."""
        self._rest += data
        while (operation := self._next()) is not None:
            if self._mangling.active and operation.startswith((b"MSG ", b"HMSG ")):
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
        loop, random = asyncio.get_running_loop(), self._mangling.random
        chance = random.random()
        if chance < 0.1:
            self._mangling.treated += 1
            loop.call_later(random.uniform(0, _SOON_SECONDS), say, operation)  # others overtake it
            return
        say(operation)
        if chance < 0.3:
            self._mangling.treated += 1
            for _ in range(random.randint(1, _REPEATS)):
                loop.call_later(random.uniform(0, _SOON_SECONDS), say, operation)
        elif chance < 0.35:
            self._mangling.treated += 1
            loop.call_later(random.uniform(0, _LATE_SECONDS), say, operation)
