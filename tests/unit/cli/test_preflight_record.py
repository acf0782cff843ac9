"""What makes an account green, what is written down of it, and what keeps a live one from trading."""

import os
from pathlib import Path

import msgspec
import psutil
import pytest

from tests.builders import TIME
from tests.live import live_config
from tests.unit.cli.builders import seen, widest
from tradewire.domain.switches import GLOBAL
from tradewire.domain.times import SECOND, instant_text
from tradewire.errors import InvalidValue
from tradewire.setting_reading import load
from tradewire.settings import Settings
from tradewire_cli.engines.folder import DataFolder
from tradewire_cli.exits import Exit, Failed
from tradewire_cli.preflight import guard, record, row, view
from tradewire_cli.preflight.row import ROWS, fail, ok, warn
from tradewire_cli.up.runfile import Run, write_run

HOUR = 3_600 * SECOND


def test_a_waiver_names_a_row_and_a_reason() -> None:
    assert row.waivers(["disk=new one is coming", "people=alone=fine"]) == {
        "disk": "new one is coming",
        "people": "alone=fine",
    }
    for wrong in (["disc=x"], ["disk"], ["disk="], ["disk= "], ["disk=a", "disk=b"]):
        with pytest.raises(InvalidValue, match="--waive"):
            row.waivers(wrong)


def test_what_fails_must_be_waived_and_with_real_money_warnings_too() -> None:
    rows = (ok("disk", "90%"), warn("backup", "none", "make one"), fail("keys", "none", "make one"))
    both = row.waive(rows, {"keys": "later", "backup": "later", "disk": "no matter"})

    assert [each.row for each in row.standing_in_the_way(rows, live=True)] == ["backup", "keys"]
    assert [each.row for each in row.standing_in_the_way(rows, live=False)] == ["keys"]
    assert row.standing_in_the_way(both, live=True) == ()
    assert [each.shown for each in both] == ["OK", "WAIVED", "WAIVED"]


@pytest.mark.parametrize("width", [80, 120])
def test_the_checklist_fits_its_terminal_and_says_what_is_left_to_do(width: int) -> None:
    long = "`tradewire keys add person NAME`, and much more of what there is to do so that it must be broken"
    rows = tuple(warn(name, "measured and found to be not quite what it should be " * 2, long) for name in ROWS)

    page = seen(view.checklist("real", row.waive(rows, {"disk": "a new one is coming"}), width, live=True), width)

    assert widest(page) <= width
    assert "waived: a new one is coming" in page
    assert "real is not green (19 WARN, 1 WAIVED)" in page
    assert "disk," not in page[page.index("real is not green") :]


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return DataFolder.at(tmp_path)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_with(tmp_path)


def settings_with(tmp_path: Path, **limits: str) -> Settings:
    path = tmp_path / "tradewire.toml"
    path.write_text(live_config(**limits))
    return load(str(path), {})


GREEN = (ok("disk", "90%"),)
RED = (fail("disk", "9%", "make room"),)


def test_a_result_is_written_down_with_every_waiver_there_ever_was(folder: DataFolder, settings: Settings) -> None:
    record.keep(folder, settings, "real", row.waive(RED, {"disk": "soon"}), now=TIME, by="person:owner")
    record.keep(folder, settings, "paper", row.waive(RED, {"disk": "later"}), now=TIME, by="person:bob")
    record.keep(folder, settings, "real", RED, now=TIME + HOUR, by="person:bob")

    kept = record.read(folder)

    assert [(w.account, w.by, w.row, w.result, w.reason, w.at) for w in kept.waivers] == [
        ("real", "person:owner", "disk", "FAIL", "soon", instant_text(TIME)),
        ("paper", "person:bob", "disk", "FAIL", "later", instant_text(TIME)),
    ]
    last = kept.accounts["real"]
    assert (last.green, last.passed, last.by, last.rows) == (False, "paper", "person:bob", RED)
    assert (folder.path / "preflight.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"accounts": {"real": {}}}'])
def test_a_record_that_cannot_be_read_lets_nothing_pass(folder: DataFolder, settings: Settings, content: bytes) -> None:
    (folder.path / "preflight.json").write_bytes(content)

    assert record.read(folder) == record.Record()
    assert guard.held_accounts(settings, folder, TIME)["router-real"].level == "HALT"


def test_a_result_is_good_for_a_day_for_the_same_settings(folder: DataFolder, settings: Settings) -> None:
    of = record.print_of(settings, "real")
    green = record.keep(folder, settings, "real", GREEN, now=TIME, by="person:owner")
    red = record.keep(folder, settings, "real", RED, now=TIME, by="person:owner")

    assert "no preflight was made" in record.objection(None, of, TIME)
    assert record.objection(green, of, TIME) == ""
    assert record.objection(green, of, TIME + record.GOOD_FOR - 1) == ""
    assert "1d" in record.objection(green, of, TIME + record.GOOD_FOR)
    assert record.objection(green, of, TIME - 1)
    assert "not green" in record.objection(red, of, TIME)
    looser = settings_with(folder.path, max_order_value="20000")
    assert "other settings" in record.objection(green, record.print_of(looser, "real"), TIME)
    assert record.print_of(settings, "paper") != of
    dry = {"real": msgspec.structs.replace(settings.accounts["real"], dry_run=True)}
    assert record.print_of(msgspec.structs.replace(settings, accounts=dry), "real") != of


# What keeps a live account from trading


def test_live_accounts_are_held_and_others_are_not(folder: DataFolder, settings: Settings) -> None:
    held = guard.held_accounts(settings, folder, TIME)

    assert list(held) == ["router-real"]
    assert held["router-real"].level == "HALT"
    assert held["router-real"].words.startswith("real is live, and no preflight was made, so it is at HALT: run ")


def test_one_that_was_green_at_its_broker_may_bring_home_what_it_holds(folder: DataFolder, settings: Settings) -> None:
    later = TIME + record.GOOD_FOR
    record.keep(folder, settings, "real", GREEN, now=TIME, by="person:owner")
    assert guard.held_accounts(settings, folder, later)["router-real"].level == "REDUCE_ONLY"

    kept = record.read(folder)
    elsewhere = msgspec.structs.replace(kept.accounts["real"], passed="alpaca")
    record.path_of(folder).write_bytes(msgspec.json.encode(record.Record(accounts={"real": elsewhere})))
    assert guard.held_accounts(settings, folder, later)["router-real"].level == "HALT"


def test_a_green_one_of_today_is_not_held(folder: DataFolder, settings: Settings) -> None:
    record.keep(folder, settings, "real", GREEN, now=TIME, by="person:owner")

    assert guard.held_accounts(settings, folder, TIME) == {}


def test_a_resume_of_a_live_account_needs_a_green_preflight(folder: DataFolder, settings: Settings) -> None:
    run = Run(
        pid=os.getpid(),
        started=psutil.Process().create_time(),
        shard="main",
        ports={},
        urls={},
        processes={},
        prints={name: record.print_of(settings, name) for name in settings.accounts},
        live=("real",),
    )
    write_run(folder.run_file, run)
    for scope in (GLOBAL, "account.paper", "strategy.real", "broker.paper", "real"):
        guard.verify_resume(scope, folder, TIME)
    with pytest.raises(Failed, match="real is live, and no preflight was made; run `tradewire preflight real`") as why:
        guard.verify_resume("account.real", folder, TIME)
    assert why.value.code is Exit.REFUSED

    record.keep(folder, settings, "real", GREEN, now=TIME, by="person:owner")
    guard.verify_resume("account.real", folder, TIME)
    record.keep(folder, settings, "real", RED, now=TIME, by="person:owner")
    with pytest.raises(Failed, match="not green"):
        guard.verify_resume("account.real", folder, TIME)
