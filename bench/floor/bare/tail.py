"""The log as it grows: frames as plain messages, checked by number."""

from collections.abc import Callable

from nats.aio.client import Client
from nats.aio.msg import Msg

from bench.floor.bare.subjects import LOG_SUBJECT
from tradewire.messages.log import Frame, decode_frame


class GapError(Exception):
    """A frame did not come. On the loopback that is a failed run, not something to recover from."""


class Tail:
    """Calls `handle` with every frame, in order and without a gap."""

    def __init__(self, handle: Callable[[Frame], None]) -> None:
        self._handle = handle
        self._frame = 0

    async def open(self, client: Client) -> None:
        """Subscribes; the log must be empty."""
        await client.subscribe(LOG_SUBJECT, cb=self._on_message)
        await client.flush()

    async def _on_message(self, message: Msg) -> None:
        frame = decode_frame(message.data)
        if frame.frame != self._frame + 1:
            raise GapError(f"frame {frame.frame} came after {self._frame}")
        self._frame = frame.frame
        self._handle(frame)
