"""What a decision would be: the same as the one that is made, and nothing is changed by asking."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.unit.risk.builders import SECOND, Log
from tests.unit.risk.picture import digest
from tests.unit.risk.replay_digest import steps
from tests.unit.risk.scenario import SETUP, Scenario
from tradewire.messages.order_events import OrderApproved
from tradewire.messages.risk_queries import Checked
from tradewire.messages.signal import Signal
from tradewire.messages.signal_parse import parse_signal
from tradewire.messages.vocabulary import SizeAsked
from tradewire_risk.domain.profile import Profile, Setup
from tradewire_risk.domain.what_if import requested, what_if


def signal(**fields: Any) -> Signal:
    body = {"id": "ask", "action": "buy", "symbol": "AAPL", "quantity": 10, **fields}
    given = {name: value for name, value in body.items() if value is not None}
    return parse_signal("momo", msgspec.json.encode(given))


def ask(log: Log, **fields: Any) -> Checked:
    return what_if(log.state, log.board, log.now, signal(**fields), fields.get("account", "paper"))


def busy() -> Log:
    """An account with cash, a position, working orders and one that waits."""
    log = Log(limits={"max_position_value": "3000", "max_balance_age": "60s"})
    log.cash("100000")
    log.instrument()
    log.balances("100000")
    held = log.approve("held", "buy", "12")
    log.submit(held)
    log.fill(held, "12")
    log.approve("working", "buy", "5", order_type="limit", limit_price=Decimal(99))
    return log


@pytest.mark.parametrize(
    ("fields", "outcome", "reason"),
    [
        ({"quantity": 10}, "approved", ""),
        ({"quantity": 14}, "denied", "POSITION_ABOVE_MAX"),
        ({"action": "close", "quantity": None}, "approved", ""),
        ({"action": "sell", "quantity": 13, "reduce_only": True}, "denied", "REDUCE_ONLY_ABOVE_POSITION"),
        ({"symbol": "MSFT"}, "denied", "PRICE_MISSING"),
        ({"quantity": None, "size": {"method": "percent_of_equity", "value": 1}}, "approved", ""),
        ({"order_type": "limit", "limit_price": 105}, "approved", ""),
    ],
)
def test_the_answer_is_the_decision_that_is_then_made(fields: dict[str, Any], outcome: str, reason: str) -> None:
    log = busy()
    before = digest(log.state)
    answer = ask(log, **fields)

    assert (answer.outcome, answer.reason) == (outcome, reason)
    assert digest(log.state) == before
    size = fields.get("size")
    order = log.request(
        "ask",
        fields.get("action", "buy") if fields.get("action") != "close" else None,
        None if fields.get("quantity", 10) is None else str(fields.get("quantity", 10)),
        **({"symbol": fields["symbol"]} if "symbol" in fields else {}),
        **({"size": SizeAsked(size["method"], Decimal(size["value"]))} if size else {}),
        **({"order_type": "limit", "limit_price": Decimal(105)} if "limit_price" in fields else {}),
        reduce_only=fields.get("reduce_only", False),
        signal_time=None,
    )
    made = log.decide(order).data
    assert made.every_check() == answer.checks
    assert made.quotes == answer.quotes
    assert (made.limits, made.control, made.sizing) == (answer.limits, answer.control, answer.sizing)
    if isinstance(made, OrderApproved):
        assert (made.side, made.quantity, made.price) == (answer.side, answer.quantity, answer.price)
        assert (made.cost or 0, made.expires_at) == (answer.cost, answer.until)


def test_a_digest_sees_every_change() -> None:
    log = busy()
    seen = {digest(log.state)}
    for change in (
        lambda: log.request("more"),
        log.run,
        lambda: log.balances("5"),
        lambda: log.halt("HALT", "symbol.KO"),
        lambda: log.mark("AAPL", "101"),
        lambda: log.set_limits({"max_order_value": "5"}, "account.paper", "anna"),
    ):
        change()
        assert digest(log.state) not in seen
        seen.add(digest(log.state))


@pytest.mark.parametrize("seed", range(5))
def test_asking_changes_nothing_whatever_has_happened(seed: int) -> None:
    log = Scenario().run(steps(seed, 120)).log
    for account in SETUP.accounts:
        log.state.windows.of(account)
    before = digest(log.state)
    for account in SETUP.accounts:
        for fields in ({}, {"action": "close", "quantity": None}, {"symbol": "MSFT", "quantity": 3}):
            ask(log, account=account, **fields)
    assert digest(log.state) == before


def test_asking_again_is_no_duplicate_but_an_order_that_was_sent_is() -> None:
    log = Log()
    assert [ask(log).outcome for _ in range(3)] == ["approved"] * 3
    log.approve("real", "buy", "10")
    again = ask(log)
    assert (again.outcome, again.reason) == ("denied", "DUPLICATE_ORDER")
    log.wait(11 * SECOND)
    log.quote("AAPL", "100")
    assert ask(log).outcome == "approved"


def test_an_order_that_needs_a_person_says_until_when() -> None:
    log = Log(limits={"approval_threshold": "500", "approval_deadline": "5m"})
    answer = ask(log)
    assert (answer.outcome, answer.reason) == ("held", "APPROVAL_REQUIRED")
    assert answer.until == log.now + 300 * SECOND
    assert [check.name for check in answer.checks if not check.passed] == ["approval"]


def test_an_answer_says_what_an_order_would_wait_for() -> None:
    log = Log(limits={"max_instrument_age": "1d"})
    log.request("earlier")
    answer = ask(log)
    assert answer.reason == "INSTRUMENT_UNKNOWN"
    assert [note.split()[0] for note in answer.notes] == ["The", "Orders"]
    assert "decided first: 1." in answer.notes[1]
    log.instrument()
    assert len(ask(log).notes) == 1


def test_the_order_that_is_asked_about_is_in_no_log() -> None:
    log = Log()
    sent = log.request("ask")
    asked = requested(log.state, signal(), "paper", log.now)
    assert asked.order != sent.order
    assert asked.signal != sent.signal
    assert asked.order not in log.state.orders.orders


@pytest.mark.parametrize(("broker", "notes"), [("paper", 0), ("alpaca", 1)])
def test_a_price_that_a_broker_would_be_asked_for_is_told_as_such(broker: str, notes: int) -> None:
    setup = Setup(accounts={"paper": Profile("paper", broker=broker)})
    log = Log(setup, limits={"allowed_symbols": "AAPL"}, price=None)
    answer = ask(log)
    assert answer.reason == "PRICE_MISSING"
    assert len([note for note in answer.notes if "quotes of a symbol" in note]) == notes
