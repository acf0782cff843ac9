"""Processes, leases and builds."""

from typing import Final

from deploy.monitoring.model import Alert

_OURS: Final = 'job=~"(.*/)?tradewire"'


def _nobody(held: str, lease: str) -> str:
    """Nobody says that it holds a lease, though there is a ledger; also where nobody says anything."""
    said = f"max by (job) ({held}) or 0 * max by (job) (tradewire_ledger_head_position)"
    return f'label_replace(({said}) == 0, "lease", "{lease}", "", "")'


PROCESSES: Final = (
    Alert(
        name="TradewireProcessDown",
        group="processes",
        expr=f"max by (job, process) (up{{{_OURS}}}) == 0",
        lasts="1m",
        severity="critical",
        summary="{{ $labels.process }} cannot be reached",
        description="It has ended, it restarts, or its port is not open to Prometheus.",
    ),
    Alert(
        name="TradewireGone",
        group="processes",
        expr="absent(tradewire_ledger_head_position)",
        lasts="2m",
        severity="critical",
        summary="No ledger is seen anywhere",
        description="No process tells the head of a log: nothing is traded, or Prometheus finds no target.",
    ),
    Alert(
        name="TradewireNotReady",
        group="processes",
        expr="max by (job, process) (tradewire_ready) == 0",
        lasts="1m",
        severity="critical",
        summary="{{ $labels.process }} is not ready",
        description="Its /readyz and `tradewire status` name the reason; it becomes ready when that is mended.",
    ),
    Alert(
        name="TradewireNobodyLeads",
        group="processes",
        expr=" or ".join(
            (
                _nobody("tradewire_risk_lease_held", "risk"),
                _nobody("tradewire_ingest_leading", "ingest"),
                'label_replace(max by (job, account) (tradewire_router_lease_held) == 0, "lease", "router-$1", '
                '"account", "(.*)")',
            )
        ),
        lasts="30s",
        severity="critical",
        summary="Nobody holds the lease {{ $labels.lease }}",
        description="Its work waits. A successor takes it after twelve seconds, so this is none.",
    ),
    Alert(
        name="TradewireTwoLead",
        group="processes",
        expr=(
            "sum by (job, account) (tradewire_router_lease_held) > 1"
            " or sum by (job) (tradewire_risk_lease_held) > 1 or sum by (job) (tradewire_ingest_leading) > 1"
        ),
        lasts="15s",
        severity="critical",
        summary="{{ $value }} processes hold one lease",
        description="Each believes that it is the only one. The ledger refuses the elder's appends; brokers do not.",
    ),
    Alert(
        name="TradewireProcessRestarts",
        group="processes",
        expr=f"sum by (job, process) (changes(process_start_time_seconds{{{_OURS}}}[15m])) >= 3",
        severity="warning",
        summary="{{ $labels.process }} has restarted {{ $value }} times in a quarter of an hour",
        description="Its log ends with the reason each time.",
    ),
    Alert(
        name="TradewireProcessBusy",
        group="processes",
        expr=f"max by (job, process) (rate(process_cpu_seconds_total{{{_OURS}}}[5m])) > 0.9",
        lasts="10m",
        severity="warning",
        summary="{{ $labels.process }} has used a whole core for ten minutes",
        description="It is one thread, so what it does waits.",
    ),
    Alert(
        name="TradewireFilesRunOut",
        group="processes",
        expr=f"max by (job, process) (process_open_fds{{{_OURS}}} / process_max_fds{{{_OURS}}}) > 0.8",
        lasts="5m",
        severity="warning",
        summary="{{ $labels.process }} has {{ $value | humanizePercentage }} of its files open",
        description="At 100 % it can open no connection.",
    ),
    Alert(
        name="TradewireBuildsMixed",
        group="processes",
        expr="count by (job) (count by (job, build) (tradewire_build_info)) > 1",
        lasts="10m",
        severity="warning",
        summary="{{ $value }} builds run in {{ $labels.job }}",
        description="An upgrade stands still. Processes of another build are refused.",
    ),
    Alert(
        name="TradewireReloadRefused",
        group="processes",
        expr='sum by (job, process) (increase(tradewire_config_reloads_total{outcome="refused"}[10m])) > 0',
        severity="warning",
        summary="{{ $labels.process }} has refused new settings",
        description="It goes on with those that it had; its log names the key.",
    ),
)
