"""Postgres, NATS and backups."""

from typing import Final

from deploy.monitoring.model import Alert

ENGINES: Final = (
    Alert(
        name="TradewirePostgresAway",
        group="engines",
        expr="max by (job) (tradewire_postgres_up) == 0",
        lasts="30s",
        severity="critical",
        summary="Postgres does not answer",
        description="Nothing acts on what is not in the log, so nothing is traded.",
    ),
    Alert(
        name="TradewirePostgresConnections",
        group="engines",
        expr="max by (job) (tradewire_postgres_connections) / max by (job) (tradewire_postgres_max_connections) > 0.9",
        lasts="5m",
        severity="warning",
        summary="Postgres has {{ $value | humanizePercentage }} of its connections in use",
        description="At 100 % a process that restarts cannot connect.",
    ),
    Alert(
        name="TradewirePostgresVacuum",
        group="engines",
        expr=(
            "max by (job) (tradewire_postgres_transaction_id_age) > 5e8"
            " or max by (job) (tradewire_postgres_running_transaction_span) > 1e6"
        ),
        lasts="10m",
        severity="warning",
        summary="Postgres is kept from vacuuming",
        description="A transaction that a million others have passed, or rows that five hundred million have.",
    ),
    Alert(
        name="TradewireNatsAway",
        group="engines",
        expr="min by (job, process) (tradewire_nats_connected) == 0",
        lasts="30s",
        severity="critical",
        summary="{{ $labels.process }} is not connected to NATS",
        description="It connects again by itself. All of them: NATS is away. One: its key, or the network.",
    ),
    Alert(
        name="TradewireNatsServerAway",
        group="engines",
        expr="max by (job, server) (tradewire_nats_server_up) == 0",
        lasts="1m",
        severity="critical",
        summary="NATS at {{ $labels.server }} does not answer",
        description="With three servers trading goes on without one of them, and stops without two.",
    ),
    Alert(
        name="TradewireNatsDiskFull",
        group="engines",
        expr=(
            "max by (job, server) (tradewire_nats_jetstream_storage_bytes"
            " / (tradewire_nats_jetstream_max_storage_bytes > 0)) > 0.8"
        ),
        lasts="5m",
        severity="critical",
        summary="The streams of {{ $labels.server }} use {{ $value | humanizePercentage }} of their disk",
        description="Full, it answers publishers with time-outs, also after space is freed, until it is restarted.",
    ),
    Alert(
        name="TradewireNatsSlowConsumers",
        group="engines",
        expr="sum by (job, server) (increase(tradewire_nats_server_slow_consumers_total[10m])) > 0",
        severity="warning",
        summary="{{ $labels.server }} has cut off {{ $value }} slow clients",
        description="The server's log names them. They connect again and read what they missed.",
    ),
    Alert(
        name="TradewireBackupOld",
        group="engines",
        expr=(
            "time() - max by (job) (tradewire_backup_last_success_timestamp_seconds)"
            " > 2 * max by (job) (tradewire_backup_interval_seconds > 0)"
        ),
        lasts="15m",
        severity="warning",
        summary="There is no good backup of the last two intervals",
        description="What is lost with Postgres is what the last good backup does not hold.",
    ),
)
