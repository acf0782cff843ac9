"""The judge of a twin's run finds each thing that may not be, in a run where everything else is right."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from decimal import Decimal
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from tests.twins.alpaca.judge import judge, main
from tests.twins.alpaca.options import options
from tests.twins.alpaca.venue import Alpaca
from tests.twins.kit.hosted import hosted
from tests.twins.kit.judge import REFUSED, Verdict
from tests.twins.kit.remote import Remote

CASH = Decimal(100_000)
KEYS = {"APCA-API-KEY-ID": "twin-key", "APCA-API-SECRET-KEY": "twin-secret"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "twin"


@pytest.fixture
def twin(folder: Path) -> Iterator[Remote]:
    """A twin with a market in AAPL, whose sales are charged."""
    with hosted(Alpaca(options({"fees": "activities"})), folder) as remote:
        remote.do("quote", symbol="AAPL", bid="99", ask="100")
        yield remote


def post(twin: Remote, client_order_id: str, **changes: str) -> int:
    """Posts an order for 2 AAPL at the market; the answer's status, 0 when there is none."""
    fields = {"symbol": "AAPL", "qty": "2", "side": "buy", "type": "market", "time_in_force": "day", **changes}
    body = json.dumps({"client_order_id": client_order_id, **fields}).encode()
    request = urllib.request.Request(f"{twin.url}/v2/orders", data=body, headers=KEYS)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except (OSError, HTTPException):
        return 0


def verdict(folder: Path, twin: Remote, **tampered: object) -> Verdict:
    return judge(folder / "journal.jsonl", {**twin.ledger(), **tampered}, CASH)


def test_a_run_is_read_to_the_last_cent(folder: Path, twin: Remote) -> None:
    assert post(twin, "bought") == 200
    assert post(twin, "sold", side="sell", qty="1") == 200
    assert post(twin, "resting", type="limit", limit_price="50") == 200
    first = twin.do("fill", client_order_id="resting", qty="1", price="50")
    twin.do("correct", execution=first["execution"], price="49")
    second = twin.do("fill", client_order_id="resting", qty="1", price="50")
    twin.do("bust", execution=second["execution"])
    twin.do(
        "submit", symbol="MSFT", qty="1", side="buy", type="limit", limit_price="9", time_in_force="gtc",
        client_order_id="hand",
    )  # fmt: skip
    twin.do("activity", type="DIV", net_amount="1.50", symbol="AAPL")
    found = verdict(folder, twin)
    assert (found.doubled, found.violations) == ([], [])
    assert {name: (sent.state, sent.filled) for name, sent in found.sent.items()} == {
        "bought": ("filled", Decimal(2)),
        "sold": ("filled", Decimal(1)),
        "resting": ("filled", Decimal(1)),  # its state is the venue's word, which a bust leaves
    }
    assert found.others == {"hand": "open"}
    assert found.positions == {"AAPL": Decimal(2)}
    assert found.fees == Decimal("0.01")
    assert found.cash == CASH - 200 + 99 - 49 + Decimal("1.50") - Decimal("0.01")


def test_a_second_post_of_an_id_is_doubled_whatever_became_of_either(folder: Path, twin: Remote) -> None:
    twin.arm("status_after", "POST /v2/orders", status=504)
    assert post(twin, "twice") == 504
    assert post(twin, "twice") == 422
    twin.arm("drop_before", "POST /v2/orders", times=2)
    assert [post(twin, "lost"), post(twin, "lost")] == [0, 0]
    found = verdict(folder, twin)
    assert found.doubled == ["twice was received again", "lost was received again"]
    assert (found.sent["twice"].state, found.sent["lost"].state) == ("filled", "never_arrived")


@pytest.mark.parametrize(
    ("fault", "changes", "state"),
    [
        ({}, {"qty": "5000"}, REFUSED),
        ({"kind": "drop_after"}, {"qty": "5000"}, REFUSED),
        ({"kind": "status_before", "status": 422}, {}, REFUSED),
        ({"kind": "status_before", "status": 429}, {}, "never_arrived"),
        ({"kind": "status_before", "status": 503}, {}, "never_arrived"),
        ({"kind": "reset_before"}, {}, "never_arrived"),
        ({"kind": "status_after", "status": 200}, {}, "filled"),
        ({"kind": "reset_after"}, {}, "filled"),
    ],
)
def test_what_became_of_an_order_is_what_the_venue_did(
    folder: Path, twin: Remote, fault: dict[str, Any], changes: dict[str, str], state: str
) -> None:
    if fault:
        twin.arm(on="POST /v2/orders", **fault)
    post(twin, "one", **changes)
    found = verdict(folder, twin)
    assert found.sent["one"].state == state
    assert (found.doubled, found.violations) == ([], [])


@pytest.mark.parametrize(
    ("tampered", "words"),
    [
        ({"cash": "100000"}, "cash is 99800, and the venue says 100000"),
        ({"positions": {}}, "positions are {'AAPL': Decimal('2')}, and the venue says {}"),
        ({"executions": []}, "one has filled 2, and its executions are 0"),
    ],
)
def test_books_that_do_not_add_up_are_found(
    folder: Path, twin: Remote, tampered: dict[str, object], words: str
) -> None:
    post(twin, "one")
    assert words in verdict(folder, twin, **tampered).violations


def test_two_orders_of_one_id_are_doubled(folder: Path, twin: Remote) -> None:
    post(twin, "one")
    orders = twin.ledger()["orders"]
    assert "one has 2 orders" in verdict(folder, twin, orders=[*orders, {**orders[0], "id": "other"}]).doubled


def test_the_command_line_says_it_with_its_exit_code(
    folder: Path, twin: Remote, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    post(twin, "one")
    ledger = tmp_path / "ledger.json"
    ledger.write_text(json.dumps(twin.ledger()))
    assert main([str(folder), "--ledger", str(ledger)]) == 0
    assert capsys.readouterr().out == "filled: 1\nexecutions: 1\ncash: 99800\nfees: 0\n"
    assert main([str(folder), "--ledger", str(ledger), "--cash", "5"]) == 1
    assert "VIOLATION cash is -195, and the venue says 99800" in capsys.readouterr().out
