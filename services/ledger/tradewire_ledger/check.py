"""`check`: the invariants of the log, over what Postgres holds, offline or beside a running system.

It reads as the reader's role, in one snapshot of the database. The read model is rebuilt inside a transaction that is
rolled back, so nothing is changed; a running reader waits meanwhile, unless the rebuild is left out.
"""

import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct

from tradewire.domain.audit.audit import Audit
from tradewire.domain.audit.findings import INVARIANTS, Report, Violation
from tradewire.errors import LogError, Unavailable
from tradewire.settings import Settings
from tradewire_ledger.reader.command import opened
from tradewire_ledger.reader.rebuild import rebuild
from tradewire_ledger.reader.store import Connection, Store
from tradewire_ledger.rows import event_of

_ROWS = 2_000
_PROGRESS_ROWS = 50_000
_SHOWN = 20

_EVENTS = """
select pos, stream, version, event_id, type, schema, at, time, writer, correlation_id, causation_id, data, hash
from ledger.event order by pos
"""
_FRAMES = """
select f.frame, f.first_pos, f.last_pos, f.hash, e.hash as stored
from ledger.frame f left join ledger.event e on e.pos = f.last_pos order by f.frame
"""

_TRIGGERS = """
select c.relname || '.' || t.tgname as name, t.tgenabled = 'A' as always
from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'ledger' and not t.tgisinternal
"""
_GUARDS = ("event.event_append_only", "event.event_no_truncate", "frame.frame_append_only", "frame.frame_no_truncate")
"""The triggers that keep the log append-only, as the migrations make them."""

Progress = Callable[[int, int], None]


class Verdict(Struct, frozen=True):
    """What a check found: `tested` counts the tests of each invariant, `violations` the findings in log order."""

    log_id: str
    pos: int
    clean: bool
    tested: dict[str, int]
    violations: list[Violation]
    read_model: str


class _RolledBack(Exception):  # noqa: N818 - how a transaction is left without a trace
    pass


async def check(settings: Settings, *, settled: bool, quick: bool, progress: Progress) -> Verdict:
    """Audits the whole log. `settled` asserts that nothing is in flight, `quick` leaves the rebuild out.

    Raises:
        ConfigError: no reader_dsn is set.
        Unavailable: Postgres does not answer, or holds no log.
    """
    async with opened(settings) as store:
        connection = store.connection
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            head: Any = await connection.fetchrow("select log_id, frame, pos, hash from ledger.head")
            if head is None:
                raise Unavailable("there is no log yet: nothing was ever appended")
            audit = Audit(str(head["log_id"]), _currencies(settings), settled=settled)
            await guarded(connection, audit.report, head)
            await _feed(connection, audit, head, progress)
            audit.finish()
            at = await connection.fetchval("select pos from read.checkpoint")
            if at == head["pos"]:
                await compare(connection, audit)
            report = audit.report
            _compare_head(report, audit, head)
        read_model = "not rebuilt"
        if not quick:
            read_model = await _rebuilt(store, report, progress)
    report.violations.sort(key=lambda found: found.pos or head["pos"] + 1)
    return Verdict(
        str(head["log_id"]), head["pos"], not report.violations, report.tested, report.violations, read_model
    )


def _currencies(settings: Settings) -> dict[str, str]:
    return {name: account.currency for name, account in settings.accounts.items()}


async def guarded(connection: Connection, report: Report, head: Any) -> None:
    """Tests that the triggers stand: whoever disables one can rewrite what the chain alone then proves."""
    found = {row["name"]: row["always"] for row in await connection.fetch(_TRIGGERS)}
    for name in _GUARDS:
        table, _, trigger = name.partition(".")
        state = "is disabled, or does not always fire" if name in found else "is gone"
        words = f"its trigger {trigger} {state}; make it anew as the migration 0001_log.sql does"
        report.test_at("L0", found.get(name, False), head["pos"], f"ledger.{table}", words)


async def _feed(connection: Connection, audit: Audit, head: Any, progress: Progress) -> None:
    async for row in connection.cursor(_EVENTS, prefetch=_ROWS):
        audit.feed(event_of(row), row["hash"])
        if row["pos"] % _PROGRESS_ROWS == 0:
            progress(row["pos"], head["pos"])
    async for row in connection.cursor(_FRAMES, prefetch=_ROWS):
        audit.frames.feed(row["frame"], row["first_pos"], row["last_pos"], row["hash"], row["stored"])


def _compare_head(report: Report, audit: Audit, head: Any) -> None:
    ends = (audit.log.pos, audit.frames.pos, audit.frames.frame, audit.log.hash)
    expected = (head["pos"], head["pos"], head["frame"], head["hash"])
    report.test_at("L3", ends == expected, head["pos"], "head", "the head is not where events and frames end")


async def compare(connection: Connection, audit: Audit) -> None:
    """Tests the read model's positions and cash against the audit's sums, where both are at one position."""
    positions = await connection.fetch("select account, symbol, quantity from read.positions")
    cash = await connection.fetch("select account, currency, cash from read.cash")
    audit.money.compare(
        {(row["account"], row["symbol"]): Decimal(row["quantity"]) for row in positions},
        {(row["account"], row["currency"]): Decimal(row["cash"]) for row in cash},
    )


async def _rebuilt(store: Store, report: Report, progress: Progress) -> str:
    try:
        async with store.connection.transaction():
            made = await rebuild(store, progress)
            raise _RolledBack
    except _RolledBack:
        pass
    except LogError as error:
        report.test_at("P1", False, 0, "read model", str(error))
        return "cannot be rebuilt"
    if made.before is None:
        return "is of another log or version; the reader will rebuild it"
    differing = [name for name, value in made.after.tables.items() if made.before.tables.get(name) != value]
    report.test_at("P1", not differing, made.after.pos, "read model", f"differs in {', '.join(differing)}")
    return f"equals its rebuild at position {made.after.pos}" if not differing else "differs from its rebuild"


def say_progress(done: int, total: int) -> None:
    """A line on standard error, now and then."""
    if done % _PROGRESS_ROWS == 0 or done == total:
        print(f"checked {done:,} of {total:,} positions", file=sys.stderr)  # noqa: T201 - a command line speaks


def as_json(verdict: Verdict) -> str:
    """The verdict for programs."""
    return msgspec.json.encode(verdict).decode()


def as_text(verdict: Verdict) -> str:
    """The verdict for people: a line per invariant, then the findings, the first one first."""
    failed = {found.invariant for found in verdict.violations}
    lines = [f"log {verdict.log_id}, {verdict.pos:,} positions; the read model {verdict.read_model}", ""]
    for name, words in INVARIANTS.items():
        count = verdict.tested.get(name, 0)
        state = "BROKEN" if name in failed else "holds" if count else "-"
        lines.append(f"  {name:<3} {state:<7} {count:>9,}  {words}")
    lines.append("")
    for found in verdict.violations[:_SHOWN]:
        where = f"position {found.pos}, " if found.pos else ""
        lines.append(f"{found.invariant}: {where}{found.stream}: {found.message}")
    if len(verdict.violations) > _SHOWN:
        lines.append(f"… and {len(verdict.violations) - _SHOWN:,} more")
    lines.append("clean" if verdict.clean else f"{len(verdict.violations):,} violations")
    return "\n".join(lines)
