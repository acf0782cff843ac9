"""People control risk from the command line: limits, approvals, pauses, and a second person where money is real."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.cli.system import Said, Up, started_up, tradewire
from tests.live import live_config
from tradewire_cli.exits import Exit

pytestmark = pytest.mark.usefixtures("up")


@pytest.fixture(scope="module")
def up(data: Path) -> Iterator[Up]:
    """A system with an account that is taken as live."""
    with started_up(data, live_config(max_price_age="5m", max_signal_age="5m")) as system:
        yield system


def send(data: Path, *arguments: str) -> Said:
    return tradewire(data, "send", *arguments, "--wait", "--json")


def bob_has_a_key(data: Path) -> None:
    """The second person, in whichever test is the first to need one."""
    if "person-bob" not in tradewire(data, "keys", "list").out:
        assert tradewire(data, "keys", "add", "person", "bob").code == Exit.DONE


def rows(said: Said, limit: str) -> list[tuple[str, str]]:
    """A limit's values with their scopes."""
    return [(row["value"], row["scope"]) for row in said.json["limits"] if row["limit"] == limit]


def test_a_limit_of_a_scope_holds_at_once_and_says_where_it_comes_from(data: Path) -> None:
    assert send(data, "buy", "KO", "10", "--price", "60").code == Exit.DONE

    done = tradewire(data, "limits", "set", "account.paper", "max_order_value=500", "--reason", "calm")
    denied = send(data, "buy", "KO", "11", "--price", "60")
    everywhere = tradewire(data, "limits", "--json")
    there = tradewire(data, "limits", "--account", "paper", "--symbol", "KO", "--json")
    shown = tradewire(data, "limits", "--account", "paper").out
    taken = tradewire(data, "limits", "set", "account.paper", "max_order_value=", "--reason", "enough")
    passed = send(data, "buy", "KO", "12", "--price", "60")

    assert (done.code, denied.code, taken.code, passed.code) == (0, Exit.REFUSED, 0, 0)
    assert done.out.startswith("max_order_value=500 in account.paper; on the record at position ")
    assert denied.json["order"]["reason"] == "NOTIONAL_ABOVE_MAX"
    assert rows(everywhere, "max_order_value") == [("10000", "global"), ("500", "account.paper")]
    assert rows(there, "max_order_value") == [("500", "account.paper")]
    [line] = [line for line in shown.splitlines() if line.startswith("max_order_value")]
    assert "person:owner" in line
    assert line.rstrip().endswith("calm")
    assert "no max_order_value in account.paper" in taken.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("global", "max_order_value=0"), "INVALID_FIELD: max_order_value: 0"),
        (("global", "max_order_value=-5"), "INVALID_FIELD: max_order_value: -5"),
        (("global", "max_order_value=NaN"), "INVALID_FIELD: max_order_value: "),
        (("global", "max_order_value=much"), "INVALID_FIELD: max_order_value: "),
        (("global", "max_order_value="), "INVALID_FIELD: the configuration sets max_order_value"),
        (("nowhere", "max_order_value=5"), "INVALID_FIELD: 'nowhere' is no scope"),
        (("account.third", "max_order_value=5"), "UNKNOWN_ACCOUNT: "),
        (("global", "max_order_value=5", "--until", "soon"), "INVALID_FIELD: "),
    ],
)
def test_a_wrong_limit_is_one_line_with_the_fix_and_changes_nothing(
    data: Path, arguments: tuple[str, ...], says: str
) -> None:
    before = tradewire(data, "limits", "--json").json["limits"]

    said = tradewire(data, "limits", "set", *arguments, "--reason", "x")

    assert said.code == Exit.REFUSED
    assert said.err.startswith(f"tradewire limits: {says}")
    assert "; expected " in said.err
    assert said.err.count("\n") == 1
    assert tradewire(data, "limits", "--json").json["limits"] == before


def test_more_with_real_money_needs_an_end_or_another_person(data: Path) -> None:
    change = ("limits", "set", "account.real", "max_order_value=9000", "--reason", "bigger")
    assert tradewire(data, "limits", "set", "account.real", "max_order_value=5000", "--reason", "first").code == 0

    alone = tradewire(data, *change)
    a_while = tradewire(data, *change, "--until", "4h")
    assert tradewire(data, "keys", "add", "person", "bob").code == Exit.DONE
    proposed = tradewire(data, *change)
    waits = tradewire(data, "limits").out
    own = tradewire(data, "limits", "agree", "account.real")
    agreed = tradewire(data, "limits", "agree", "account.real", "--as", "bob", "--reason", "fine")
    twice = tradewire(data, "limits", "agree", "account.real", "--as", "bob")

    assert (alone.code, a_while.code, proposed.code) == (Exit.REFUSED, 0, 0)
    assert alone.err.startswith("tradewire limits: NOT_ALLOWED")
    assert "until " in a_while.out
    assert "`tradewire limits agree account.real --as PERSON`" in proposed.out
    assert "account.real: person:owner proposes " in waits
    assert (own.code, agreed.code, twice.code) == (Exit.REFUSED, 0, Exit.REFUSED)
    assert own.err.startswith("tradewire limits: NOT_ALLOWED")
    assert twice.err.startswith("tradewire limits: NO_PROPOSAL")
    assert rows(tradewire(data, "limits", "--account", "real", "--json"), "max_order_value") == [
        ("9000", "account.real")
    ]
    told = tradewire(data, "events", "--type", "LimitSet", "--limit", "1").out
    assert "by person:owner and person:bob" in told


def test_a_held_order_waits_for_another_person(data: Path) -> None:
    bob_has_a_key(data)
    assert tradewire(data, "limits", "set", "symbol.MMM", "approval_threshold=100", "--reason", "big").code == 0
    first, second = (
        tradewire(data, "send", "buy", "MMM", quantity, "--price", "60", "--id", f"mmm-{quantity}")
        for quantity in ("5", "6")
    )
    assert (first.code, second.code) == (0, 0)

    held: list[dict[str, str]] = []
    for _ in range(100):
        held = tradewire(data, "approvals", "--json").json["orders"]
        if len(held) == 2:
            break
    orders = {order["signal_id"]: order["order"] for order in held}
    listed = tradewire(data, "approvals").out
    own = tradewire(data, "approve", orders["mmm-5"])
    approved = tradewire(data, "approve", orders["mmm-5"][:13], "--as", "bob")
    denied = tradewire(data, "deny", orders["mmm-6"], "--reason", "too much")
    twice = tradewire(data, "approve", orders["mmm-6"], "--as", "bob")

    assert listed.count("MMM") == 2
    assert "person:owner" in listed
    assert (own.code, approved.code, denied.code, twice.code) == (Exit.REFUSED, 0, 0, Exit.REFUSED)
    assert own.err.startswith("tradewire approve: NOT_ALLOWED")
    assert " is approved and sent; on the record at position " in approved.out
    assert twice.err.startswith("tradewire approve: NOT_HELD")
    assert "denied: too much" in twice.err
    assert tradewire(data, "approvals").out == "no order waits for a person\n"
    story = tradewire(data, "why", orders["mmm-5"], "--json").json["events"]
    assert "OrderApprovalGranted" in [event["type"] for event in story]


def test_an_approved_order_that_risk_denies_all_the_same_is_said_so(data: Path) -> None:
    bob_has_a_key(data)
    assert tradewire(data, "limits", "set", "symbol.HON", "approval_threshold=100", "--reason", "big").code == 0
    orders = [held(data, "buy", "HON", quantity, "--price", "60") for quantity in ("5", "6")]
    assert tradewire(data, "limits", "set", "symbol.HON", "max_order_value=200", "--reason", "calm").code == 0

    approved = tradewire(data, "approve", orders[0], "--as", "bob")
    as_json = tradewire(data, "approve", orders[1], "--as", "bob", "--json")

    assert (approved.code, as_json.code) == (Exit.REFUSED, Exit.REFUSED)
    assert f"{orders[0][:8]} is approved, but now it is denied: NOTIONAL_ABOVE_MAX: " in approved.out
    assert (as_json.json["ok"], as_json.json["order"]["status"]) == (True, "denied")


def held(data: Path, *words: str) -> str:
    """Sends a signal, and returns its order once that waits for a person."""
    sent = tradewire(data, "send", *words, "--json").json["signal_id"]
    for _ in range(100):
        for order in tradewire(data, "approvals", "--json").json["orders"]:
            if order["signal_id"] == sent:
                return str(order["order"])
    raise AssertionError(f"{sent} is not held")


def test_a_paused_strategy_enters_nothing_until_it_is_resumed(data: Path) -> None:
    paused = tradewire(data, "pause", "manual", "--reason", "odd")
    denied = send(data, "buy", "GE", "1", "--price", "100")
    shown = tradewire(data, "status").out
    resumed = tradewire(data, "resume", "strategy.manual", "--reason", "well")
    passed = send(data, "buy", "GE", "1", "--price", "100")

    assert (paused.code, denied.code, resumed.code, passed.code) == (0, Exit.REFUSED, 0, 0)
    assert paused.out.startswith("manual is paused; on the record at position ")
    assert denied.json["order"]["reason"] == "STRATEGY_PAUSED"
    assert "strategy.manual is at PAUSED" in shown


def test_a_halt_of_a_broker_is_for_all_its_accounts(data: Path) -> None:
    bob_has_a_key(data)
    halted = tradewire(data, "halt", "broker.paper", "--reason", "its outage")
    denied = send(data, "buy", "GE", "2", "--price", "100")
    resumed = tradewire(data, "resume", "broker.paper", "--reason", "it is back", "--as", "bob")
    unknown = tradewire(data, "halt", "broker.none")

    assert (halted.code, denied.code, resumed.code, unknown.code) == (0, Exit.REFUSED, 0, Exit.REFUSED)
    assert denied.json["order"]["reason"] == "KILL_SWITCH_ON"
    assert unknown.err.startswith("tradewire halt: UNKNOWN_BROKER")
