"""The streams and subjects of the bare sequencer, apart from Tradewire's own on the same server."""

from nats.js.api import AckPolicy, ConsumerConfig, DiscardPolicy, StreamConfig

LOG_ID = "00000000-0000-5000-8000-000000000001"
SIGNALS = StreamConfig(name="BARE_SIGNALS", subjects=["bare.signals.*"], discard=DiscardPolicy.NEW)
LOG = StreamConfig(name="BARE_LOG", subjects=["bare.log"], discard=DiscardPolicy.OLD, allow_direct=True)
INGEST = ConsumerConfig(durable_name="ingest", ack_policy=AckPolicy.ALL, max_ack_pending=5000)

LOG_SUBJECT = "bare.log"
SIGNAL_SUBJECT = "bare.signals.momentum-us-large"
APPEND_SUBJECTS = "bare.append.*"


def append_subject(writer: str) -> str:
    """Where a writer's append requests go."""
    return f"bare.append.{writer}"
