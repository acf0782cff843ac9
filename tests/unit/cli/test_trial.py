"""The order of a broker test, what risk's answer means for it, and how its steps add up."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from rich.console import Console

from tradewire.errors import TradewireError
from tradewire.live_rules import live_sentence
from tradewire.messages.risk_queries import Checked
from tradewire.messages.signal_parse import parse_signal
from tradewire.messages.vocabulary import CheckResult
from tradewire.settings import Account, Settings
from tradewire_cli.commands.broker import _code, _verify_live
from tradewire_cli.exits import INTERRUPTED, Exit
from tradewire_cli.trial import order, view
from tradewire_cli.trial.step import STEPS, Step, Steps
from tradewire_cli.trial.waiting import Comparison, comparison
from tradewire_router.brokers.alpaca.capabilities import CAPABILITIES
from tradewire_router.brokers.values import Instrument


def rules(**changes: Any) -> Instrument:
    fields: dict[str, Any] = {
        "symbol": "AAPL",
        "asset_class": "equity",
        "currency": "USD",
        "tick": Decimal("0.01"),
        "step": Decimal("0.000000001"),
        "min_quantity": Decimal("0.000000001"),
        **changes,
    }
    return Instrument(**fields)


COIN = {"symbol": "BTC/USD", "asset_class": "crypto", "min_quantity": Decimal("0.0001"), "step": Decimal("0.0001")}


@pytest.mark.parametrize(
    ("told", "market", "worth", "wanted", "said"),
    [
        ({}, "187.173", "0", None, "buy 1 AAPL at 159.09, limit day, 15 % below the market"),
        ({"step": Decimal(100), "min_quantity": Decimal(100)}, "10", "0", None, "buy 100 AAPL at 8.5, limit day"),
        ({}, "2", "10", None, "buy 5.882352942 AAPL at 1.7, limit day"),
        ({}, "100", "0", "3", "buy 3 AAPL at 85, limit day"),
        (COIN, "64000", "0", None, "buy 0.0001 BTC/USD at 54400, limit day"),
        (COIN, "64000", "10", None, "buy 0.0002 BTC/USD at 54400, limit day"),
        (COIN | {"min_notional": Decimal(20)}, "64000", "0", None, "buy 0.0004 BTC/USD at 54400"),
        (COIN | {"times_in_force": ("gtc", "ioc")}, "64000", "0", None, "buy 0.0001 BTC/USD at 54400, limit gtc"),
    ],
)
def test_the_order_is_as_small_as_it_may_be(
    told: dict[str, Any], market: str, worth: str, wanted: str | None, said: str
) -> None:
    made = order.draft(
        rules(**told), CAPABILITIES, Decimal(market), 15, Decimal(wanted) if wanted else None, Decimal(worth)
    )
    assert made.words.startswith(said)
    body = msgspec.json.encode(order.signal(made, "test-1", "main", 1_767_366_000_000_000))
    parsed = parse_signal("manual", body)
    assert (parsed.account, parsed.limit_price, parsed.quantity) == ("main", made.limit_price, made.quantity)
    assert (parsed.timestamp, parsed.valid_until) == (1_767_366_000_000_000, 1_767_366_060_000_000)


def answer(outcome: str, *checks: tuple[str, str | None, bool]) -> Checked:
    fields: dict[str, Any] = {
        "pos": 1,
        "at": 1,
        "outcome": outcome,
        "strategy": "manual",
        "account": "main",
        "symbol": "AAPL",
        "action": "buy",
        "currency": "USD",
        "checks": tuple(CheckResult(name, "1", limit, passed) for name, limit, passed in checks),
        "limits": {},
        "control": {},
    }
    return Checked(**fields)


def test_what_risk_says_beforehand() -> None:
    near = answer("denied", ("collar", "10", False), ("qty_max", "10", True))
    assert order.too_far(near)
    small = answer("denied", ("val_min", "25.50", False), ("notional", "30", False))
    assert order.least_worth(small) == 30
    assert order.least_worth(near) == 0
    assert order.denied(answer("denied", ("symbol", None, False), ("age", "30s", True))) == ("symbol",)
    first = answer("denied", ("instrument", "1d", False), ("price", None, False))
    assert order.denied(first) == (), "an order waits for what the broker is only asked for when it is ordered"
    assert order.denied(answer("approved", ("collar", "10", True))) == ()


def test_the_routers_metrics_tell_when_it_compared_and_what_differed() -> None:
    told = (
        b"# TYPE tradewire_router_open_breaks gauge\n"
        b'tradewire_router_open_breaks{account="main",kind="cash"} 1.0\n'
        b'tradewire_router_open_breaks{account="main",kind="order"} 0.0\n'
        b'tradewire_router_last_comparison_timestamp_seconds{account="main"} 1.767366e+09\n'
    )
    assert comparison(told) == Comparison(1_767_366_000.0, ("cash",))
    assert comparison(b'tradewire_router_last_comparison_timestamp_seconds{account="main"} 0.0\n') is None
    assert comparison(b"") is None


def test_a_live_account_needs_its_sentence() -> None:
    settings = Settings(accounts={"main": Account(broker="alpaca", environment="live"), "play": Account()})
    _verify_live(settings, "play", "")
    _verify_live(settings, "main", live_sentence("main"))
    for sentence in ("", "yes", live_sentence("play")):
        with pytest.raises(TradewireError, match="--live-sentence") as refused:
            _verify_live(settings, "main", sentence)
        assert "main trades real money" in str(refused.value)


@pytest.mark.parametrize(
    ("results", "interrupted", "code"),
    [
        (["ok", "n/a"], False, Exit.DONE),
        (["ok", "failed"], False, Exit.REFUSED),
        (["failed", "unknown"], False, Exit.UNKNOWN),
        (["ok"], True, INTERRUPTED),
        (["ok", "unknown"], True, Exit.UNKNOWN),
    ],
)
def test_the_exit_code_says_the_worst(results: list[Any], interrupted: bool, code: int) -> None:
    assert _code([Step("send", result, "") for result in results], interrupted=interrupted) == code


def test_steps_are_told_as_they_end_and_fit_the_terminal() -> None:
    out = Console(width=60, record=True, quiet=False, file=None, force_terminal=False)
    steps = Steps(lambda step: view.tell(out, step))
    steps.ok("connect", "pebble lets us in")
    steps.none("price", "pebble tells none, so --price says it: 10.00")
    steps.failed("send", "pebble refuses it: INSUFFICIENT_FUNDS: " + "words " * 12, "look there")
    lines = out.export_text().splitlines()
    assert lines[0] == "connect    ok              pebble lets us in"
    assert lines[1].startswith("price      not applicable  pebble tells none")
    assert all(len(line) <= 60 for line in lines)
    assert lines[-1].strip() == "→ look there"
    assert steps.missing() == [name for name in STEPS if name not in {"connect", "price", "send"}]
    said = view.verdict("main", steps.done, [], "0123456789")
    assert said.plain == "main: 1 ok, 1 failed, 1 not applicable; `tradewire why 01234567` has it all"
