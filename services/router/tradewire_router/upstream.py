"""Listens for risk's beats: whether one that decides is there, and of which build it is."""

import time

import msgspec

from tradewire import subjects
from tradewire.bus import Bus, Message
from tradewire.messages.beats import decode_service_beat
from tradewire_router.domain import gates


class Upstream:
    """What was heard of risk. A router that has just started counts it as just heard."""

    def __init__(self, build: str) -> None:
        """`build` is this router's own."""
        self._build = build
        self._theirs = build
        self._heard_at = time.monotonic()
        self._idle = ""

    async def listen(self, bus: Bus, shard: str) -> None:
        """Listens from now on."""
        await bus.subscribe(subjects.heartbeat("risk", shard), self.hear)

    def hear(self, message: Message) -> None:
        """Takes a beat. One of a process that does not decide is no sign that anybody does."""
        try:
            beat = decode_service_beat(message.data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        if beat.decides:
            self._heard_at, self._theirs, self._idle = time.monotonic(), beat.build, ""
        else:
            self._idle = beat.instance

    def lost(self, most: float) -> str:
        """Why nothing new may be sent when risk may be silent for up to `most` seconds, or nothing."""
        return gates.risk(age=time.monotonic() - self._heard_at, most=most, idle=self._idle)

    def mismatch(self) -> str:
        """Why what the risk that was heard last approves is not sent, or nothing."""
        return gates.build("risk is", self._theirs, self._build)
