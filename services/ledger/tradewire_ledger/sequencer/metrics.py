"""What the sequencer counts and measures."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge

from tradewire.runtime.metrics import Timings
from tradewire_ledger.domain.framing import Head
from tradewire_ledger.domain.leases import Held
from tradewire_ledger.sequencer.sequence import Observed

_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5)


class Metrics:
    """The metrics of one process, over all its reigns."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.events = Counter("tradewire_ledger_events", "Events appended", registry=registry)
        self.requests = Counter("tradewire_ledger_append_requests", "Requests that were committed", registry=registry)
        self.commits = Counter("tradewire_ledger_commits", "Transactions committed", registry=registry)
        self.seconds = Timings(
            registry,
            "tradewire_ledger_commit_seconds",
            "From taking what waits to its replies, with the commit in between",
            _SECONDS,
        ).labels()
        self.waited = Timings(
            registry,
            "tradewire_ledger_append_seconds",
            "From the arrival of a commit's oldest request to its reply",
            _SECONDS,
        ).labels()
        self.relayed = Timings(
            registry,
            "tradewire_ledger_relay_seconds",
            "From sending a frame to the log stream until the stream has acknowledged it",
            _SECONDS,
        ).labels()
        self.head = Gauge("tradewire_ledger_head_position", "Last position of the log", registry=registry)
        self.frame = Gauge("tradewire_ledger_head_frame", "Last frame of the log", registry=registry)
        self.acknowledged = Gauge(
            "tradewire_ledger_relayed_frame", "Last frame that the log stream has acknowledged", registry=registry
        )
        self.epoch = Gauge("tradewire_ledger_epoch", "How often a sequencer has taken this log over", registry=registry)
        self.lag = Gauge(
            "tradewire_ledger_relay_lag_seconds", "Age of the oldest unacknowledged frame", registry=registry
        )
        self.holder = Gauge(
            "tradewire_lease_holder",
            "1 for the process that holds a lease; no series for a lease that nobody holds",
            ["lease", "holder"],
            registry=registry,
        )
        self.lease_epoch = Gauge("tradewire_lease_epoch", "How often a lease was granted", ["lease"], registry=registry)
        self._held: dict[str, str] = {}

    def observe(self, seen: Observed) -> None:
        """Notes a commit."""
        self.events.inc(seen.events)
        self.requests.inc(seen.requests)
        self.commits.inc()
        self.seconds.observe(seen.seconds)
        self.waited.observe(seen.waited)

    def stands(self, head: Head, lag: float, acknowledged: int) -> None:
        """Notes where the log and its stream are."""
        self.head.set(head.pos)
        self.frame.set(head.frame)
        self.epoch.set(head.epoch)
        self.lag.set(lag)
        self.acknowledged.set(acknowledged)

    def leases(self, held: Mapping[str, Held]) -> None:
        """Notes who holds each lease; who held it before has no series any more."""
        for name, lease in held.items():
            before = self._held.get(name, "")
            if before and before != lease.holder:
                self.holder.remove(name, before)
            if lease.holder:
                self.holder.labels(name, lease.holder).set(1)
            self._held[name] = lease.holder
            self.lease_epoch.labels(name).set(lease.epoch)
