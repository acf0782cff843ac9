"""What every service says of itself about once a second on `heartbeat.<service>.<shard>`."""

import msgspec
from msgspec import Struct

HEARTBEAT_SECONDS = 1.0


class ServiceBeat(Struct, frozen=True, gc=False):
    """Who beats, and of which build it is. `ready` is what /readyz answers.

    `decides` is risk's alone: it has the lease and is in step with the log. That is less than `ready`, which also
    waits for what keeps nobody from deciding, such as a NATS monitor that does not answer or a replay's first quote.
    `problem` and `note` are what /readyz says with it, `since` is when the process was started (µs), and `account` is a
    router's.
    """

    service: str
    instance: str
    ready: bool
    build: str = ""
    decides: bool = False
    problem: str = ""
    note: str = ""
    since: int = 0
    account: str = ""


decode_service_beat = msgspec.json.Decoder(ServiceBeat).decode
