"""A backup's file: whole and unchanged, or refused by its name."""

import re
from dataclasses import dataclass
from typing import Any

import pytest

from tests.unit.backup.files import LOG, chunks, header, parsed, rows, sealed
from tradewire_ledger.backup.form import MAGIC, BackupRefused, Row, Sealer, Trailer, parse_row, unreadable, verify

NAME = "some.twbackup"


async def refused(data: bytes) -> str:
    with pytest.raises(BackupRefused) as error:
        await verify(NAME, chunks(data))
    assert str(error.value).startswith(f"{NAME}: ")
    return str(error.value)


async def test_a_file_is_read_as_it_was_written() -> None:
    raws = rows(10)
    summary = await verify(NAME, chunks(sealed(raws)))

    assert summary.header == header(raws)
    assert summary.trailer == Trailer(10, 5, [("ClockStepped", 1)])
    assert summary.bytes == len(sealed(raws))
    assert (await verify(NAME, chunks(sealed(raws, block=1), size=1_000_000))).header == summary.header


async def test_a_change_of_any_byte_is_found() -> None:
    """Every byte of a small file, so also those of lengths, kinds, seals and of the end."""
    data = sealed(rows(4))
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 0x20
        await refused(bytes(changed))


async def test_a_file_that_ends_too_early_is_found_wherever_it_ends() -> None:
    data = sealed(rows(4))
    for at in range(len(data)):
        said = await refused(data[:at])
        assert "not whole" in said or "is not a Tradewire backup" in said


async def test_what_comes_behind_the_end_is_refused() -> None:
    assert "goes on after its end" in await refused(sealed(rows(4)) + b"x")


async def test_a_corrupted_block_says_between_which_bytes() -> None:
    data = bytearray(sealed(rows(9)))
    data[-100] ^= 1
    found = re.search(r"is damaged between bytes (\d+) and (\d+)", await refused(bytes(data)))
    assert found is not None
    assert int(found[1]) <= len(data) - 100 < int(found[2])


async def test_another_format_and_no_backup_at_all_are_named() -> None:
    assert "is of format 2, and this release reads 1" in await refused(b"tradewire backup 2\nwhatever follows")
    assert "is not a Tradewire backup" in await refused(b"PK\x03\x04 some archive of other kind")


@dataclass
class Wrong:
    """A file whose seals are right and whose content is not: made by somebody, not by an accident."""

    raws: list[bytes]
    changes: dict[str, Any]
    says: str


def _swapped() -> list[bytes]:
    good = rows(6)
    return [good[0], good[2], good[1], *good[3:]]


@pytest.mark.parametrize(
    "wrong",
    [
        Wrong(rows(6)[:5], {"pos": 6, "frame": 3}, "its head is at position 6, and its rows end at 5"),
        Wrong(_swapped(), {}, "position 2 does not follow"),
        Wrong([*rows(6)[:3], *rows(6, log_id=LOG.replace("7c", "8d"))[3:]], {}, "the hash chain is broken"),
        Wrong(rows(6), {"log_id": LOG.replace("7c", "8d")}, "position 1 does not follow"),
        Wrong(rows(6), {"hash": "00" * 32}, "its head is at position 6"),
        Wrong(rows(6), {"frame": 2}, "its head is at position 6"),
        Wrong([*rows(6, ends=(3, 6))[:3], *rows(6, ends=(2, 6))[3:]], {"frame": 2}, "frame 2 does not end"),
    ],
    ids=["a row is missing", "order", "rows of another log", "another log's name", "head", "frames", "a frame's rows"],
)
async def test_a_file_that_contradicts_itself_is_refused(wrong: Wrong) -> None:
    head = header(wrong.raws, **wrong.changes)
    assert wrong.says in await refused(sealed(wrong.raws, head))


async def test_what_the_end_counts_must_be_there() -> None:
    raws = rows(4)
    sealer = Sealer()
    data = sealer.begin(header(raws)) + sealer.rows(b"".join(raws), [parsed(raw) for raw in raws])
    sealer.events += 1
    assert "says that it holds 5 events, and holds 4" in await refused(data + sealer.end())


async def test_a_block_that_would_not_fit_into_memory_is_refused_before_it_is_read() -> None:
    data = MAGIC + b"H" + (1 << 30).to_bytes(4, "big")
    assert "a block of 1,073,741,824 bytes" in await refused(data)


async def test_what_this_release_cannot_go_on_with_is_said() -> None:
    raws = rows(3, kinds=("ClockStepped", "OrderTeleported", "ClockStepped"))
    newer = await verify(NAME, chunks(sealed(raws)))
    assert "holds events OrderTeleported of schema 1, which this release does not know" in unreadable(newer, "0005")
    known = await verify(NAME, chunks(sealed(rows(3))))
    assert unreadable(known, "0002") == ""
    assert "was made over the database schema 0002" in unreadable(known, "0001")


def test_a_row_comes_in_pieces() -> None:
    [raw] = rows(1)
    for at in range(len(raw)):
        assert parse_row(raw[:at], 0) is None
    found = parse_row(b"xx" + raw + b"more", 2)
    assert found is not None
    row, end = found
    assert end == 2 + len(raw)
    assert isinstance(row, Row)
    assert (row.pos, row.type, row.schema, row.frame and row.frame[:2]) == (1, "ClockStepped", 1, (1, 1))


def test_what_is_no_row_is_refused() -> None:
    with pytest.raises(ValueError, match="no row"):
        parse_row(b"\xff\xff\xff\xff" * 16, 0)
