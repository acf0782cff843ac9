"""The kit's own parts: the menu's rules, kept state, the control calls, the process, a client that asks for JSON."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import aiohttp
import msgspec
import pytest

from tests.twins.alpaca.venue import Alpaca
from tests.twins.kit.faults import CALL_FAULTS, PUSH_FAULTS, Fault, Menu
from tests.twins.kit.hosted import hosted
from tests.twins.kit.journal import Journal, entries
from tests.twins.kit.remote import started
from tests.twins.kit.server import Twin
from tests.twins.kit.store import Store, changes


def test_a_fault_bites_for_its_time_only() -> None:
    now = 0.0
    menu = Menu(lambda: now)
    menu.arm(Fault(kind="status_before", on="GET /a*", status=500, times=0, seconds=5))
    assert len(menu.bite("GET /abc")) == 1
    assert menu.bite("GET /b") == []
    now = 6.0
    assert menu.bite("GET /abc") == []
    assert menu.told()[0]["bitten"] == 1


def test_a_standing_fault_is_over_when_its_time_is() -> None:
    now = 0.0
    menu = Menu(lambda: now)
    menu.arm(Fault(kind="mute", on="push trade_updates *", seconds=5))
    assert menu.standing("mute", "trade_updates")
    assert not menu.standing("mute", "data")
    now = 6.0
    assert not menu.standing("mute", "trade_updates")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(kind="lose", on="POST /v2/orders"), "a fault on 'POST /v2/orders' is one of"),
        (Fault(kind="drop_after", on="push a b"), "not 'drop_after'"),
        (Fault(kind="status_after", on="GET /"), "needs a status"),
        (Fault(kind="drop_after", on="GET /", nth=0), "nth starts at 1"),
    ],
)
def test_a_fault_that_makes_no_sense_is_not_armed(fault: Fault, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Menu().arm(fault)


def test_a_change_that_was_cut_short_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "state.jsonl"
    path.write_bytes(b'{"at":1}\n{"at":2}\n{"at"')
    store = Store(path)
    store.append({"at": 3})
    store.close()
    assert [change["at"] for change in changes(path)] == [1, 2, 3]


def test_a_journal_goes_on_where_it_ended(tmp_path: Path) -> None:
    for _ in range(2):
        journal = Journal(tmp_path / "journal.jsonl", ["secret"])
        journal.write("in", frame={"deep": [{"Secret": "x"}]})
        journal.close()
    found = list(entries(tmp_path / "journal.jsonl"))
    assert [entry["n"] for entry in found] == [1, 2]
    assert found[0]["frame"] == {"deep": [{"Secret": "[redacted]"}]}


def test_the_control_calls_say_what_there_is_and_what_was_wrong() -> None:
    with hosted(Alpaca()) as twin:
        told = twin.call("GET", "")
        assert told["venue"] == "alpaca"
        assert told["faults"] == {"calls": CALL_FAULTS, "pushes": PUSH_FAULTS}
        assert {"quote", "fill", "bust", "correct", "clock", "keys"} <= set(told["verbs"])
        for method, path, body, words in (
            ("POST", "do", {"verb": "dance"}, "'dance' is not a verb"),
            ("POST", "do", {"verb": "quote", "args": {"symbol": "AAPL", "bid": "x", "ask": "1"}}, "bid is a number"),
            ("POST", "do", {"verb": "fill", "args": {"order": "x", "price": "1"}}, "order not found"),
            ("POST", "do", {"verb": "options", "args": {"duplicate_code": "7"}}, "Invalid enum value"),
            ("POST", "faults", {"kind": "lose", "on": "GET /"}, "is one of"),
            ("POST", "faults", {"kind": "lose", "on": "push a b", "why": ""}, "unknown field"),
            ("GET", "nothing", None, "no control call"),
        ):
            with pytest.raises(ValueError, match=words):
                twin.call(method, path, body)


async def test_faults_are_armed_in_process_too() -> None:
    twin = Twin(Alpaca())
    async with twin.served(), aiohttp.ClientSession() as session:
        twin.arm(Fault(kind="status_before", on="GET /v2/clock", status=503))
        async with session.get(f"{twin.url}/v2/clock") as answer:
            assert answer.status == 503
        async with session.get(f"{twin.url}/v2/clock") as answer:
            assert answer.status == 401


async def test_what_is_done_to_the_wire_is_in_the_journal() -> None:
    twin = Twin(Alpaca())
    async with twin.served():
        fault = Fault(kind="hold", on="push trade_updates *", seconds=5)
        number = twin.arm(fault)
        twin.disarm(number)
        twin.disarm()
        twin.hang_up(reset=True)
        done = [
            {name: value for name, value in entry.items() if name not in {"n", "at"}} for entry in twin.journal.last
        ]
    assert done == [
        {"kind": "armed", "id": number, "fault": msgspec.to_builtins(fault)},
        {"kind": "disarmed", "id": number},
        {"kind": "disarmed", "id": None},
        {"kind": "hung_up", "reset": True},
    ]


async def test_a_client_that_does_not_ask_for_messagepack_gets_json() -> None:
    twin = Twin(Alpaca())
    async with twin.served(), aiohttp.ClientSession() as session, session.ws_connect(f"{twin.url}/v2/iex") as socket:
        assert await socket.receive_json() == [{"T": "success", "msg": "connected"}]
        await socket.send_json({"action": "subscribe", "quotes": ["AAPL"]})
        assert (await socket.receive_json())[0]["code"] == 401
        await socket.send_json({"action": "auth", "key": "twin-key", "secret": "twin-secret"})
        assert await socket.receive_json() == [{"T": "success", "msg": "authenticated"}]
        await socket.send_json({"action": "subscribe", "quotes": [f"S{n}" for n in range(31)]})
        assert (await socket.receive_json())[0]["code"] == 405
        await socket.send_json({"action": "subscribe", "quotes": ["AAPL"]})
        assert (await socket.receive_json())[0]["quotes"] == ["AAPL"]
        await socket.send_str("nonsense")
        assert (await socket.receive_json())[0]["code"] == 400
        twin.do("quote", {"symbol": "AAPL", "bid": "1", "ask": "2"})
        (told,) = await socket.receive_json()
        assert (told["T"], told["S"], told["bp"], told["ap"]) == ("q", "AAPL", 1.0, 2.0)


def test_the_process_says_where_it_listens_and_ends_when_told(tmp_path: Path) -> None:
    with started("tests.twins.alpaca", tmp_path, "--option", "cash=5") as twin:
        assert twin.url.startswith("http://127.0.0.1:")
        assert twin.ledger()["cash"] == "5"
        assert twin.process is not None
        twin.process.send_signal(signal.SIGTERM)
        assert twin.process.wait() == 0


@pytest.mark.parametrize("option", ["speed=9", "duplicate_code=1", "cash"])
def test_the_process_refuses_an_option_that_is_wrong(tmp_path: Path, option: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.twins.alpaca", "--data", str(tmp_path), "--option", option],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 2
    assert "--option" in run.stderr
    assert json.dumps(run.stdout) == '""'
