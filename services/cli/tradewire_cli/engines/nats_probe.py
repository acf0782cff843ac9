"""Whether a nats-server that answers also keeps what it is given: a real publish, and what it says of its streams.

A server whose disk was full goes on answering pings, keeps its connections and takes no publish to the stream that met
the full disk; its publishers see time-outs. That lasts after there is space again, until the server is started anew.
The failure sticks to the stream, so a stream of the probe's own shows a disk that takes nothing, and the server's own
word at /healthz the streams that are broken.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

import msgspec

from tradewire.bus import Bus, JetStreamError, NobodyListens
from tradewire.errors import ConfigError, TradewireError
from tradewire.settings import Nats
from tradewire_cli.engines import probe

STREAM: Final = "PROBE"
SUBJECT: Final = "probe.publish"
PUBLISH_SECONDS: Final = 5.0
_DISABLED: Final = frozenset({10039, 10076})
"""JetStream has switched itself off."""

Timed = Callable[[], AbstractContextManager[object]]


class Place(msgspec.Struct, frozen=True):
    """The probe's own stream. `tag` is that of the one server of a cluster that is to hold it."""

    stream: str = STREAM
    subject: str = SUBJECT
    tag: str = ""

    @property
    def config(self) -> dict[str, Any]:
        """The stream: small, on disk, and on one server alone."""
        return {
            "name": self.stream,
            "subjects": [self.subject],
            "storage": "file",
            "retention": "limits",
            "discard": "old",
            "num_replicas": 1,
            "max_msgs": 1,
            "max_bytes": 65_536,
        } | ({"placement": {"tags": [self.tag]}} if self.tag else {})


class _Health(msgspec.Struct):
    error: str = ""


async def problem(
    settings: Nats,
    monitor_port: int,
    place: Place = Place(),  # noqa: B008 - it is frozen
    timed: Timed = nullcontext,
) -> str:
    """Returns why the server cannot be relied on to keep what is published, or nothing. Never raises for its faults.

    `settings` are those of a user that may make the stream and publish to it; `monitor_port` is on loopback. `timed`
    goes around each publish.
    """
    answer = await probe.get("127.0.0.1", monitor_port, "/healthz")
    if answer is None:
        return "does not answer at its monitor"
    if answer[0] != 200:
        return _said(answer[1])
    waits: list[str] = []
    try:
        async with asyncio.timeout(PUBLISH_SECONDS):
            await _publish(settings, place, timed, waits.append)
    except ConfigError:
        return ""  # a secret of ours is missing or wrong, which another start of the server would not change
    except TimeoutError:
        return f"does not acknowledge a publish within {PUBLISH_SECONDS:g} s" + "".join(f": {w}" for w in waits[-1:])
    except (TradewireError, msgspec.DecodeError) as error:
        return f"takes no publish: {error}"
    return ""


async def _publish(settings: Nats, place: Place, timed: Timed, tell: Callable[[str], None]) -> None:
    """Publishes one message and waits until it is stored. Raises Unavailable."""
    bus = await Bus.connect(settings, "probe", tell)
    try:
        try:
            await _store(bus, place, timed)
        except NobodyListens:
            if await _made(bus, place):
                await _store(bus, place, timed)
    finally:
        await bus.close()


async def _store(bus: Bus, place: Place, timed: Timed) -> None:
    with timed():
        answer = await bus.request(place.subject, b"alive", timeout=PUBLISH_SECONDS)
    if error := msgspec.json.decode(answer.data).get("error"):
        raise JetStreamError(error.get("err_code", 0), error.get("description", ""))


async def _made(bus: Bus, place: Place) -> bool:
    """Makes the stream; False where the server will have no more streams, which another start would not change."""
    try:
        await bus.api(f"STREAM.CREATE.{place.stream}", place.config)
    except JetStreamError as error:
        if error.code in _DISABLED:
            raise
        return False
    return True


def _said(body: bytes) -> str:
    try:
        error = msgspec.json.decode(body, type=_Health).error
    except msgspec.DecodeError:
        error = ""
    return f"is not healthy: {error}" if error else "is not healthy"
