"""What ingest counts and measures."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from tradewire.messages.refusals import Code

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500)


class Metrics:
    """The metrics of one process, on its registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.received = Counter("tradewire_ingest_signals_received", "Signals appended", registry=registry)
        self.repeated = Counter(
            "tradewire_ingest_signals_repeated", "Signals that the log already held", registry=registry
        )
        self.refused = Counter(
            "tradewire_ingest_signals_refused", "Messages refused, by code", ["code"], registry=registry
        )
        for code in Code:
            self.refused.labels(code)  # from the start, because the first of a series is no rise to Prometheus
        self.commands = Counter(
            "tradewire_ingest_commands", "People's commands by verb and answer", ["verb", "code"], registry=registry
        )
        self.append_seconds = Histogram(
            "tradewire_ingest_append_seconds", "From append to answer", buckets=_SECONDS, registry=registry
        )
        self.batch_size = Histogram(
            "tradewire_ingest_batch_size", "Messages decided together", buckets=_SIZES, registry=registry
        )
        self.pending = Gauge("tradewire_ingest_pending", "Messages in hand, not yet acknowledged", registry=registry)
        self.leading = Gauge("tradewire_ingest_leading", "1 while this process works on SIGNALS", registry=registry)
        self.stream_bytes = Gauge("tradewire_ingest_stream_bytes", "Bytes kept in SIGNALS", registry=registry)
        self.stream_max_bytes = Gauge(
            "tradewire_ingest_stream_max_bytes", "Bytes that fit in SIGNALS", registry=registry
        )
