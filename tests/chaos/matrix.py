"""The table of rows. Numbers are those of docs/how-to/run-the-fault-matrix.md."""

from tests.chaos.cells import CELLS
from tests.chaos.row import Row
from tests.chaos.rows import (
    broker,
    builds,
    clocks,
    days,
    ingest,
    kills,
    ledger,
    machines,
    nats,
    postgres,
    prices,
    renewal,
    services,
    storage,
    whole,
)
from tests.chaos.shape import Shape

_LEDGER_LINKS = ("sequencer.postgres", "reader.postgres")
_NATS_LINKS = ("sequencer.nats", "reader.nats", "ingest.nats", "risk.nats", "router.nats")
_BROKER_LINK = Shape(links=("router.paper",))
_CUT_OFF = Shape(links=("risk.nats", "router.nats"))
_CLOCKS = Shape(clocks=True, day_rolls_in=360, settings={"max_balance_age": "1h"})
_DAYS = Shape(clocks=True, settings={"accounts.paper.time_zone": days.ZONE, "paper.commission_per_share": "1"})
_STRICT_PRICES = Shape(settings={"max_price_age": "1s", "paper.price_from_signal": "false"})

ROWS: tuple[Row, ...] = (
    Row("1", "ingest or a publisher dies around append and ack", ingest.dies),
    Row("2", "risk dies around its decision", services.risk_dies),
    Row("3", "the router dies before the send", services.router_dies_before_the_send),
    Row("4", "the router dies after the send", services.router_dies_after_the_send),
    Row("5", "the ledger dies around its commit", ledger.sequencer_dies),
    Row("6", "SIGTERM to every process in turn", whole.rolling_restart, 14.0),
    Row("7", "a process freezes, longer than its lease", whole.frozen, 17.0),
    Row("8", "an old router wakes up beside its successor", whole.old_router_wakes, 22.0),
    Row("9", "NATS is killed and restarts", nats.killed),
    Row("10", "NATS is away for longer than signals live", nats.away, 12.0, Shape(max_signal_age="3s")),
    Row("11", "NATS freezes", nats.frozen, 9.0),
    Row("12", "the disk of NATS is full", storage.disk_full, 30.0, Shape(small_nats=True)),
    Row("13", "SIGNALS is full", storage.signals_full, 12.0),
    Row("13log", "the log's stream drops old frames", storage.log_dropped, 12.0, _CUT_OFF),
    Row("14", "the disk of NATS is lost", nats.disk_lost),
    Row("15", "a Postgres backend is killed", postgres.backend_killed),
    Row("16", "Postgres stops at once", postgres.stopped_at_once, 10.0),
    Row("17", "Postgres is locked or its backend frozen", postgres.locked_or_frozen, 11.0),
    Row("18", "the disk of Postgres is full", postgres.full_disk, 10.0, Shape(small_wal=True)),
    Row("19", "Postgres is cut off after COMMIT", postgres.cut_after_commit, 8.0, Shape(links=_LEDGER_LINKS)),
    Row("20", "a storm of conflicts between writers", ledger.conflicts),
    Row("21", "the broker's answer is lost", broker.answer_lost, 9.0, _BROKER_LINK),
    Row("22", "the broker places late", broker.placed_late, 14.0, Shape(absence_grace="5s")),
    Row("34", "the link to the broker is half open", broker.half_open, 9.0, _BROKER_LINK),
    Row("35", "the broker is killed", broker.broker_dies),
    Row("36", "duplicates, reorder and delay on every subject", nats.mangled, 9.0, Shape(_NATS_LINKS, mangled=True)),
    Row("37", "poison on every subject", ingest.poison),
    Row("38", "a slow ledger or a slow reader", postgres.slow, 10.0, Shape(links=_LEDGER_LINKS)),
    Row("39", "a clock jumps by ten minutes", clocks.clock_jumps, 11.0, _CLOCKS),
    Row("40", "the day rolls, clocks change, the exchange closes early", days.day_passes, 17.0, _DAYS),
    Row("41", "two ingests and the same key at once", ingest.two_with_the_same_key),
    Row("42", "KILL in the middle of a burst", broker.kill_switch, 14.0, _BROKER_LINK),
    Row("43", "KILL while the broker or the ledger is down", kills.killed_while_down, 10.0, _BROKER_LINK),
    Row("44", "the price feed freezes or says no price", prices.bad_quotes, 11.0, _STRICT_PRICES),
    Row("45", "settings change in the middle of the load", whole.reconfigured),
    Row("46", "nobody reads the logs", machines.logs_unread, 9.0),
    Row("46disk", "the disk of the logs is full", machines.log_disk_full, 9.0, Shape(small_logs=True)),
    Row("47", "a process has no descriptors or no memory left", machines.exhausted, 10.0),
    Row("48", "two builds at once", builds.mixed, 12.0),
    Row("49", "secrets and certificates are renewed, or have ended", renewal.swapped, 14.0, Shape(tls=True)),
    Row("50", "a row is tampered with by a superuser", ledger.tampered, 6.0),
    Row("two", "two ledgers at once", ledger.two_at_once),
)

EVERY: tuple[Row, ...] = (*ROWS, *(row for fault in CELLS for row in fault.own_rows))
"""The rows, and the further cells of the faults of brokers."""
BY_NAME = {row.name: row for row in EVERY}
