"""Whether a nats-server that answers also keeps what it is given: a real publish, and what it says of its streams.

A server whose disk was full goes on answering pings, keeps its connections and takes no publish to the stream that met
the full disk; its publishers see time-outs. That lasts after there is space again, until the server is started anew.
The failure sticks to the stream, so a stream of the probe's own shows a disk that takes nothing, and the server's own
word at /healthz the streams that are broken.
"""

import asyncio
from typing import Final

import msgspec

from tradewire.bus import Bus, JetStreamError
from tradewire.errors import ConfigError, TradewireError
from tradewire.settings import Nats
from tradewire_cli.engines import probe

STREAM: Final = "PROBE"
SUBJECT: Final = "probe.publish"
PUBLISH_SECONDS: Final = 5.0
_CONFIG: Final = {
    "name": STREAM,
    "subjects": [SUBJECT],
    "storage": "file",
    "retention": "limits",
    "discard": "old",
    "max_msgs": 1,
    "max_bytes": 65_536,
}
_DISABLED: Final = frozenset({10039, 10076})
"""JetStream has switched itself off."""


class _Health(msgspec.Struct):
    error: str = ""


async def problem(settings: Nats, monitor_port: int) -> str:
    """Returns why the server cannot be relied on to keep what is published, or nothing. Never raises for its faults.

    `settings` are those of a user that may make the stream and publish to it; `monitor_port` is on loopback.
    """
    answer = await probe.get("127.0.0.1", monitor_port, "/healthz")
    if answer is None:
        return "does not answer at its monitor"
    if answer[0] != 200:
        return _said(answer[1])
    try:
        async with asyncio.timeout(PUBLISH_SECONDS):
            await _publish(settings)
    except ConfigError:
        return ""  # a secret of ours is missing or wrong, which another start of the server would not change
    except TimeoutError:
        return f"does not acknowledge a publish within {PUBLISH_SECONDS:g} s"
    except (TradewireError, msgspec.DecodeError) as error:
        return f"takes no publish: {error}"
    return ""


async def _publish(settings: Nats) -> None:
    """Publishes one message and waits until it is stored. Raises Unavailable."""
    bus = await Bus.connect(settings, "probe")
    try:
        if not await _stream_is_there(bus):
            return
        answer = await bus.request(SUBJECT, b"", timeout=PUBLISH_SECONDS)
    finally:
        await bus.close()
    if error := msgspec.json.decode(answer.data).get("error"):
        raise JetStreamError(error.get("err_code", 0), error.get("description", ""))


async def _stream_is_there(bus: Bus) -> bool:
    """Makes the stream; False where the server will have no more streams, which another start would not change."""
    try:
        await bus.api(f"STREAM.CREATE.{STREAM}", _CONFIG)
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
