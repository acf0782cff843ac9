"""What does not get through, or not in time."""

from typing import Final

from deploy.monitoring.model import Alert

PIPELINE: Final = (
    Alert(
        name="TradewireSignalsRefused",
        group="pipeline",
        expr="sum by (job, code) (increase(tradewire_ingest_signals_refused_total[10m])) >= 3",
        severity="warning",
        summary="Ingest has refused {{ $value }} signals: {{ $labels.code }}",
        description="A publisher sends what Tradewire does not take; ingest's log names the field of each.",
    ),
    Alert(
        name="TradewireOrdersUndecided",
        group="pipeline",
        expr='max by (job, account) (tradewire_oldest_order_age_seconds{status="requested"}) > 30',
        severity="critical",
        summary="An order of {{ $labels.account }} has waited for risk for {{ $value | humanizeDuration }}",
        description="Risk does not lead, is behind, or cannot append.",
    ),
    Alert(
        name="TradewireSignalsWaiting",
        group="pipeline",
        expr=(
            "sum by (job) (tradewire_ingest_pending) > 0"
            " and sum by (job) (rate(tradewire_ingest_signals_received_total[1m])) == 0"
        ),
        lasts="1m",
        severity="critical",
        summary="{{ $value }} signals are in hand and none is appended",
        description="They are on disk and wait in SIGNALS; the ledger does not take what ingest appends.",
    ),
    Alert(
        name="TradewireAppendsSlow",
        group="pipeline",
        expr="histogram_quantile(0.99, sum by (job, le) (rate(tradewire_ledger_append_seconds_bucket[5m]))) > 0.5",
        lasts="5m",
        severity="warning",
        summary="The ledger takes {{ $value | humanizeDuration }} to answer an append",
        description="One in a hundred takes longer than that. Postgres, its disk, or more load than it carries.",
    ),
    Alert(
        name="TradewireRelayLags",
        group="pipeline",
        expr="max by (job) (tradewire_ledger_relay_lag_seconds) > 2",
        lasts="15s",
        severity="critical",
        summary="The log stream is {{ $value | humanizeDuration }} behind Postgres",
        description="Above five seconds the ledger takes nothing but facts, cancels and halts.",
    ),
    Alert(
        name="TradewireReaderLags",
        group="pipeline",
        expr="max by (job) (tradewire_reader_lag_seconds) > 10",
        lasts="1m",
        severity="warning",
        summary="What people see is {{ $value | humanizeDuration }} behind the log",
        description="Nobody trades by the read model, but snapshots and every question are answered from it.",
    ),
    Alert(
        name="TradewireRiskLags",
        group="pipeline",
        expr="max by (job) (tradewire_risk_lag_positions) > 1000",
        lasts="1m",
        severity="warning",
        summary="Risk is {{ $value }} positions behind the log",
        description="Orders wait for it meanwhile. It follows the log stream; NATS or its own CPU.",
    ),
    Alert(
        name="TradewireSignalsFull",
        group="pipeline",
        expr=(
            "max by (job) (tradewire_ingest_stream_bytes)"
            " / (max by (job) (tradewire_ingest_stream_max_bytes) > 0) > 0.8"
        ),
        lasts="1m",
        severity="critical",
        summary="The stream SIGNALS is {{ $value | humanizePercentage }} full",
        description="Full, it takes no more signals, and publishers are told so.",
    ),
)
