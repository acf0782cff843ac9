"""The last good backup as metrics: the reader tells them, wherever backups are made, because all are on record."""

from typing import Final

from prometheus_client import CollectorRegistry

from tradewire.runtime.metrics import Family, Shown
from tradewire_ledger.backup.records import Known

FAMILIES: Final = {
    "backup_last_success_timestamp_seconds": Family("When the last good backup was written and verified; 0 for never"),
    "backup_last_attempt_timestamp_seconds": Family("When the last backup was begun; 0 for never"),
    "backup_last_size_bytes": Family("Size of the last good backup"),
    "backup_last_duration_seconds": Family("How long the last good backup took"),
    "backup_last_position": Family("Where the log ended in the last good backup"),
    "backup_interval_seconds": Family("How often a backup is asked for; 0 for never"),
    "backup_failures": Family("Backups that failed", rises=True),
}


class BackupMetrics:
    """What is known of the last backups."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._shown = Shown(registry, FAMILIES)

    def show(self, last: Known, every: float) -> None:
        """Shows what is known; `every` is the interval (seconds) that the settings ask for, 0 for none.

        Nothing while no backup was tried and none is asked for: whoever makes none is not to be alarmed.
        """
        sheet = self._shown.sheet()
        if last.tried_at or every:
            sheet.put("backup_last_success_timestamp_seconds", last.succeeded_at / 1e6)
            sheet.put("backup_last_attempt_timestamp_seconds", last.tried_at / 1e6)
            sheet.put("backup_last_size_bytes", last.bytes)
            sheet.put("backup_last_duration_seconds", last.seconds)
            sheet.put("backup_last_position", last.pos)
            sheet.put("backup_interval_seconds", every)
            sheet.put("backup_failures", last.failures)
        self._shown.show(sheet)
