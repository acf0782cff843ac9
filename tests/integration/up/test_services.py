"""The services under `tradewire up`: their order, their secrets, their ends."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.integration.up.standins import NAMES, StandIns, other
from tests.integration.up.starts import until, up
from tradewire_cli.engines.ports import free_port, is_free
from tradewire_cli.engines.testing import reachable_folder


@pytest.fixture
def data() -> Iterator[Path]:
    with reachable_folder() as folder:
        yield folder / "data"


@pytest.fixture
def standins(tmp_path: Path) -> StandIns:
    return StandIns(tmp_path / "standins")


def test_doors_close_first_and_the_ledger_last(data: Path, standins: StandIns) -> None:
    with up(data, services=True, environment=standins.environment) as started:
        started.wait_up()
        assert set(started.run.processes) == {"nats", "postgres", *NAMES}
        assert standins.events[0] == "migrated"
        assert started.end() == 0
    asked = [event for event in standins.events if event.endswith("asked")]
    assert asked == [f"{name} asked" for name in ("ingest", "risk", "router", "paper", "reader", "sequencer")]
    ends = [line.split()[0] for line in started.said.splitlines() if line.endswith(" stopped")]
    assert ends == ["ingest", "risk", "router", "paper", "reader", "sequencer", "nats", "postgres"]


def test_each_service_gets_its_own_secrets_and_no_others(data: Path, standins: StandIns) -> None:
    secret = {"TRADEWIRE_PAPER_TOKEN_FILE", "TRADEWIRE_POSTGRES_DSN", "TRADEWIRE_POSTGRES_READER_DSN",
              "TRADEWIRE_POSTGRES_ADMIN_DSN"}  # fmt: skip
    outside = {"TRADEWIRE_POSTGRES_ADMIN_DSN": "postgresql://secret", "TRADEWIRE_LOG_LEVEL": "debug"}
    with up(data, services=True, environment={**outside, **standins.environment}) as started:
        started.wait_up()
        ports = set()
        for name in NAMES:
            settings = standins.settings(name)
            assert settings["TRADEWIRE_NATS_NKEY_FILE"] == str(started.folder.seed_of(name))
            assert settings["TRADEWIRE_NATS_URL"] == started.run.urls["nats"]
            assert settings["TRADEWIRE_NATS_MONITOR_URLS"] == started.run.urls["nats_monitor"]
            assert settings["TRADEWIRE_DATA"] == str(data)
            assert settings["TRADEWIRE_LOG_LEVEL"] == "debug"
            assert settings["TRADEWIRE_HTTP_HOST"] == "127.0.0.1"
            assert f"http://127.0.0.1:{settings['TRADEWIRE_HTTP_PORT']}" == started.run.processes[name].http
            ports.add(settings["TRADEWIRE_HTTP_PORT"])
        assert len(ports) == len(NAMES)
        assert {name: secret & set(standins.settings(name)) for name in NAMES} == {
            "sequencer": {"TRADEWIRE_POSTGRES_DSN"},
            "reader": {"TRADEWIRE_POSTGRES_READER_DSN"},
            "paper": {"TRADEWIRE_PAPER_TOKEN_FILE"},
            "router": {"TRADEWIRE_PAPER_TOKEN_FILE"},
            "risk": set(),
            "ingest": set(),
        }
        paper, router = standins.settings("paper"), standins.settings("router")
        assert paper["TRADEWIRE_PAPER_ADDRESS"] == router["TRADEWIRE_PAPER_ADDRESS"]
        assert router["TRADEWIRE_ROUTER_ACCOUNT"] == "paper"


def test_a_service_that_dies_is_reaped_and_started_again(data: Path, standins: StandIns) -> None:
    with up(data, services=True, environment=standins.environment) as started:
        started.wait_up()
        pid, http = started.pid_of("router"), started.run.processes["router"].http
        os.kill(pid, signal.SIGKILL)
        until(lambda: other(started.run.processes.get("router"), pid), started)
        until(lambda: started.lines("router")[-1] == "ready", started)
        assert started.run.processes["router"].http == http
        assert started.said.index("reaped router") < started.said.index("starting it again")
        assert standins.events.count("router started") == 2
        assert standins.events.count("risk started") == 1


def test_killing_up_takes_the_services_along(data: Path, standins: StandIns) -> None:
    with up(data, services=True, environment=standins.environment) as started:
        started.wait_up()
        pids = [process.pid for process in started.run.processes.values()]
        assert len(pids) == 8
        started.end(signal.SIGKILL)
        until(lambda: not any(_runs(pid) for pid in pids), started)


@pytest.mark.parametrize("code", [2, 3])
def test_what_another_try_does_not_change_ends_the_start_with_the_same_code(
    data: Path, standins: StandIns, code: int
) -> None:
    standins.make("sequencer", "exit", str(code))
    with up(data, services=True, environment=standins.environment) as started:
        assert started.wait() == code
        assert "sequencer: ended with code" in started.said
        assert "sequencer cannot go on" in started.said
    assert standins.events.count("sequencer started") == 1


def test_a_service_that_never_becomes_ready_ends_the_start_with_1(data: Path, standins: StandIns) -> None:
    standins.make("risk", "exit", "9")
    with up(data, services=True, environment=standins.environment) as started:
        assert started.wait() == 1
        assert "risk: ended with code 9; it said last: risk cannot go on" in started.said
    assert standins.events.count("risk started") == 5


def test_a_service_that_breaks_later_is_tried_until_it_works(data: Path, standins: StandIns) -> None:
    with up(data, services=True, environment=standins.environment) as started:
        started.wait_up()
        ending = standins.make("sequencer", "exit", "3")
        os.kill(started.pid_of("sequencer"), signal.SIGKILL)
        until(lambda: any("ended with code 3" in line for line in started.lines("sequencer")), started)
        assert started.process.poll() is None
        ending.unlink()
        until(lambda: started.lines("sequencer")[-1] == "ready", started)
        assert started.end() == 0


def test_a_stubborn_service_is_killed_when_asked_twice(data: Path, standins: StandIns) -> None:
    standins.make("risk", "stubborn")
    with up(data, services=True, environment=standins.environment) as started:
        started.wait_up()
        pid = started.pid_of("risk")
        started.process.send_signal(signal.SIGINT)
        until(lambda: "risk asked" in standins.events, started)
        assert _runs(pid)
        assert started.end(signal.SIGINT) == 0
        assert not _runs(pid)


def test_reload_reaches_every_service(data: Path, standins: StandIns) -> None:
    with up(data, services=True, environment=standins.environment) as started:
        started.wait_up()
        started.process.send_signal(signal.SIGHUP)
        until(lambda: {f"{name} reloads" for name in NAMES} <= set(standins.events), started)
        assert started.end() == 0


def test_each_process_has_its_log(data: Path, standins: StandIns) -> None:
    standins.make("ingest", "exit", "2")
    with up(data, services=True, environment=standins.environment) as started:
        assert started.wait() == 2
        assert "ingest cannot go on" in (started.folder.logs / "ingest.log").read_text()
        assert {file.name for file in started.folder.logs.iterdir()} == {
            "up.log", "nats.log", "postgres.log", "migrate.log", *(f"{name}.log" for name in NAMES),
        }  # fmt: skip


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_port_that_is_set_is_the_first_of_as_many_as_there_are_services(data: Path, standins: StandIns) -> None:
    first = _free_row(len(NAMES))
    with up(data, services=True, environment={"TRADEWIRE_HTTP_PORT": str(first), **standins.environment}) as started:
        started.wait_up()
        ports = [int(standins.settings(name)["TRADEWIRE_HTTP_PORT"]) for name in NAMES]
        assert ports == list(range(first, first + len(NAMES)))
        assert started.run.processes["reader"].http == f"http://127.0.0.1:{first + 1}"


def test_a_port_that_is_taken_is_named_before_anything_starts(data: Path, standins: StandIns) -> None:
    first = _free_row(len(NAMES))
    with socket.create_server(("127.0.0.1", first + 1)):
        environment = {"TRADEWIRE_HTTP_PORT": str(first), **standins.environment}
        with up(data, services=True, environment=environment) as started:
            assert started.wait() == 2
    assert f"tradewire up: http.port: reader would answer at {first + 1}, which is taken" in started.said
    assert standins.events == []


def test_a_service_that_was_killed_without_a_word_is_said_to_have_ended_and_no_more(
    data: Path, standins: StandIns
) -> None:
    with up(data, services=True, environment=standins.environment) as started:
        started.wait_up()
        pid = started.pid_of("risk")
        os.kill(pid, signal.SIGKILL)
        until(lambda: other(started.run.processes.get("risk"), pid), started)
        assert "ended with signal 9; starting it again in 0.2 s" in started.lines("risk")


def _free_row(count: int) -> int:
    """The first of so many free ports in a row."""
    while True:
        first = free_port()
        if all(is_free("127.0.0.1", first + n) for n in range(count)):
            return first
