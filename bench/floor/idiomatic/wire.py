"""The messages of the idiomatic floor, and the two steps that every hop shares: fetch, and publish with acks."""

import asyncio
from collections.abc import Iterable

import msgspec
from msgspec import Struct
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, Header, StreamConfig

from bench.floor.signal import Signal

STREAM = StreamConfig(name="FLOOR", subjects=["floor.*"])
_FETCH = 500
_FETCH_SECONDS = 0.05
_ACKS_PENDING_MAX = 10_000


class Message(Struct, frozen=True):
    """What travels from hop to hop: the signal and what the hops have added."""

    msg_id: str
    order: int
    kind: str
    signal: Signal
    account: str = ""
    approved_quantity: str = ""
    venue: str = ""
    client_order_id: str = ""
    price: str = ""


encode = msgspec.json.encode
decode = msgspec.json.Decoder(Message).decode


async def subscribe(streams: JetStreamContext, durable: str, subject: str) -> JetStreamContext.PullSubscription:
    """Makes a hop's durable pull consumer with explicit acks and binds to it."""
    config = ConsumerConfig(
        durable_name=durable,
        filter_subject=subject,
        ack_policy=AckPolicy.EXPLICIT,
        max_ack_pending=_ACKS_PENDING_MAX,
    )
    await streams.add_consumer(str(STREAM.name), config)
    return await streams.pull_subscribe_bind(durable, str(STREAM.name))


async def fetch(subscription: JetStreamContext.PullSubscription) -> list[Msg]:
    """Up to 500 messages; none if none came within 50 ms."""
    try:
        return await subscription.fetch(_FETCH, timeout=_FETCH_SECONDS)
    except TimeoutError:
        return []


async def publish(streams: JetStreamContext, messages: Iterable[Message]) -> None:
    """Publishes all and returns when the server has stored all."""
    acks = [
        await streams.publish_async(
            f"floor.{message.kind}", encode(message), headers={Header.MSG_ID.value: message.msg_id}
        )
        for message in messages
    ]
    await asyncio.gather(*acks)
