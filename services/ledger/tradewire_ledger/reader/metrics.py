"""What the reader counts and measures of its own work, over all sessions of the process."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from tradewire.runtime.metrics import Names
from tradewire_ledger.backup.metrics import BackupMetrics
from tradewire_ledger.reader.told.engines import EngineMetrics
from tradewire_ledger.reader.told.figures import Figures
from tradewire_ledger.reader.told.invariants import InvariantMetrics
from tradewire_ledger.reader.told.trading import TradingMetrics


class Metrics:
    """The process's metrics, and those that it tells in the name of the log and of the engines."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.pos = Gauge("tradewire_reader_position", "Last position of the read model", registry=registry)
        self.lag = Gauge("tradewire_reader_lag_positions", "Positions behind the log's head", registry=registry)
        self.late = Gauge(
            "tradewire_reader_lag_seconds",
            "For how long the read model has not held what was the log's head; 0 while it is in step",
            registry=registry,
        )
        self.seconds = Histogram(
            "tradewire_reader_apply_seconds",
            "From hearing or reading a batch's first frame to its commit in the read model",
            buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
            registry=registry,
        )
        self.events = Counter("tradewire_reader_events", "Events folded into the read model", registry=registry)
        self.batches = Counter("tradewire_reader_batches", "Commits of the read model", registry=registry)
        self.announced = Counter("tradewire_reader_announced", "Events announced to people", registry=registry)
        self.unannounced = Counter(
            "tradewire_reader_unannounced", "Events not announced, because NATS was away", registry=registry
        )
        self.snapshots = Counter("tradewire_reader_snapshots", "Snapshots by outcome", ["outcome"], registry=registry)
        self.queries = Counter("tradewire_reader_queries", "Queries", ["what", "outcome"], registry=registry)
        self.accounts, self.strategies = Names(), Names()
        """The names that become labels, for as long as the process runs."""
        self.trading = TradingMetrics(registry)
        self.figures = Figures(registry)
        self.invariants = InvariantMetrics(registry)
        self.engines = EngineMetrics(registry)
        self.backups = BackupMetrics(registry)
