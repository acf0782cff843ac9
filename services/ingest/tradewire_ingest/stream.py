"""The SIGNALS stream as it must be, and ingest's place in it.

A signal is acknowledged to its publisher by this stream, so its settings are part of the promise: on disk, nothing
discarded, nothing deleted. A stream that exists with other settings is refused, because nobody knows who relies on
them. Its size alone follows `ingest.stream_max_bytes`, and its replicas `nats.replicas`.
"""

import asyncio
from typing import Any
from uuid import uuid4

from msgspec import Struct

from tradewire import subjects
from tradewire.bus import Bus, JetStreamError
from tradewire.errors import ConfigError

MAX_AGE_SECONDS = 7 * 86_400
DUPLICATE_WINDOW_MILLISECONDS = 100
"""The least that JetStream takes. Its message ids are shared by all senders and say nothing of a message's content, so
that one strategy's id could swallow another's signal; the ledger knows (strategy, id) and the content for ever."""
ACK_WAIT_SECONDS = 30
MAX_ACK_PENDING = 2_000

_STREAM = subjects.SIGNALS_STREAM
_NO_STREAM = 10059
_NAME_IN_USE = 10058
_CANNOT_UPDATE = 10012
_NANO = 1_000_000_000
_OVERDUE_SECONDS = 0.05
_LOOK_SECONDS = 0.3
"""The server looks 0.1 s after the change."""


class Seen(Struct, frozen=True):
    """What a stream says of itself: the random name it was made with, its last sequence, and how full it is."""

    instance: str
    last_sequence: int
    bytes: int
    max_bytes: int


def consumer_name(shard: str) -> str:
    """The durable consumer of a shard's ingest."""
    return f"ingest-{shard}"


def wanted(max_bytes: int) -> dict[str, Any]:
    """The settings that the stream must have; `max_bytes` bounds what it keeps."""
    return {
        "name": _STREAM,
        "subjects": [subjects.SIGNALS_SUBJECTS],
        "retention": "limits",
        "storage": "file",
        "discard": "new",
        "max_bytes": max_bytes,
        "max_msgs": -1,
        "max_msgs_per_subject": -1,
        "max_age": MAX_AGE_SECONDS * _NANO,
        "max_msg_size": -1,
        "duplicate_window": DUPLICATE_WINDOW_MILLISECONDS * 1_000_000,
        "deny_delete": True,
        "deny_purge": True,
        "allow_direct": True,
        "sealed": False,
        "no_ack": False,
    }


async def ensure_stream(bus: Bus, max_bytes: int, replicas: int = 1) -> Seen:
    """Makes the stream if it is missing, sets its size and its replicas, and verifies the rest.

    Raises:
        ConfigError: it exists with other settings.
        Unavailable: JetStream does not answer.
    """
    must = wanted(max_bytes)
    try:
        info = await bus.api(f"STREAM.INFO.{_STREAM}")
    except JetStreamError as error:
        if error.code != _NO_STREAM:
            raise
        info = await _create(bus, {**must, "num_replicas": replicas})
    config = info["config"]
    for key, value in must.items():
        found = config.get(key, False if isinstance(value, bool) else None)
        if key != "max_bytes" and found != value:
            raise ConfigError(
                f"stream {_STREAM}: {key}",
                f"is {found!r} and must be {value!r}",
                f"Set it with `nats stream edit {_STREAM}`, or remove the stream once every signal in it is received.",
            )
    follows = {"max_bytes": max_bytes, "num_replicas": replicas}
    if any(config[key] != value for key, value in follows.items()):
        info = await bus.api(f"STREAM.UPDATE.{_STREAM}", {**config, **follows})
    if not _seen(info).instance:
        raise ConfigError(
            f"stream {_STREAM}: metadata.instance",
            "is missing, so that the loss of the stream could not be noticed",
            f"Give it one with `nats stream edit {_STREAM} --metadata instance=<any random text>`.",
        )
    return _seen(info)


async def look(bus: Bus) -> Seen:
    """What the stream says of itself now.

    Raises:
        Unavailable: JetStream does not answer, or there is no stream.
    """
    return _seen(await bus.api(f"STREAM.INFO.{_STREAM}"))


def _seen(info: dict[str, Any]) -> Seen:
    config, state = info["config"], info["state"]
    instance = config.get("metadata", {}).get("instance", "")
    return Seen(instance, state["last_seq"], state["bytes"], config["max_bytes"])


async def _create(bus: Bus, must: dict[str, Any]) -> dict[str, Any]:
    try:
        return await bus.api(f"STREAM.CREATE.{_STREAM}", {**must, "metadata": {"instance": uuid4().hex}})
    except JetStreamError as error:
        if error.code != _NAME_IN_USE:
            raise
        return await bus.api(f"STREAM.INFO.{_STREAM}")  # another ingest made it in this moment


async def ensure_consumer(bus: Bus, shard: str, *, ack_wait: float = ACK_WAIT_SECONDS) -> int:
    """Makes the shard's durable consumer, or sets it right; returns how many messages somebody has not acknowledged.

    Raises:
        ConfigError: it exists with settings that cannot be changed.
        Unavailable: JetStream does not answer.
    """
    name = consumer_name(shard)
    config = {
        "durable_name": name,
        "name": name,
        "ack_policy": "explicit",
        "ack_wait": int(ack_wait * _NANO),
        "max_deliver": -1,
        "max_ack_pending": MAX_ACK_PENDING,
        "deliver_policy": "all",
        "replay_policy": "instant",
    }
    try:
        info = await bus.api(f"CONSUMER.CREATE.{_STREAM}.{name}", {"stream_name": _STREAM, "config": config})
    except JetStreamError as error:
        if error.code != _CANNOT_UPDATE:
            raise
        raise ConfigError(
            f"consumer {name} of stream {_STREAM}",
            f"cannot be what it must be: {error.description}",
            f"Remove it with `nats consumer rm {_STREAM} {name}`; every signal is then read again, which is safe.",
        ) from None
    return int(info["num_ack_pending"])


async def take_over(bus: Bus, shard: str) -> None:
    """Makes the consumer, and has what was delivered to a dead process or link delivered again at once.

    Only the holder of the lease may do so: nobody else works on the consumer. The server looks at once for what is
    overdue when the wait for acknowledgements is shortened; left alone it would wait so long that signals grow stale.

    Raises:
        ConfigError, Unavailable: as `ensure_consumer`.
    """
    if await ensure_consumer(bus, shard):
        await ensure_consumer(bus, shard, ack_wait=_OVERDUE_SECONDS)
        await asyncio.sleep(_LOOK_SECONDS)
        await ensure_consumer(bus, shard)
