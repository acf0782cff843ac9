"""The last good backup as metrics: the reader tells them, wherever backups are made, because all are on record."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tradewire_ledger.backup.records import Known


class BackupMetrics(Collector):
    """What `last` says at each scrape; `every` is the interval (seconds) that the settings ask for, 0 for none."""

    def __init__(self) -> None:
        self.last = Known()
        self.every = 0.0

    def collect(self) -> Iterator[Metric]:
        """Nothing while no backup was tried and none is asked for: whoever makes none is not to be alarmed."""
        if self.last.tried_at or self.every:
            yield from self.describe()

    def describe(self) -> Iterator[Metric]:
        """Every metric that there may be, so that the page of metrics has them."""
        last = self.last
        yield GaugeMetricFamily(
            "tradewire_backup_last_success_timestamp_seconds",
            "When the last good backup was written and verified; 0 for never",
            value=last.succeeded_at / 1e6,
        )
        yield GaugeMetricFamily(
            "tradewire_backup_last_attempt_timestamp_seconds",
            "When the last backup was begun; 0 for never",
            value=last.tried_at / 1e6,
        )
        yield GaugeMetricFamily(
            "tradewire_backup_last_size_bytes", "Size of the last good backup", value=float(last.bytes)
        )
        yield GaugeMetricFamily(
            "tradewire_backup_last_duration_seconds", "How long the last good backup took", value=last.seconds
        )
        yield GaugeMetricFamily(
            "tradewire_backup_last_position", "Where the log ended in the last good backup", value=float(last.pos)
        )
        yield GaugeMetricFamily(
            "tradewire_backup_interval_seconds", "How often a backup is asked for; 0 for never", value=self.every
        )
        yield CounterMetricFamily("tradewire_backup_failures", "Backups that failed", value=float(last.failures))
