"""The checklist row by row, at its boundaries."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.builders import TIME, new, stored
from tests.unit.runtime.test_sync import CUT, answering
from tradewire.domain.switches import GLOBAL, Limits, Switch, account_scopes
from tradewire.domain.times import SECOND
from tradewire.messages.account_events import BalancesReported, CashMoved, ReconciliationBroken
from tradewire.messages.chain import genesis, link
from tradewire.messages.log import Frame
from tradewire.messages.vocabulary import Discrepancy
from tradewire.settings import Account, Settings
from tradewire_cli.preflight import account_rows, custody_rows, probing, system_rows
from tradewire_cli.preflight.account_rows import PENDING, UP
from tradewire_cli.preflight.row import Row
from tradewire_cli.views.status import ProcessState

LIVE = Account(live=True)
SCOPES = account_scopes("real", "paper")
MOST = 60 * SECOND
HOUR = 3_600 * SECOND
LOG = "0e3c096a-1d81-41e3-a66c-3ad985220612"


def report(**changes: Any) -> BalancesReported:
    fields: dict[str, Any] = {"account": "real", "broker": "paper", "at": TIME, "state_pos": 1, "currency": "USD"}
    return BalancesReported(**{**fields, "cash": Decimal(100), "buying_power": Decimal(100), **changes})


def results(rows: dict[str, Row]) -> dict[str, str]:
    return {name: each.result for name, each in rows.items()}


# One account


def test_settings_are_those_that_run_and_a_live_accounts_are_complete() -> None:
    live = account_rows.settings(LIVE, 47, running=True)
    assert (live.result, live.measured) == ("OK", "valid; 47 limits set by name, and the live sentence is typed")
    assert "default" in account_rows.settings(Account(), 47, running=True).measured
    other = account_rows.settings(LIVE, 47, running=False)
    assert other.result == "FAIL"
    assert "--config" in other.fix


def test_an_account_is_where_the_running_system_has_it_and_its_mode_is_named() -> None:
    assert account_rows.account("real", LIVE, "paper").measured == "broker paper, mode live, a rehearsal: no real money"
    assert account_rows.account("paper", Account(), "paper").measured == "broker paper, mode paper"
    dry = account_rows.account("real", Account(broker="alpaca", environment="live", dry_run=True), "alpaca")
    assert (dry.result, dry.measured) == ("OK", "broker alpaca, mode live, on a dry run: nothing is sent")
    assert account_rows.account("real", LIVE, "alpaca").result == "FAIL"
    unknown = account_rows.account("real", LIVE, None)
    assert (unknown.result, "does not know it" in unknown.measured) == ("FAIL", True)


def test_a_router_is_ready_and_leads() -> None:
    assert account_rows.router("router", "", leads=True).result == "OK"
    assert account_rows.router("router", "", leads=False).result == "FAIL"
    waits = account_rows.router("router", "reconcile waits for its broker", leads=True)
    assert (waits.result, waits.measured) == ("FAIL", "router: reconcile waits for its broker")


@pytest.mark.parametrize(
    ("agreed", "broke", "result"),
    [(None, None, "FAIL"), (5, None, "OK"), (5, 4, "OK"), (4, 5, "FAIL"), (None, 5, "FAIL")],
)
def test_a_break_stands_until_agreement_comes_after_it(agreed: int | None, broke: int | None, result: str) -> None:
    differs = Discrepancy(kind="position", key="AAPL", ours="10", theirs="9")
    broken = ReconciliationBroken(account="real", broker="paper", differences=(differs,), epoch=1)

    found = account_rows.reconciled(
        None if agreed is None else (agreed, 90 * SECOND), None if broke is None else (broke, broken)
    )

    assert found.result == result
    if result == "OK":
        assert "agreed 1m 30s ago" in found.measured
    elif broke is not None:
        assert "position AAPL: log 10, broker 9" in found.measured


@pytest.mark.parametrize(
    ("told", "age", "result"),
    [
        (None, 0, "FAIL"),
        (report(), MOST, "OK"),
        (report(), MOST + 1, "FAIL"),
        (report(status="restricted"), 0, "FAIL"),
        (report(account="other"), 0, "FAIL"),
        (report(broker="alpaca"), 0, "FAIL"),
    ],
)
def test_a_broker_tells_of_this_account_and_not_too_long_ago(
    told: BalancesReported | None, age: int, result: str
) -> None:
    assert account_rows.broker(told, age, MOST, "paper", "real").result == result


@pytest.mark.parametrize(
    ("held", "result"),
    [
        ({GLOBAL: {"max_order_value": "5000"}}, "OK"),
        ({GLOBAL: {"max_order_value": "5000.0"}}, "OK"),
        ({GLOBAL: {"max_order_value": "4999.99"}}, "OK"),
        ({GLOBAL: {"max_order_value": "5000.01"}}, "FAIL"),
        ({GLOBAL: {"max_order_value": "none"}}, "FAIL"),
        ({GLOBAL: {"max_order_value": "9000"}, "account.real": {"max_order_value": "5000"}}, "OK"),
        ({GLOBAL: {"max_order_value": "9000"}, "account.other": {"max_order_value": "5000"}}, "FAIL"),
        ({GLOBAL: {"max_order_value": "9000"}, "symbol.AAPL": {"max_order_value": "5000"}}, "FAIL"),
        ({GLOBAL: {}}, "FAIL"),
        ({}, "FAIL"),
        ({GLOBAL: {"max_order_value": "much"}}, "FAIL"),
    ],
)
def test_limits_in_force_are_no_looser_than_configured(held: dict[str, dict[str, str]], result: str) -> None:
    found = account_rows.limits(
        {"max_order_value": "5000"}, {scope: Limits(limits=texts) for scope, texts in held.items()}, SCOPES
    )

    assert found.result == result, found.measured
    assert ("max_order_value" in found.measured) == (result == "FAIL")


@pytest.mark.parametrize(
    ("allowed", "result", "tighter"),
    [("AAPL,KO", "OK", False), ("AAPL", "OK", True), ("AAPL,MSFT", "FAIL", False), ("AAPL,KO,MSFT", "FAIL", False)],
)
def test_lists_of_symbols_are_compared_as_lists(allowed: str, result: str, tighter: bool) -> None:
    held = {GLOBAL: Limits(limits={"allowed_symbols": allowed})}

    found = account_rows.limits({"allowed_symbols": "AAPL,KO"}, held, SCOPES)

    assert found.result == result
    assert ("1 of them tighter" in found.measured) == tighter


OWN = Switch("HALT", UP, PENDING)


@pytest.mark.parametrize(
    ("held", "result"),
    [
        ({}, "OK"),
        ({"account.real": Switch("NONE", "person:owner", "well", 2)}, "OK"),
        ({"account.real": OWN}, "OK"),
        ({"account.real": Switch("REDUCE_ONLY", UP, PENDING)}, "OK"),
        ({"account.real": Switch("HALT", "person:owner", PENDING)}, "FAIL"),
        ({"account.real": Switch("HALT", UP, f"{PENDING}; before, it was at REDUCE_ONLY by risk: loss")}, "FAIL"),
        ({"account.real": OWN, GLOBAL: Switch("REDUCE_ONLY", "risk", "loss")}, "FAIL"),
        ({"broker.paper": Switch("HALT", "person:owner", "outage")}, "FAIL"),
        ({"account.other": Switch("HALT", "router", "break")}, "OK"),
        ({"strategy.momo": Switch("PAUSED", "person:owner", "odd")}, "WARN"),
        ({"symbol.AAPL": Switch("HALT", "person:owner", "split")}, "WARN"),
    ],
)
def test_no_switch_stands_but_preflights_own(held: dict[str, Switch], result: str) -> None:
    assert account_rows.switches(held, SCOPES).result == result


# What it stands on


def test_every_process_is_ready() -> None:
    good = ProcessState("risk", 1, 1, "")
    assert system_rows.processes([good]).result == "OK"
    found = system_rows.processes([good, ProcessState("ingest", 2, 1, "", "log is behind")])
    assert (found.result, found.measured) == ("FAIL", "ingest log is behind")


@pytest.mark.parametrize(
    ("problem", "streams", "verified", "result"),
    [
        ("", {"SIGNALS", "LOG_main", "OTHER"}, True, "OK"),
        ("", {"SIGNALS", "LOG_main"}, False, "WARN"),
        ("", {"SIGNALS"}, True, "FAIL"),
        ("", None, True, "FAIL"),
        ("no sync_interval: always", {"SIGNALS", "LOG_main"}, True, "FAIL"),
    ],
)
def test_nats_syncs_and_has_its_streams(problem: str, streams: set[str] | None, verified: bool, result: str) -> None:
    assert system_rows.nats(problem, streams, ("SIGNALS", "LOG_main"), verified=verified).result == result


def test_postgres_answers_and_keeps_what_it_commits() -> None:
    on = {"fsync": "on", "synchronous_commit": "remote_apply"}
    assert system_rows.postgres("", on).result == "OK"
    found = system_rows.postgres("", {**on, "fsync": "off"})
    assert (found.result, found.measured) == ("FAIL", "fsync: off")
    assert system_rows.postgres("does not answer", {}).result == "FAIL"


def chained(*, first: int = 1, events: int = 4) -> list[Frame]:
    """Frames of two events each, the first of them at a position, properly chained."""
    value, frames = genesis(LOG), []
    for number, start in enumerate(range(first, first + events, 2), start=first):
        cash = CashMoved(account="real", amount=Decimal(1), currency="USD", reason="deposit")
        pair = tuple(stored(new(cash, key=str(pos)), pos=pos, version=pos) for pos in (start, start + 1))
        for event in pair:
            value = link(value, event)
        frames.append(Frame(LOG, 1, number, start, start + 1, value.hex(), pair))
    return frames


@pytest.mark.parametrize("first", [1, 101])
def test_the_end_of_the_log_verifies_until_an_event_is_changed(first: int) -> None:
    frames = chained(first=first)
    head = frames[-1].last_pos
    assert system_rows.log(head, 0, LOG, frames).result == "OK"

    last = frames[-1]
    forged = msgspec.structs.replace(last.events[1], time=last.events[1].time + 1)
    changed = [*frames[:-1], msgspec.structs.replace(last, events=(last.events[0], forged))]
    found = system_rows.log(head, 0, LOG, changed)
    assert (found.result, "was changed" in found.measured) == ("FAIL", True)


def test_a_log_that_begins_anew_begins_at_its_genesis() -> None:
    assert "was changed" in system_rows.broken_link("another log", chained())


def test_a_log_is_whole_and_read_to_its_end() -> None:
    frames = chained(events=6)
    assert system_rows.log(6, 1, LOG, frames).result == "WARN"
    assert system_rows.log(7, 0, LOG, frames).result == "FAIL"
    assert system_rows.log(0, 0, LOG, []).result == "FAIL"
    assert "begins at position 5, after 2" in system_rows.log(6, 0, LOG, [frames[0], frames[2]]).measured


def test_a_backup_is_known_and_not_old() -> None:
    days = system_rows.BACKUP_DAYS * 24 * HOUR
    ages = {"none": None, "new": 0, "at the end": days, "old": days + 1}
    found = {name: system_rows.backup(age) for name, age in ages.items()}
    assert results(found) == {"none": "WARN", "new": "OK", "at the end": "OK", "old": "WARN"}
    assert found["none"].measured == "no backup is known"


def test_the_fullest_disk_counts() -> None:
    parts = {"0.0999": "FAIL", "0.10": "WARN", "0.1999": "WARN", "0.20": "OK"}
    assert {part: system_rows.disk({"/a": float(part), "/b": 0.9}).result for part in parts} == parts
    assert "/b" in system_rows.disk({"/a": 0.9, "/b": 0.5}).measured


@pytest.mark.parametrize(
    ("offsets", "synchronised", "result"),
    [
        ({"NATS": 2.0, "Postgres": -2.0}, True, "OK"),
        ({"NATS": 2.001}, True, "FAIL"),
        ({"NATS": 0.0, "Postgres": -2.001}, True, "FAIL"),
        ({"NATS": 0.0}, False, "WARN"),
        ({"NATS": 0.0}, None, "OK"),
        ({}, True, "FAIL"),
    ],
)
def test_the_clock_is_right(offsets: dict[str, float], synchronised: bool | None, result: str) -> None:
    assert system_rows.clock(offsets, synchronised=synchronised).result == result


@pytest.mark.parametrize(("theirs", "ahead"), [(10.0, 0.0), (12.0, 0.0), (12.5, 0.5), (9.25, -0.75)])
def test_a_clock_that_was_read_between_two_of_our_times_is_ahead_by_what_is_provable(
    theirs: float, ahead: float
) -> None:
    assert probing.ahead(theirs, 10.0, 12.0) == ahead


@pytest.mark.parametrize("answer", CUT)
async def test_an_answer_that_breaks_off_is_none(answer: bytes) -> None:
    async with answering(answer) as (url, _):
        assert await probing.jetstream(url) is None


def test_every_process_answers_and_is_of_one_build() -> None:
    assert system_rows.metrics({"risk": "", "ingest": ""}).result == "OK"
    assert system_rows.metrics({"risk": "", "ingest": "does not answer"}).result == "FAIL"
    assert system_rows.versions("1.0+a", {"risk": "1.0+a", "ingest": "1.0+a"}).result == "OK"
    for other in ("1.0+b", "1.1+a", ""):
        assert system_rows.versions("1.0+a", {"risk": "1.0+a", "ingest": other}).result == "FAIL"


# Who may do what


@pytest.mark.parametrize(
    ("users", "result"),
    [
        ({"person-owner": 0o600, "strategy-momo": 0o600, "risk": 0o600}, "OK"),
        ({"person-owner": 0o600, "strategy-momo": None}, "OK"),
        ({"person-owner": 0o600, "risk": 0o600}, "FAIL"),
        ({"strategy-momo": 0o600}, "FAIL"),
        ({"person-owner": 0o640, "strategy-momo": 0o600}, "FAIL"),
        ({"person-owner": 0o600, "strategy-momo": 0o600, "risk": 0o604}, "FAIL"),
    ],
)
def test_there_are_keys_and_nobody_else_can_read_them(users: dict[str, int | None], result: str) -> None:
    assert custody_rows.keys(users).result == result


def test_one_person_is_a_warning() -> None:
    assert [custody_rows.people(count).result for count in (0, 1, 2)] == ["WARN", "WARN", "OK"]


def test_what_this_release_does_not_have_is_said_and_not_pretended() -> None:
    """A section for doors or alerts needs a row that measures it."""
    assert not [name for name in Settings.__struct_fields__ if "hook" in name or "alert" in name or "notif" in name]
    assert custody_rows.webhook().measured == "not used: no webhook door is configured"
    assert (custody_rows.alerts().result, custody_rows.alerts().measured) == (
        "WARN",
        "no alert channel is configured",
    )
