"""`preflight.json` in the data folder: the last result of each account, and every waiver that was ever given.

It is a record, not a lock: whoever may write to the data folder may change it.
"""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

import tradewire
from tradewire.domain.times import SECOND, instant, instant_text, span_text
from tradewire.errors import InvalidValue
from tradewire.settings import Settings
from tradewire_cli.engines.folder import DataFolder, write_atomically
from tradewire_cli.preflight.row import Result, Row, standing_in_the_way

GOOD_FOR: Final = 24 * 3_600 * SECOND
"""How long a green result lets a live account start and be resumed, in microseconds."""


class Outcome(Struct, frozen=True):
    """A result: when, by whom, and of what (`of`: the settings and the release). `passed` is the broker at which the
    account was green the last time; empty if never."""

    at: str
    by: str
    of: str
    green: bool
    rows: tuple[Row, ...]
    passed: str = ""


class Waiver(Struct, frozen=True):
    """One row that somebody let be: when, who, what it had come to, and why."""

    at: str
    by: str
    account: str
    row: str
    result: Result
    measured: str
    reason: str


class Record(Struct, frozen=True):
    """The file. `accounts` have the last result of each."""

    accounts: dict[str, Outcome] = {}
    waivers: tuple[Waiver, ...] = ()


def path_of(folder: DataFolder) -> Path:
    """Where the record is."""
    return folder.path / "preflight.json"


def read(folder: DataFolder) -> Record:
    """The record; an empty one when there is none, or none that can be read, which lets nothing pass."""
    try:
        return msgspec.json.decode(path_of(folder).read_bytes(), type=Record)
    except (OSError, msgspec.DecodeError):
        return Record()


def keep(folder: DataFolder, settings: Settings, account: str, rows: Sequence[Row], *, now: int, by: str) -> Outcome:
    """Writes a result down, with what was waived, and returns it."""
    record, at = read(folder), instant_text(now)
    before, profile = record.accounts.get(account), settings.accounts[account]
    green = not standing_in_the_way(rows, live=profile.is_live)
    passed = profile.broker if green else before.passed if before else ""
    outcome = Outcome(at, by, print_of(settings, account), green, tuple(rows), passed)
    waived = (Waiver(at, by, account, row.row, row.result, row.measured, row.waived) for row in rows if row.waived)
    new = replace(record, accounts=record.accounts | {account: outcome}, waivers=(*record.waivers, *waived))
    write_atomically(path_of(folder), msgspec.json.format(msgspec.json.encode(new)))
    return outcome


def print_of(settings: Settings, account: str) -> str:
    """A fingerprint of the release, the account's settings and the limits: a result is of these and of no others."""
    about = (tradewire.__version__, account, settings.accounts[account], settings.risk)
    return sha256(msgspec.json.encode(about, enc_hook=int)).hexdigest()[:16]


def objection(outcome: Outcome | None, of: str, now: int) -> str:
    """Why a result does not let an account pass; empty when it does."""
    if outcome is None:
        return "no preflight was made"
    try:
        age = now - instant(outcome.at)
    except InvalidValue:
        return "the last preflight has no time"
    if not outcome.green:
        return "the last preflight was not green"
    if outcome.of != of:
        return "the last preflight was of other settings or of another release"
    if not 0 <= age < GOOD_FOR:
        return f"the last preflight is not of the last {span_text(GOOD_FOR)}"
    return ""
