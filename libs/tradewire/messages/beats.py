"""What every service says of itself about once a second on `heartbeat.<service>.<shard>`."""

import msgspec
from msgspec import Struct


class ServiceBeat(Struct, frozen=True, gc=False):
    """Who beats, and of which build it is. `ready` is what /readyz answers.

    `decides` is risk's alone: it has the lease and is in step with the log. That is less than `ready`, which also
    waits for what keeps nobody from deciding, such as a NATS monitor that does not answer or a replay's first quote.
    """

    service: str
    instance: str
    ready: bool
    build: str = ""
    decides: bool = False


decode_service_beat = msgspec.json.Decoder(ServiceBeat).decode
