"""For each alert what makes it fire and what does not, as series that Prometheus would have scraped every 15 s.

Values are promtool's: `0x20` is 0 and twenty times the same, `0+3x20` rises by three each time.
"""

from typing import Final

from msgspec import Struct

J: Final = 'job="tradewire"'
A: Final = f'{J}, account="main"'
P: Final = f'{J}, process="risk"'
N: Final = f'{J}, server="n1"'


class Case(Struct, frozen=True):
    """`fires` is how it looks when the alert must fire at `at`, with these labels, and `summary`; `quiet` when not.

    `value` is what its texts show for `{{ $value }}`.
    """

    alert: str
    labels: dict[str, str]
    summary: str
    fires: dict[str, str]
    quiet: dict[str, str]
    value: str = ""
    at: str = "10m"


def _histogram(name: str, labels: str, slow: str, fast: str) -> dict[str, str]:
    """Counts of what took up to 0.1 s and of all."""
    return {
        f'{name}_bucket{{{labels}, le="0.1"}}': fast,
        f'{name}_bucket{{{labels}, le="5"}}': slow,
        f'{name}_bucket{{{labels}, le="+Inf"}}': slow,
    }


def _slipped(small: str, all_: str) -> dict[str, str]:
    """Counts of fills that were up to 0.5 % worse than approved, up to 1 %, and of all."""
    counts = {"-0.01": "0x80", "0.005": small, "0.01": all_, "+Inf": all_}
    return {f'tradewire_slippage_ratio_bucket{{{A}, le="{most}"}}': count for most, count in counts.items()}


def _backed_up(values: str) -> dict[str, str]:
    return {f"tradewire_backup_last_success_timestamp_seconds{{{J}}}": values}


def _asked_for(values: str) -> dict[str, str]:
    return {f"tradewire_backup_interval_seconds{{{J}}}": values}


_JOB: Final = {"job": "tradewire"}
_ACCOUNT: Final = {**_JOB, "account": "main"}
_PROCESS: Final = {**_JOB, "process": "risk"}
_SERVER: Final = {**_JOB, "server": "n1"}
_SWITCH: Final = f'tradewire_risk_switch_level{{{J}, scope="account.main"}}'
_DENIED: Final = f'tradewire_risk_decisions_total{{{J}, outcome="denied", reason="PRICE_STALE"}}'
_APPROVED: Final = f'tradewire_risk_decisions_total{{{J}, outcome="approved", reason=""}}'
_LEDGER: Final = {f"tradewire_ledger_head_position{{{J}}}": "9x80"}

ORDERS: Final = (
    Case(
        "TradewireInvariantViolated",
        {**_JOB, "id": "O1"},
        "Invariant O1 of the log does not hold",
        {f'tradewire_invariant_violations_total{{{J}, id="O1"}}': "0x10 1x60"},
        {f'tradewire_invariant_violations_total{{{J}, id="O1"}}': "0x80"},
        value="1",
    ),
    Case(
        "TradewireUnknownOrders",
        _ACCOUNT,
        "An order of main has had no known outcome for 1m 15s",
        {f"tradewire_router_unknown_oldest_age_seconds{{{A}}}": "0x20 0+15x5 75x60"},
        {f"tradewire_router_unknown_oldest_age_seconds{{{A}}}": "0x10 45x60"},
    ),
    Case(
        "TradewireReconciliationBroken",
        {**_ACCOUNT, "kind": "position"},
        "The log and the broker of main disagree about a position",
        {f'tradewire_router_open_breaks{{{A}, kind="position"}}': "2x80"},
        {f'tradewire_router_open_breaks{{{A}, kind="position"}}': "0x20 1x2 0x60"},
        value="2",
    ),
    Case(
        "TradewireReconciliationLate",
        _ACCOUNT,
        "main was last compared with its broker 10m 0s ago",
        {f"tradewire_router_last_comparison_timestamp_seconds{{{A}}}": "0x80"},
        {f"tradewire_router_last_comparison_timestamp_seconds{{{A}}}": "0+15x80"},
    ),
    Case(
        "TradewireFactsWaiting",
        _ACCOUNT,
        "3 facts of the broker of main are not in the log",
        {f"tradewire_router_facts_waiting{{{A}}}": "3x80"},
        {f"tradewire_router_facts_waiting{{{A}}}": "0x20 3x4 0x60"},
    ),
    Case(
        "TradewireApprovalWaits",
        _ACCOUNT,
        "An order of main has waited for a person for 1m 30s",
        {f'tradewire_oldest_order_age_seconds{{{A}, status="held"}}': "90x80"},
        {
            f'tradewire_oldest_order_age_seconds{{{A}, status="held"}}': "30x80",
            f'tradewire_oldest_order_age_seconds{{{A}, status="working"}}': "9000x80",
        },
    ),
    Case(
        "TradewireSlippageHigh",
        _ACCOUNT,
        "Half the fills of main are 0.75% worse than approved",
        _slipped("0+0x80", "0+1x80"),
        _slipped("0+1x80", "0+1x80"),
    ),
)
RISK: Final = (
    Case(
        "TradewireHalted",
        {**_JOB, "scope": "account.main"},
        "account.main stands at REDUCE_ONLY",
        {_SWITCH: "2x80"},
        {_SWITCH: "1x80"},
    ),
    Case(
        "TradewireHalted",
        {**_JOB, "scope": "account.main"},
        "account.main stands at HALT or KILL",
        {_SWITCH: "4x80"},
        {_SWITCH: "0x80"},
    ),
    Case(
        "TradewireLimitNearlyReached",
        {**_ACCOUNT, "limit": "max_daily_loss"},
        "main uses 95% of max_daily_loss",
        {f'tradewire_risk_limit_use_ratio{{{A}, limit="max_daily_loss"}}': "0.95x80"},
        {f'tradewire_risk_limit_use_ratio{{{A}, limit="max_daily_loss"}}': "0.85x80"},
    ),
    Case(
        "TradewireMostOrdersDenied",
        _JOB,
        "Risk denies 75% of the orders of tradewire",
        {_DENIED: "0+3x80", _APPROVED: "0+1x80"},
        {_DENIED: "0+1x80", _APPROVED: "0+3x80"},
        at="20m",
    ),
    Case(
        "TradewireHeldUnquoted",
        _ACCOUNT,
        "main holds 2 symbols without a quote",
        {f"tradewire_risk_unquoted_symbols{{{A}}}": "2x80"},
        {f"tradewire_risk_unquoted_symbols{{{A}}}": "2x20 0x60"},
        at="15m",
    ),
)
BROKERS: Final = (
    Case(
        "TradewireBrokerAway",
        _ACCOUNT,
        "main is not connected to its broker",
        {f"tradewire_router_broker_connected{{{A}}}": "1x10 0x70"},
        {f"tradewire_router_broker_connected{{{A}}}": "1x10 0x2 1x70"},
    ),
    Case(
        "TradewireBrokerDegraded",
        {**_ACCOUNT, "part": "quotes"},
        "quotes of the broker of main do not work",
        {f'tradewire_router_broker_degraded{{{A}, part="quotes"}}': "1x80"},
        {f'tradewire_router_broker_degraded{{{A}, part="quotes"}}': "0x20 1x4 0x60"},
    ),
    Case(
        "TradewireBrokerBudgetLow",
        _ACCOUNT,
        "main has 10% of its broker's requests left",
        {
            f"tradewire_router_broker_requests_left{{{A}}}": "20x80",
            f"tradewire_router_broker_requests_per_minute{{{A}}}": "200x80",
        },
        {
            f"tradewire_router_broker_requests_left{{{A}}}": "-1x80",
            f"tradewire_router_broker_requests_per_minute{{{A}}}": "-1x80",
        },
    ),
    Case(
        "TradewireBrokerRejects",
        {**_ACCOUNT, "code": "INSUFFICIENT"},
        "The broker of main has rejected 10 orders: INSUFFICIENT",
        {f'tradewire_router_rejections_total{{{A}, code="INSUFFICIENT"}}': "0+0.25x80"},
        {f'tradewire_router_rejections_total{{{A}, code="INSUFFICIENT"}}': "3x80"},
    ),
    Case(
        "TradewireSubmitsSlow",
        _ACCOUNT,
        "The broker of main takes 4.755s to answer a submit",
        _histogram("tradewire_router_submit_seconds", f'{A}, outcome="accepted"', "0+10x80", "0+0x80"),
        _histogram("tradewire_router_submit_seconds", f'{A}, outcome="accepted"', "0+10x80", "0+10x80"),
        at="15m",
    ),
    Case(
        "TradewireFeedSilent",
        _ACCOUNT,
        "No quote for main for 14m 0s",
        {
            f"tradewire_router_last_quote_timestamp_seconds{{{A}}}": "60x80",
            f"tradewire_router_symbols_quoted{{{A}}}": "4x80",
        },
        {
            f"tradewire_router_last_quote_timestamp_seconds{{{A}}}": "60x80",
            f"tradewire_router_symbols_quoted{{{A}}}": "0x80",
        },
        at="15m",
    ),
)
PIPELINE: Final = (
    Case(
        "TradewireSignalsRefused",
        {**_JOB, "code": "FIELD_INVALID"},
        "Ingest has refused 10 signals: FIELD_INVALID",
        {f'tradewire_ingest_signals_refused_total{{{J}, code="FIELD_INVALID"}}': "0+0.25x80"},
        {f'tradewire_ingest_signals_refused_total{{{J}, code="FIELD_INVALID"}}': "5x80"},
    ),
    Case(
        "TradewireOrdersUndecided",
        _ACCOUNT,
        "An order of main has waited for risk for 45s",
        {f'tradewire_oldest_order_age_seconds{{{A}, status="requested"}}': "45x80"},
        {
            f'tradewire_oldest_order_age_seconds{{{A}, status="requested"}}': "2x80",
            f'tradewire_oldest_order_age_seconds{{{A}, status="working"}}': "4500x80",
        },
    ),
    Case(
        "TradewireSignalsWaiting",
        _JOB,
        "7 signals are in hand and none is appended",
        {f"tradewire_ingest_pending{{{J}}}": "7x80", f"tradewire_ingest_signals_received_total{{{J}}}": "90x80"},
        {f"tradewire_ingest_pending{{{J}}}": "7x80", f"tradewire_ingest_signals_received_total{{{J}}}": "0+9x80"},
    ),
    Case(
        "TradewireAppendsSlow",
        _JOB,
        "The ledger takes 4.951s to answer an append",
        _histogram("tradewire_ledger_append_seconds", J, "0+10x80", "0+0x80"),
        _histogram("tradewire_ledger_append_seconds", J, "0+10x80", "0+10x80"),
        at="15m",
    ),
    Case(
        "TradewireRelayLags",
        _JOB,
        "The log stream is 4s behind Postgres",
        {f"tradewire_ledger_relay_lag_seconds{{{J}}}": "4x80"},
        {f"tradewire_ledger_relay_lag_seconds{{{J}}}": "0.4x80"},
    ),
    Case(
        "TradewireReaderLags",
        _JOB,
        "What people see is 30s behind the log",
        {f"tradewire_reader_lag_seconds{{{J}}}": "30x80"},
        {f"tradewire_reader_lag_seconds{{{J}}}": "5x80"},
    ),
    Case(
        "TradewireRiskLags",
        _JOB,
        "Risk is 5000 positions behind the log",
        {f"tradewire_risk_lag_positions{{{J}}}": "5000x80"},
        {f"tradewire_risk_lag_positions{{{J}}}": "500x80"},
    ),
    Case(
        "TradewireSignalsFull",
        _JOB,
        "The stream SIGNALS is 90% full",
        {f"tradewire_ingest_stream_bytes{{{J}}}": "90x80", f"tradewire_ingest_stream_max_bytes{{{J}}}": "100x80"},
        {f"tradewire_ingest_stream_bytes{{{J}}}": "90x80", f"tradewire_ingest_stream_max_bytes{{{J}}}": "0x80"},
    ),
)
PROCESSES: Final = (
    Case(
        "TradewireProcessDown",
        _PROCESS,
        "risk cannot be reached",
        {f"up{{{P}}}": "1x20 0x60"},
        {f"up{{{P}}}": "1x80", 'up{job="node", process="disk"}': "0x80"},
    ),
    Case(
        "TradewireProcessDown",
        {"job": "prod/tradewire", "process": "risk"},
        "risk cannot be reached",
        {'up{job="prod/tradewire", process="risk"}': "0x80"},
        {'up{job="prod/tradewire", process="risk"}': "1x80"},
    ),
    Case(
        "TradewireGone",
        {},
        "No ledger is seen anywhere",
        {f"tradewire_ledger_head_position{{{J}}}": "9x4 stale"},
        {f"tradewire_ledger_head_position{{{J}}}": "9x80"},
    ),
    Case(
        "TradewireNotReady",
        _PROCESS,
        "risk is not ready",
        {f"tradewire_ready{{{P}}}": "0x80"},
        {f"tradewire_ready{{{P}}}": "1x20 0x2 1x60"},
    ),
    Case(
        "TradewireNobodyLeads",
        {**_JOB, "lease": "risk"},
        "Nobody holds the lease risk",
        {**_LEDGER, f"tradewire_risk_lease_held{{{J}}}": "1x10 stale", f"tradewire_ingest_leading{{{J}}}": "1x80"},
        {**_LEDGER, f"tradewire_risk_lease_held{{{J}}}": "1x80", f"tradewire_ingest_leading{{{J}}}": "1x80"},
    ),
    Case(
        "TradewireNobodyLeads",
        {**_JOB, "lease": "ingest"},
        "Nobody holds the lease ingest",
        {**_LEDGER, f"tradewire_risk_lease_held{{{J}}}": "1x80", f"tradewire_ingest_leading{{{J}}}": "0x80"},
        {**_LEDGER, f"tradewire_risk_lease_held{{{J}}}": "1x80", f"tradewire_ingest_leading{{{J}}}": "1x80"},
    ),
    Case(
        "TradewireNobodyLeads",
        {**_ACCOUNT, "lease": "router-main"},
        "Nobody holds the lease router-main",
        {f"tradewire_router_lease_held{{{A}}}": "0x80"},
        {f"tradewire_router_lease_held{{{A}}}": "1x80"},
    ),
    Case(
        "TradewireTwoLead",
        _ACCOUNT,
        "2 processes hold one lease",
        {
            f'tradewire_router_lease_held{{{A}, instance="a"}}': "1x80",
            f'tradewire_router_lease_held{{{A}, instance="b"}}': "1x80",
        },
        {
            f'tradewire_router_lease_held{{{A}, instance="a"}}': "1x80",
            f'tradewire_router_lease_held{{{A}, instance="b"}}': "0x80",
            f'tradewire_router_lease_held{{{J}, account="other", instance="c"}}': "1x80",
        },
    ),
    Case(
        "TradewireTwoLead",
        _JOB,
        "2 processes hold one lease",
        {f'tradewire_risk_lease_held{{{J}, instance="{name}"}}': "1x80" for name in "ab"},
        {f'tradewire_risk_lease_held{{{J}, instance="{name}"}}': f"{name == 'a':d}x80" for name in "ab"},
    ),
    Case(
        "TradewireTwoLead",
        _JOB,
        "2 processes hold one lease",
        {f'tradewire_ingest_leading{{{J}, instance="{name}"}}': "1x80" for name in "ab"},
        {f'tradewire_ingest_leading{{{J}, instance="{name}"}}': f"{name == 'a':d}x80" for name in "ab"},
    ),
    Case(
        "TradewireProcessRestarts",
        _PROCESS,
        "risk has restarted 3 times in a quarter of an hour",
        {f"process_start_time_seconds{{{P}}}": "100x8 200x8 300x8 400x60"},
        {f"process_start_time_seconds{{{P}}}": "100x8 200x80"},
    ),
    Case(
        "TradewireProcessBusy",
        _PROCESS,
        "risk has used a whole core for ten minutes",
        {f"process_cpu_seconds_total{{{P}}}": "0+15x100"},
        {f"process_cpu_seconds_total{{{P}}}": "0+6x100"},
        at="20m",
    ),
    Case(
        "TradewireFilesRunOut",
        _PROCESS,
        "risk has 90% of its files open",
        {f"process_open_fds{{{P}}}": "900x80", f"process_max_fds{{{P}}}": "1000x80"},
        {f"process_open_fds{{{P}}}": "90x80", f"process_max_fds{{{P}}}": "1000x80"},
    ),
    Case(
        "TradewireBuildsMixed",
        _JOB,
        "2 builds run in tradewire",
        {f'tradewire_build_info{{{J}, service="{build}", build="{build}"}}': "1x80" for build in "ab"},
        {f'tradewire_build_info{{{J}, service="{service}", build="a"}}': "1x80" for service in "ab"},
        at="15m",
    ),
    Case(
        "TradewireReloadRefused",
        _PROCESS,
        "risk has refused new settings",
        {f'tradewire_config_reloads_total{{{P}, outcome="refused"}}': "0x20 1x60"},
        {f'tradewire_config_reloads_total{{{P}, outcome="applied"}}': "0x20 1x60"},
    ),
)
ENGINES: Final = (
    Case(
        "TradewirePostgresAway",
        _JOB,
        "Postgres does not answer",
        {f"tradewire_postgres_up{{{J}}}": "0x80"},
        {f"tradewire_postgres_up{{{J}}}": "1x80"},
    ),
    Case(
        "TradewirePostgresConnections",
        _JOB,
        "Postgres has 95% of its connections in use",
        {f"tradewire_postgres_connections{{{J}}}": "95x80", f"tradewire_postgres_max_connections{{{J}}}": "100x80"},
        {f"tradewire_postgres_connections{{{J}}}": "15x80", f"tradewire_postgres_max_connections{{{J}}}": "100x80"},
    ),
    Case(
        "TradewirePostgresVacuum",
        _JOB,
        "Postgres is kept from vacuuming",
        {f"tradewire_postgres_running_transaction_span{{{J}}}": "4000000x80"},
        {
            f"tradewire_postgres_running_transaction_span{{{J}}}": "400x80",
            f"tradewire_postgres_transaction_id_age{{{J}}}": "1000x80",
        },
        at="15m",
    ),
    Case(
        "TradewirePostgresVacuum",
        _JOB,
        "Postgres is kept from vacuuming",
        {f"tradewire_postgres_transaction_id_age{{{J}}}": "600000000x80"},
        {f"tradewire_postgres_transaction_id_age{{{J}}}": "400000000x80"},
        at="15m",
    ),
    Case(
        "TradewireNatsAway",
        _PROCESS,
        "risk is not connected to NATS",
        {f"tradewire_nats_connected{{{P}}}": "0x80"},
        {f"tradewire_nats_connected{{{P}}}": "1x80"},
    ),
    Case(
        "TradewireNatsServerAway",
        _SERVER,
        "NATS at n1 does not answer",
        {f"tradewire_nats_server_up{{{N}}}": "0x80", f'tradewire_nats_server_up{{{J}, server="n2"}}': "1x80"},
        {f"tradewire_nats_server_up{{{N}}}": "1x80", f'tradewire_nats_server_up{{{J}, server="n2"}}': "1x80"},
    ),
    Case(
        "TradewireNatsDiskFull",
        _SERVER,
        "The streams of n1 use 85% of their disk",
        {
            f"tradewire_nats_jetstream_storage_bytes{{{N}}}": "85x80",
            f"tradewire_nats_jetstream_max_storage_bytes{{{N}}}": "100x80",
        },
        {
            f"tradewire_nats_jetstream_storage_bytes{{{N}}}": "15x80",
            f"tradewire_nats_jetstream_max_storage_bytes{{{N}}}": "100x80",
        },
    ),
    Case(
        "TradewireNatsSlowConsumers",
        _SERVER,
        "n1 has cut off 2 slow clients",
        {f"tradewire_nats_server_slow_consumers_total{{{N}}}": "0x25 2x60"},
        {f"tradewire_nats_server_slow_consumers_total{{{N}}}": "5x80"},
    ),
    Case(
        "TradewireBackupOld",
        _JOB,
        "There is no good backup of the last two intervals",
        {**_backed_up("60x200"), **_asked_for("300x200")},
        {**_backed_up("60x200"), **_asked_for("3600x200")},
        at="40m",
    ),
    Case(
        "TradewireBackupOld",
        _JOB,
        "There is no good backup of the last two intervals",
        {**_backed_up("0x200"), **_asked_for("300x200")},
        {**_backed_up("60x200"), **_asked_for("0x200")},
        at="40m",
    ),
)
CASES: Final = (*ORDERS, *RISK, *BROKERS, *PIPELINE, *PROCESSES, *ENGINES)
