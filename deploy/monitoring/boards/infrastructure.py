"""Infrastructure: processes, leases, the log, Postgres with its backups, and NATS."""

from typing import Final

from deploy.monitoring.boards.common import YES_NO
from deploy.monitoring.model import Board, Panel, Query, Row

_PROCESSES: Final = Row(
    "Processes",
    (
        Panel(
            title="Reached",
            shows="Whether Prometheus reaches each process.",
            bad="`tradewire status`, or `kubectl get pods`: it ended, it restarts, or its port is not open to "
            "Prometheus.",
            queries=(Query("max by (process) (up{$sel})", "{{process}}"),),
            kind="stat",
            names=YES_NO,
            crit=1,
            low_is_bad=True,
            alert="TradewireProcessDown",
        ),
        Panel(
            title="Ready",
            shows="Whether each process says that it is ready.",
            bad="`/readyz` and `tradewire status` name the reason in one line. It becomes ready by itself when that "
            "is mended.",
            queries=(Query("max by (process) (tradewire_ready{$sel})", "{{process}}"),),
            kind="stat",
            names=YES_NO,
            crit=1,
            low_is_bad=True,
            alert="TradewireNotReady",
        ),
        Panel(
            title="What runs",
            shows="Each process with its version and build.",
            bad="Two builds at once: an upgrade that stands still. Mixed versions are refused; finish it, or go back.",
            queries=(Query("max by (process, version, build) (tradewire_build_info{$sel})"),),
            kind="table",
            alert="TradewireBuildsMixed",
        ),
        Panel(
            title="Memory",
            shows="Resident memory of each process.",
            bad="Grows with the open orders and the day's events, and falls with a restart. Near its limit: raise "
            "it; the capacity table is in the production guide.",
            queries=(Query("max by (process) (process_resident_memory_bytes{$sel})", "{{process}}"),),
            unit="bytes",
        ),
        Panel(
            title="CPU",
            shows="Cores that each process uses.",
            bad="Each process is one thread: near 1 it is full, and what it does waits. Shard by account, or a "
            "faster core.",
            queries=(
                Query("max by (process) (rate(process_cpu_seconds_total{$sel}[$__rate_interval]))", "{{process}}"),
            ),
            warn=0.8,
            decimals=2,
            alert="TradewireProcessBusy",
        ),
        Panel(
            title="Open files",
            shows="File descriptors in use, of those that a process may have.",
            bad="Climbs without end: connections that are not closed. Restart the process, and tell us.",
            queries=(Query("max by (process) (process_open_fds{$sel} / process_max_fds{$sel})", "{{process}}"),),
            unit="percentunit",
            warn=0.8,
            alert="TradewireFilesRunOut",
        ),
        Panel(
            title="Restarts",
            shows="How often each process has started in the chosen time.",
            bad="More than your own deploys: its log ends with the reason; exit 2 is a setting, exit 3 a log that "
            "contradicts.",
            queries=(Query("sum by (process) (changes(process_start_time_seconds{$sel}[$__range]))", "{{process}}"),),
            kind="bars",
            unit="none",
            decimals=0,
            alert="TradewireProcessRestarts",
        ),
        Panel(
            title="Connected to NATS",
            shows="How many processes are connected to NATS, and how often a connection was made anew.",
            bad="Fewer than all: NATS is away, or a key is refused; the process's log names which.",
            queries=(
                Query("min by (process) (tradewire_nats_connected{$sel})", "{{process}}"),
                Query("sum(increase(tradewire_nats_reconnects_total{$sel}[$__rate_interval]))", "made anew"),
            ),
            alert="TradewireNatsAway",
        ),
        Panel(
            title="Reloads of the settings",
            shows="Reloads in the chosen time, by outcome.",
            bad="Refused: the process goes on with the settings that it had; its log names the key and what is right.",
            queries=(
                Query("sum by (outcome) (increase(tradewire_config_reloads_total{$sel}[$__range]))", "{{outcome}}"),
            ),
            kind="bars",
            unit="none",
            decimals=0,
            alert="TradewireReloadRefused",
        ),
    ),
)
_LOG: Final = Row(
    "The log and who leads",
    (
        Panel(
            title="Who holds each lease",
            shows="The process that holds each lease: one a shard for SIGNALS and risk, one an account for routers.",
            bad="A lease without a holder for more than 15 s: nobody works on it. `tradewire status`.",
            queries=(Query("max by (lease, holder) (tradewire_lease_holder{$sel})"),),
            kind="table",
            alert="TradewireNobodyLeads",
        ),
        Panel(
            title="Fail-overs",
            shows="How often each lease was granted in the chosen time, and how often a sequencer took the log over.",
            bad="More than your deploys: a process that stalls longer than its lease. See CPU, Postgres and NATS at "
            "that time.",
            queries=(
                Query("max by (lease) (delta(tradewire_lease_epoch{$sel}[$__range]))", "{{lease}}"),
                Query("max(delta(tradewire_ledger_epoch{$sel}[$__range]))", "the log"),
            ),
            kind="bars",
            unit="none",
            decimals=0,
            alert="TradewireNobodyLeads",
        ),
        Panel(
            title="Invariants that did not hold",
            shows="Findings of the continuous check of the log.",
            bad="Stop: `tradewire halt --reason …`. `tradewire check` names the first event that is wrong; keep the "
            "data folder as it is.",
            queries=(
                Query("sum(tradewire_invariant_violations_total{$sel})", "findings"),
                Query("sum(rate(tradewire_invariant_tests_total{$sel}[$__rate_interval]))", "tests a second"),
            ),
            alert="TradewireInvariantViolated",
        ),
        Panel(
            title="Head of the log",
            shows="The last position of the log, of the read model, and of the continuous check.",
            bad="One line stays behind the first: that process is slow or stands still; see Positions behind on "
            "Pipeline.",
            queries=(
                Query("max(tradewire_ledger_head_position{$sel})", "log"),
                Query("max(tradewire_reader_position{$sel})", "read model"),
                Query("max(tradewire_invariant_checked_position{$sel})", "checked"),
            ),
            alert="TradewireReaderLags",
        ),
        Panel(
            title="Questions to the reader",
            shows="Queries and snapshots a second, by outcome.",
            bad="Failures: the reader's log. Snapshots without end: a process that starts again and again.",
            queries=(
                Query(
                    "sum by (outcome) (rate(tradewire_reader_queries_total{$sel}[$__rate_interval]))",
                    "query {{outcome}}",
                ),
                Query(
                    "sum by (outcome) (rate(tradewire_reader_snapshots_total{$sel}[$__rate_interval]))",
                    "snapshot {{outcome}}",
                ),
            ),
            unit="ops",
        ),
        Panel(
            title="SIGNALS",
            shows="How full the stream of signals is. Full, it takes no more, and publishers are told so.",
            bad="Ingest does not take signals out: see Work in hand on Pipeline. Nothing that was acknowledged is "
            "thrown away.",
            queries=(
                Query(
                    "max(tradewire_ingest_stream_bytes{$sel}) / max(tradewire_ingest_stream_max_bytes{$sel} > 0)",
                    "full",
                ),
            ),
            unit="percentunit",
            warn=0.5,
            crit=0.8,
            alert="TradewireSignalsFull",
        ),
    ),
)
_POSTGRES: Final = Row(
    "Postgres and its backups",
    (
        Panel(
            title="Answers",
            shows="Whether Postgres answers the reader.",
            bad="Nothing is traded while it does not. Look whether it runs, at its disk, and at the password.",
            queries=(Query("max(tradewire_postgres_up{$sel})", "answers"),),
            kind="stat",
            names=YES_NO,
            crit=1,
            low_is_bad=True,
            width=6,
            alert="TradewirePostgresAway",
        ),
        Panel(
            title="Size",
            shows="The database, and its tables with their indexes.",
            bad="The log only grows: plan the disk by the capacity table. Other tables that grow are the read model's.",
            queries=(
                Query("max(tradewire_postgres_database_bytes{$sel})", "database"),
                Query("max by (table) (tradewire_postgres_table_bytes{$sel})", "{{table}}"),
            ),
            unit="bytes",
            width=6,
        ),
        Panel(
            title="Connections",
            shows="Connections in use, of those that the server takes.",
            bad="Near 1: something else uses this server; Tradewire needs fewer than twenty.",
            queries=(
                Query(
                    "max(tradewire_postgres_connections{$sel}) / max(tradewire_postgres_max_connections{$sel} > 0)",
                    "used",
                ),
            ),
            unit="percentunit",
            warn=0.7,
            crit=0.9,
            width=6,
            alert="TradewirePostgresConnections",
        ),
        Panel(
            title="Transactions since the oldest that runs",
            shows="How many have begun since the oldest transaction that still runs. What it may see is not vacuumed.",
            bad="It climbs: a forgotten session or a dump; `select * from pg_stat_activity` names it.",
            queries=(Query("max(tradewire_postgres_running_transaction_span{$sel})", "span"),),
            warn=1e6,
            width=6,
            alert="TradewirePostgresVacuum",
        ),
        Panel(
            title="Rows that a vacuum would remove",
            shows="Dead rows by table.",
            bad="Climbs: autovacuum is off or held back by the oldest transaction.",
            queries=(Query("max by (table) (tradewire_postgres_table_dead_rows{$sel})", "{{table}}"),),
            width=8,
            alert="TradewirePostgresVacuum",
        ),
        Panel(
            title="Since the last analyze",
            shows="How long ago each table was analyzed, where it ever was.",
            bad="Days on a table that grows: plans get slow; `analyze` by hand, and see why autovacuum does not.",
            queries=(
                Query(
                    "time() - (max by (table) (tradewire_postgres_table_last_analyze_timestamp_seconds{$sel}) > 0)",
                    "{{table}}",
                ),
            ),
            unit="s",
            width=8,
            alert="TradewirePostgresVacuum",
        ),
        Panel(
            title="Transactions until Postgres stops",
            shows="Transactions since the oldest row that is not frozen, of the two thousand million at which "
            "Postgres stops.",
            bad="Above a half: vacuum is held back for weeks. `vacuum freeze`, after what holds it back is gone.",
            queries=(Query("max(tradewire_postgres_transaction_id_age{$sel}) / 2e9", "used"),),
            unit="percentunit",
            warn=0.2,
            crit=0.5,
            width=8,
            alert="TradewirePostgresVacuum",
        ),
        Panel(
            title="Age of the last backup",
            shows="How old the last good backup is, beside how often one is asked for; nothing where none is.",
            bad="Twice the interval: `tradewire logs backup`, or the CronJob's pods, say why. `tradewire backup` makes "
            "one at once.",
            queries=(
                Query("time() - max(tradewire_backup_last_success_timestamp_seconds{$sel} > 0)", "age"),
                Query("max(tradewire_backup_interval_seconds{$sel} > 0)", "asked for"),
            ),
            unit="s",
            width=8,
            alert="TradewireBackupOld",
        ),
        Panel(
            title="Backups that failed",
            shows="Backups that failed in the chosen time.",
            bad="One now and then mends itself: it is tried again after five minutes. More: the place is full, away or "
            "refuses the key.",
            queries=(Query("max(increase(tradewire_backup_failures_total{$sel}[$__range]))", "failed"),),
            kind="bars",
            unit="none",
            decimals=0,
            width=8,
            alert="TradewireBackupOld",
        ),
        Panel(
            title="Size of the last backup",
            shows="Bytes of the last good backup.",
            bad="It grows as the log does: as many are kept as `backup.keep` says, so plan their place for that.",
            queries=(Query("max(tradewire_backup_last_size_bytes{$sel})", "bytes"),),
            unit="bytes",
            width=8,
            alert="TradewireBackupOld",
        ),
    ),
)
_NATS: Final = Row(
    "NATS",
    (
        Panel(
            title="Servers",
            shows="Whether each server's monitoring answers.",
            bad="One of three away: it trades on, mend it before a second goes. All: nothing is traded.",
            queries=(Query("max by (server) (tradewire_nats_server_up{$sel})", "{{server}}"),),
            kind="stat",
            names=YES_NO,
            crit=1,
            low_is_bad=True,
            width=6,
            alert="TradewireNatsServerAway",
        ),
        Panel(
            title="Disk of the streams",
            shows="Disk that each server's streams take, of what they may take.",
            bad="Full, a server answers publishers with nothing but time-outs, also after space is freed, until it "
            "is restarted.",
            queries=(
                Query(
                    "max by (server) (tradewire_nats_jetstream_storage_bytes{$sel}"
                    " / (tradewire_nats_jetstream_max_storage_bytes{$sel} > 0))",
                    "{{server}}",
                ),
            ),
            unit="percentunit",
            warn=0.6,
            crit=0.8,
            width=6,
            alert="TradewireNatsDiskFull",
        ),
        Panel(
            title="Memory of the servers",
            shows="Resident memory of each server.",
            bad="Near the container's limit: raise it. It grows with connections and with what waits for slow clients.",
            queries=(Query("max by (server) (tradewire_nats_server_resident_memory_bytes{$sel})", "{{server}}"),),
            unit="bytes",
            width=6,
        ),
        Panel(
            title="Clients",
            shows="Clients of each server, of those that it takes.",
            bad="Climbs without end: a publisher that connects anew for every signal.",
            queries=(
                Query(
                    "max by (server) (tradewire_nats_server_connections{$sel}"
                    " / (tradewire_nats_server_max_connections{$sel} > 0))",
                    "{{server}}",
                ),
            ),
            unit="percentunit",
            warn=0.8,
            width=6,
        ),
        Panel(
            title="Slow clients and refused requests",
            shows="Clients that were cut off as too slow, and JetStream requests that were refused, in the chosen "
            "time.",
            bad="Slow: the process named in the server's log is full; see CPU. Refused: a stream that is missing, or "
            "a full disk.",
            queries=(
                Query(
                    "sum by (server) (increase(tradewire_nats_server_slow_consumers_total{$sel}[$__range]))",
                    "{{server}} slow",
                ),
                Query(
                    "sum by (server) (increase(tradewire_nats_jetstream_api_errors_total{$sel}[$__range]))",
                    "{{server}} refused",
                ),
            ),
            kind="bars",
            unit="none",
            decimals=0,
            alert="TradewireNatsDiskFull",
        ),
        Panel(
            title="Streams: size",
            shows="Size of each stream on disk.",
            bad="The log's stream keeps seven days and cuts off the oldest by itself; SIGNALS is emptied by ingest.",
            queries=(Query("max by (stream) (tradewire_nats_stream_bytes{$sel})", "{{stream}}"),),
            unit="bytes",
            alert="TradewireSignalsFull",
        ),
        Panel(
            title="Streams: messages",
            shows="Messages in each stream.",
            bad="SIGNALS climbs: ingest does not take them; see Pipeline.",
            queries=(Query("max by (stream) (tradewire_nats_stream_messages{$sel})", "{{stream}}"),),
            alert="TradewireSignalsFull",
        ),
    ),
)
INFRASTRUCTURE: Final = Board(
    uid="tradewire-infrastructure",
    title="Infrastructure",
    about="The processes, who leads, the log, and the two engines that it lives in.",
    rows=(_PROCESSES, _LOG, _POSTGRES, _NATS),
)
