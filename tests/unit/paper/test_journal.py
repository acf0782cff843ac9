"""The journal on disk: durable, one owner, a torn end forgiven and nothing else."""

import os
from decimal import Decimal
from pathlib import Path

import pytest

from tradewire.errors import ConfigError
from tradewire_router.paper.journal import Journal, JournalError
from tradewire_router.paper.lines import CancelReceived, Line, Opened


def opened(seq: int) -> Line:
    return Opened(seq=seq, at=seq * 10, account="paper", currency="USD", cash=Decimal(seq))


def filled_with(folder: Path, count: int) -> Journal:
    journal = Journal(folder)
    for seq in range(1, count + 1):
        journal.append(opened(seq))
    journal.flush()
    return journal


def reread(folder: Path) -> tuple[list[int], Journal]:
    journal = Journal(folder)
    seen: list[int] = []
    journal.replay(lambda line, _: seen.append(line.seq))
    return seen, journal


def test_lines_come_back_in_order_at_their_places(tmp_path: Path) -> None:
    journal = filled_with(tmp_path, 1000)
    places = {}
    journal.close()
    again = Journal(tmp_path)
    again.replay(lambda line, offset: places.update({line.seq: offset}))
    assert list(places) == list(range(1, 1001))
    assert again.line_at(places[777]) == opened(777)
    assert [head.seq for head, _ in again.after(995)] == [996, 997, 998, 999, 1000]
    assert [head.seq for head, _ in again.after(0)] == list(range(1, 1001))
    assert [head.seq for head, _ in again.since(9_980)] == [998, 999, 1000]
    assert [head.seq for head, _ in again.since(0)][:1] == [1]
    assert list(again.after(1000)) == []
    again.close()


def test_a_place_is_known_before_the_line_is_durable(tmp_path: Path) -> None:
    journal = filled_with(tmp_path, 3)
    offset = journal.append(opened(4))
    assert journal.line_at(offset) == opened(4)
    journal.close()


def test_nothing_is_on_disk_before_the_flush(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(opened(1))
    assert journal.path.read_bytes() == b""
    journal.flush()
    assert journal.path.read_bytes().count(b"\n") == 1
    journal.close()


@pytest.mark.parametrize("torn", [b'{"kind":"open', b'{"kind":"opened","seq":6}', b"\x00\x00\x00", b"\x00\xff\n"])
def test_a_torn_end_is_cut_off_and_written_over(tmp_path: Path, torn: bytes) -> None:
    filled_with(tmp_path, 5).close()
    path = tmp_path / "journal.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + torn)
    seen, journal = reread(tmp_path)
    assert seen == [1, 2, 3, 4, 5]
    journal.append(CancelReceived(seq=6, at=60, account="paper", client_order_id="a"))
    journal.close()
    assert path.read_bytes().startswith(whole)
    assert reread(tmp_path)[0] == [1, 2, 3, 4, 5, 6]


def test_a_line_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    filled_with(tmp_path, 5).close()
    path = tmp_path / "journal.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"seq":3', b'"seq":"x"'))
    with pytest.raises(JournalError, match="cannot be read"):
        reread(tmp_path)


def test_a_missing_line_stops_the_start(tmp_path: Path) -> None:
    filled_with(tmp_path, 5).close()
    path = tmp_path / "journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:2] + lines[3:]))
    with pytest.raises(JournalError, match=r"line 4 .* follows line 2"):
        reread(tmp_path)


def test_a_journal_has_one_owner(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    with pytest.raises(ConfigError, match="in use"):
        Journal(tmp_path)
    journal.close()
    Journal(tmp_path).close()


def test_a_disk_that_refuses_is_an_error_and_nothing_is_told(tmp_path: Path) -> None:
    journal = filled_with(tmp_path, 1)
    journal.append(opened(2))
    os.close(journal._fd)
    with pytest.raises(JournalError, match="cannot be written"):
        journal.flush()
    assert journal.heard == []
    assert journal.durable_seq == 1
