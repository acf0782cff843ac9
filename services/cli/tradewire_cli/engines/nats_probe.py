"""Whether a nats-server that answers also keeps what it is given: a real publish, and what it says of its streams.

A server whose disk was full goes on answering pings, keeps its connections and takes no publish to the stream that met
the full disk; its publishers see time-outs. That lasts after there is space again, until the server is started anew.
The failure sticks to the stream, so a stream of the probe's own shows a disk that takes nothing, and the server's own
word at /healthz the streams that are broken. What lies with others is no reason to start this server anew: a quorum
that is lost, a copy that catches up, a certificate that has ended, a key that the server does not know (yet).
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
from tradewire_cli.engines.verdict import WELL, Verdict

STREAM: Final = "PROBE"
SUBJECT: Final = "probe.publish"
PUBLISH_SECONDS: Final = 5.0
_DISABLED: Final = frozenset({10039, 10076})
"""JetStream has switched itself off."""
_BROKEN: Final = "write error"
"""What the server says of a stream that takes nothing any more, alone and in a cluster."""

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


async def look(
    settings: Nats,
    monitor_port: int,
    place: Place = Place(),  # noqa: B008 - it is frozen
    timed: Timed = nullcontext,
) -> Verdict:
    """Returns whether the server can be relied on to keep what is published. Never raises for its faults.

    `settings` are those of a user that may make the stream and publish to it; `monitor_port` is on loopback. `timed`
    goes around each publish.
    """
    unhealthy = await _health(monitor_port)
    if unhealthy.restart:
        return unhealthy
    published = await _tried(settings, place, timed)
    return published if published.restart or not unhealthy.problem else unhealthy


async def _health(monitor_port: int) -> Verdict:
    """What the server says of itself; the disk of a server without a quorum can still be told by a publish."""
    answer = await probe.get("127.0.0.1", monitor_port, "/healthz")
    if answer is None:
        return Verdict("does not answer at its monitor", restart=True)
    if answer[0] == 200:
        return WELL
    said = _said(answer[1])
    enabled = await probe.get("127.0.0.1", monitor_port, "/healthz?js-enabled-only=true")
    return Verdict(said, restart=_BROKEN in said or enabled is None or enabled[0] != 200)


async def _tried(settings: Nats, place: Place, timed: Timed) -> Verdict:
    """Whether a message is stored. What fails before there is a connection is not the disk's."""
    waits: list[str] = []
    connected = False
    try:
        async with asyncio.timeout(PUBLISH_SECONDS):
            bus = await Bus.connect(settings, "probe", waits.append)
            connected = True
            try:
                await _publish(bus, place, timed)
            finally:
                await bus.close()
    except ConfigError:
        return WELL  # a secret of ours is missing or wrong, of which clients notice nothing
    except TimeoutError:
        said = f"does not acknowledge a publish within {PUBLISH_SECONDS:g} s" + "".join(f": {w}" for w in waits[-1:])
        return Verdict(said, restart=connected)
    except (TradewireError, msgspec.DecodeError) as error:
        return Verdict(f"takes no publish: {error}", restart=connected)
    return WELL


async def _publish(bus: Bus, place: Place, timed: Timed) -> None:
    """Publishes one message and waits until it is stored. Raises Unavailable."""
    try:
        await _store(bus, place, timed)
    except NobodyListens:
        if await _made(bus, place):
            await _store(bus, place, timed)


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
