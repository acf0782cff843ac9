from pathlib import Path

import pytest

from tests.unit.cli.builders import NOW
from tradewire_cli.commands.logs import logs
from tradewire_cli.exits import Failed
from tradewire_cli.views.logs import line, read_line

JSON = '{"service": "risk", "event": "order denied", "level": "warning", "why": "too large", "timestamp": "%s"}'


def test_a_line_of_a_service_says_when_who_how_grave_and_what() -> None:
    shown = line(read_line("risk", JSON % "2023-11-14T22:14:00.5Z"), NOW, named=True).plain

    assert shown.split()[1:] == ["risk", "warning", "order", "denied", 'why="too', 'large"']
    assert ".500" in shown


def test_a_line_that_is_no_json_is_shown_as_it_is() -> None:
    assert line(read_line("nats", "[1] Server is ready"), NOW, named=False).plain == "[1] Server is ready"


def test_a_trace_is_not_lost() -> None:
    read = read_line("risk", '{"event": "failed", "exception": "Traceback\\n  ValueError"}')

    assert "ValueError" in line(read, NOW, named=True).plain


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "risk.log").write_text("".join(JSON % f"2026-03-09T10:00:0{n}Z" + "\n" for n in (1, 3)))
    (tmp_path / "logs" / "ingest.log").write_text(JSON % "2026-03-09T10:00:02Z" + "\n")
    (tmp_path / "logs" / "nats.log").write_text("[1] Server is ready\n")
    return tmp_path


def test_services_are_told_together_in_the_order_of_their_times(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs(data=folder)

    assert [row.split()[2] for row in capsys.readouterr().out.splitlines()] == ["risk", "ingest", "risk"]


def test_the_last_lines_of_one_process(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logs("risk", count=1, as_json=True, data=folder)
    logs("nats", count=5, data=folder)

    assert capsys.readouterr().out.splitlines() == [JSON % "2026-03-09T10:00:03Z", "[1] Server is ready"]


def test_a_process_that_there_is_not_is_named_with_those_that_there_are(folder: Path) -> None:
    with pytest.raises(Failed, match="no process is called rsik; one of ingest, nats, risk"):
        logs("rsik", data=folder)


def test_a_folder_without_logs_is_said(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="there are no logs in"):
        logs(data=tmp_path)


def test_ids_are_as_short_as_people_write_them_and_those_for_programs_are_left_to_programs() -> None:
    raw = (
        '{"event": "order approved", "order": "753f846a-2a1c-540f-b9c2-7764d3aa0c28", "order_type": "limit", "pos": 7,'
        ' "event_id": "3947b122-2a1c-540f-b9c2-7764d3aa0c28", "trace_id": "3947b1222a1c540fb9c27764d3aa0c28"}'
    )
    read = read_line("risk", raw)
    assert read.details == "order=753f846a  order_type=limit  pos=7"
    assert read.raw == raw
