"""A twin that starts again has everything as it was, ids too, whatever was refused or failed in between."""

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections import Counter
from http.client import HTTPException
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.twins.alpaca.options import options
from tests.twins.alpaca.state import State
from tests.twins.alpaca.venue import Alpaca
from tests.twins.kit.hosted import hosted
from tests.twins.kit.journal import entries
from tests.twins.kit.remote import Remote, started
from tests.twins.kit.replay import differences
from tests.twins.kit.server import Twin
from tests.twins.kit.store import KeptError, changes

KEYS = {"APCA-API-KEY-ID": "twin-key", "APCA-API-SECRET-KEY": "twin-secret"}
OPTIONS = {"rate_per_min": "140", "fees": "activities"}
FRAMES = 300
SYMBOLS = ("AAPL", "MSFT", "BTC/USD", "GRWG", "NONE")
WRONG = 0.25
"""How often an order has a field that cannot be."""


def fields(chance: Random) -> dict[str, Any]:
    """An order, often one that is refused: at once, after its client id was made, or after its legs were."""
    limit = str(chance.choice((50, 99, 101, 150)))
    symbol = chance.choice(SYMBOLS[:3])
    told: dict[str, Any] = {
        "symbol": symbol,
        "qty": "0.0123456" if symbol == "BTC/USD" else chance.choice(("1", "3")),
        "side": chance.choice(("buy", "buy", "sell")),
        "type": chance.choice(("market", "limit")),
        "time_in_force": "gtc",
        "order_class": chance.choice(("simple", "simple", "simple", "bracket")),
        "take_profit": {"limit_price": "500"},
        "stop_loss": {"stop_price": "10"},
    }
    told |= {"limit_price": limit} if told["type"] == "limit" else {}
    if chance.random() < WRONG:
        wrong = {"symbol": "NONE", "qty": "100000", "type": "hope", "take_profit": "wrong", "limit_price": "x"}
        told |= dict([chance.choice([*wrong.items()])])
    return told | ({"client_order_id": chance.choice(("a", "b", "c"))} if chance.random() < 0.1 else {})


def verb(chance: Random, state: State) -> tuple[str, dict[str, Any]]:
    """A verb of the venue's people, with arguments that need not be right."""
    order = {"order": chance.choice([*state.orders, "nobody"])}
    execution = {"execution": chance.choice([*state.executions, "none"])}
    price = str(chance.choice((98, 100, 102)))
    known: list[tuple[str, dict[str, Any]]] = [
        ("submit", fields(chance)),
        ("quote", {"symbol": chance.choice(SYMBOLS), "bid": price, "ask": str(int(price) + 1)}),
        (
            "quotes",
            {"symbols": ["AAPL", chance.choice(SYMBOLS)], "first": "100", "step": "0", "spread": "1", "count": 2},
        ),
        ("trade", {"symbol": "AAPL", "price": price}),
        ("bars", {"symbol": "AAPL", "bars": [{"t": "2026-01-05T00:00:00Z", "c": 1}, {"t": "2026-01-06T00:00:00Z"}]}),
        ("bars", {"symbol": "AAPL"}),
        ("session", {"name": chance.choice(("open", "open", "closed", "never"))}),
        ("fill", order | {"price": price, "qty": "1"}),
        ("fill", order | {"price": "x"}),
        ("bust", execution),
        ("correct", execution | {"price": chance.choice((price, "y"))}),
        (chance.choice(("cancel", "reject", "expire", "settle", "refuse_cancel", "refuse_replace")), order),
        ("activity", {"type": chance.choice(("DIV", "NOTHING")), "net_amount": "0.123456789"}),
        ("asset", {"symbol": chance.choice(SYMBOLS[:4]), "shortable": False, "min_size": chance.choice(("1", "z"))}),
        ("options", {"cancels": chance.choice(("pending", "at_once", "later"))}),
        ("dance", {}),
    ]
    return chance.choice(known)


def asked(chance: Random, state: State) -> tuple[str, str, object]:
    """A call of a client."""
    order = chance.choice([*state.orders, "nobody"])
    known: list[tuple[str, str, object]] = [
        *[("POST", "/v2/orders", fields(chance))] * 4,
        ("POST", "/v2/orders", ["no", "object"]),
        ("PATCH", f"/v2/orders/{order}", {"qty": chance.choice(("2", "x")), "limit_price": "97"}),
        ("DELETE", f"/v2/orders/{order}", None),
        ("DELETE", chance.choice(("/v2/positions/AAPL", "/v2/positions", "/v2/orders")), None),
        ("GET", "/v2/orders?status=all&limit=x", None),
        ("GET", "/v2/account", None),
    ]
    return chance.choice(known)


def ask(twin: Remote, method: str, path: str, body: object, keys: dict[str, str]) -> int:
    """One call; the answer's status."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(twin.url + path, data=data, method=method, headers=keys)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except HTTPException:
        return 0


def done(twin: Remote, name: str, args: dict[str, Any]) -> int:
    """One verb; 200, or 400 when it is refused, or fails in another way."""
    try:
        twin.do(name, **args)
    except ValueError:
        return 400
    return 200


def run(twin: Remote, venue: Alpaca, chance: Random) -> Counter[tuple[str, int]]:
    """Frames as they come; how often each kind ended how."""
    ends: Counter[tuple[str, int]] = Counter()
    for symbol in SYMBOLS[:4]:
        twin.do("quote", symbol=symbol, bid="100", ask="101")
    for _ in range(FRAMES):
        if chance.random() < 0.5:
            name, args = verb(chance, venue.state)
            ends["verb", done(twin, name, args)] += 1
        else:
            keys = {} if chance.random() < 0.1 else KEYS
            ends["call", ask(twin, *asked(chance, venue.state), keys)] += 1
    return ends


def again(folder: Path, **given: str) -> Alpaca:
    """A new venue that has taken up what a folder keeps."""
    venue = Alpaca(options({**OPTIONS, **given}))
    Twin(venue, folder).close()
    return venue


@pytest.mark.parametrize("seed", range(6))
def test_what_was_refused_changes_nothing_at_the_next_start(tmp_path: Path, seed: int) -> None:
    first = Alpaca(options(OPTIONS))
    with hosted(first, tmp_path) as twin:
        ends = run(twin, first, Random(seed))
    assert min(ends["verb", 200], ends["verb", 400], ends["call", 200]) > 20, ends
    assert min(ends["call", 401], ends["call", 403] + ends["call", 422]) > 2, ends
    second = again(tmp_path)
    assert first.state.executions
    assert second.ledger() == first.ledger()
    for venue in (first, second):
        venue.state.open_orders()  # what has ended is put aside when it is next looked for
    assert second.state == first.state
    assert second.options == first.options
    assert differences(entries(tmp_path / "journal.jsonl"), Alpaca(options(OPTIONS))) == []


def test_a_refused_order_has_drawn_its_ids_before_and_after_a_kill(tmp_path: Path) -> None:
    with started("tests.twins.alpaca", tmp_path) as twin:
        for symbol in ("AAPL", "MSFT"):
            twin.do("quote", symbol=symbol, bid="200", ask="201")
        day = {"time_in_force": "day"}
        twin.do("submit", symbol="AAPL", qty="1", side="buy", type="market", **day)
        twin.do("submit", symbol="AAPL", qty="1", side="sell", type="limit", limit_price="500", **day)
        with pytest.raises(ValueError, match="potential wash trade detected"):
            twin.do("submit", symbol="AAPL", qty="3", side="buy", type="market", **day)
        twin.do("submit", symbol="MSFT", qty="1", side="buy", type="market", **day)
        execution = twin.ledger()["executions"][-1]["id"]
        twin.do("correct", execution=execution, price="199")
        before = twin.ledger()
        assert twin.process is not None
        twin.process.send_signal(signal.SIGKILL)
        twin.process.wait()
    with started("tests.twins.alpaca", tmp_path) as twin:
        assert twin.ledger() == before


def test_a_refused_verb_is_kept_as_one(tmp_path: Path) -> None:
    with hosted(Alpaca(), tmp_path) as twin:
        with pytest.raises(ValueError, match="not an asset"):
            twin.do("quote", symbol="NONE", bid="1", ask="2")
        twin.do("quote", symbol="AAPL", bid="1", ask="2")
    kept = [(change["args"]["symbol"], "failed" in change) for change in changes(tmp_path / "state.jsonl")]
    assert kept == [("NONE", True), ("AAPL", False)]
    assert again(tmp_path).state.quotes.keys() == {"AAPL"}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ({"at": 1, "verb": "bust", "args": {"execution": "gone"}}, "execution 'gone' does not exist"),
        ({"at": 1, "verb": "session", "args": {"name": "open"}, "failed": "no"}, "it succeeds, and it failed then: no"),
        (
            {"at": 1, "call": {"method": "DELETE", "path": "/v2/orders/x"}, "status": 204},
            "answered with 404, and .* 204",
        ),
        ({"verb": "session"}, "KeyError|'at'"),
        ("{", "Expecting property name"),
    ],
)
def test_what_cannot_be_done_again_is_named_with_its_line_and_the_cure(
    tmp_path: Path, line: object, words: str
) -> None:
    path = tmp_path / "state.jsonl"
    good = json.dumps({"at": 1, "verb": "session", "args": {"name": "closed"}})
    path.write_text(f"{good}\n{line if isinstance(line, str) else json.dumps(line)}\n")
    with pytest.raises(KeptError, match=words) as told:
        again(tmp_path)
    assert str(told.value).startswith(f"{path}, line 2: ")
    assert "options that the folder was begun with" in str(told.value)
    assert "--fresh" in str(told.value)


def test_the_process_says_in_one_line_why_it_cannot_start(tmp_path: Path) -> None:
    (tmp_path / "state.jsonl").write_text('{"at":1,"verb":"bust","args":{"execution":"gone"}}\n')
    run = subprocess.run(
        [sys.executable, "-m", "tests.twins.alpaca", "--data", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout) == (1, "")
    (said,) = run.stderr.splitlines()
    assert said.startswith(f"{tmp_path / 'state.jsonl'}, line 1: ")
