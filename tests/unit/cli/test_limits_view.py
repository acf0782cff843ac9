"""Limits and held orders as people see them."""

import re
from decimal import Decimal
from typing import Any

import pytest

from tests.builders import TIME
from tests.unit.cli.builders import NOW, order, seen, told, widest
from tradewire.domain.orders import Status
from tradewire.domain.switches import Limits, Proposal
from tradewire.messages.account_events import LimitSet
from tradewire.messages.vocabulary import SizeAsked
from tradewire_cli.views import approvals as held_orders
from tradewire_cli.views import limits as view
from tradewire_cli.views.limits import Origin, Row

ORIGIN = Origin(3, "person:anna", "person:bob", TIME, "calm")


def rows(**scopes: dict[str, str]) -> list[Row]:
    """Limits by scope; `_` in a scope's name is its dot."""
    held = {scope.replace("_", "."): Limits(limits) for scope, limits in scopes.items()}
    return view.rows_of(held, {})


def change(old: dict[str, str], new: dict[str, str], **fields: Any) -> LimitSet:
    return LimitSet(scope="global", old=old, limits=new, **{"by": "person:anna", "reason": "x", **fields})


def test_a_limit_comes_from_the_version_that_changed_it_last() -> None:
    first, second, third = {"a": "1", "b": "1"}, {"a": "2", "b": "1"}, {"a": "2"}
    events = [
        told(change({}, first), pos=1),
        told(change(first, second, by="person:bob"), pos=2),
        told(change(second, third, seconded_by="person:carl"), pos=3),
    ]

    found = view.origins(events)

    assert (found["a"].by, found["b"].by, found["b"].seconded_by) == ("person:bob", "person:anna", "person:carl")


def test_what_is_temporary_keeps_its_reason_when_another_limit_changes_below_it() -> None:
    base, raised = {"a": "1", "b": "1"}, {"a": "9", "b": "1"}
    below, over = {"a": "1", "b": "2"}, {"a": "9", "b": "2"}
    bob = {"by": "person:bob", "reason": "calmer", "request": "r-3"}
    events = [
        told(change({}, base, request="r-1"), pos=1),
        told(change(base, raised, request="r-2", reason="a busy day", expires_at=NOW), pos=2),
        told(change(raised, below, **bob), pos=3),
        told(change(below, over, **bob, expires_at=NOW), pos=4),
    ]

    found = view.origins(events)

    assert (found["a"].reason, found["a"].by) == ("a busy day", "person:anna")
    assert (found["b"].reason, found["b"].by) == ("calmer", "person:bob")
    ended = told(change(over, below, by="risk", reason="it was for a while only"), pos=5)
    assert view.origins([*events, ended])["a"].by == "risk"
    assert view.origins([*events, ended])["b"].by == "person:bob"


def test_a_change_and_a_temporary_one_of_the_same_limit_are_two() -> None:
    events = [
        told(change({}, {"a": "1"}, request="r-1"), pos=1),
        told(change({"a": "1"}, {"a": "2"}, request="r-1", expires_at=NOW), pos=2),
        told(change({"a": "2"}, {"a": "3"}, request="r-2", reason="more", expires_at=NOW), pos=3),
    ]

    assert view.origins(events)["a"].reason == "more"


def test_every_scope_has_its_rows_in_the_order_of_the_reference() -> None:
    found = rows(account_paper={"max_order_value": "5"}, global_={}) + rows(
        **{"symbol_AAPL": {"max_order_value": "7", "max_order_quantity": "1"}, "global": {"max_order_value": "9"}}
    )

    assert [(row.limit, row.scope) for row in found[1:]] == [
        ("max_order_quantity", "symbol.AAPL"),
        ("max_order_value", "global"),
        ("max_order_value", "symbol.AAPL"),
    ]


def test_what_is_temporary_says_until_when_and_what_then() -> None:
    held = Limits(
        {"max_order_value": "9", "cooldown": "1m", "max_open_orders": "3"},
        expires_at=NOW,
        then={"max_order_value": "5", "cooldown": "1m"},
    )

    found = {row.limit: (row.expires_at, row.then) for row in view.rows_of({"global": held}, {})}

    assert found == {"max_order_value": (NOW, "5"), "cooldown": (None, ""), "max_open_orders": (NOW, "")}


@pytest.mark.parametrize(
    ("limit", "everything", "account", "value", "scope"),
    [
        ("max_order_value", "9", "5", "5", "account.paper"),
        ("max_order_value", "5", "9", "5", "global"),
        ("max_order_value", "none", "9", "9", "account.paper"),
        ("max_order_value", "5", "5", "5", "global"),
        ("min_order_value", "5", "9", "9", "account.paper"),
        ("duplicate_window", "1m", "10s", "1m", "global"),
        ("max_signal_age", "1m", "10s", "10s", "account.paper"),
        ("allow_short", "yes", "no", "no", "account.paper"),
        ("allowed_symbols", "AAPL,IBM", "IBM,KO", "IBM", "global and account.paper"),
        ("restricted_symbols", "AAPL", "KO", "AAPL,KO", "global and account.paper"),
        ("max_order_value", "much", "5", "much", "global"),
        ("max_order_value", "5", "much", "much", "account.paper"),
    ],
)
def test_the_tightest_of_several_scopes_is_named_with_where_it_is_set(
    limit: str, everything: str, account: str, value: str, scope: str
) -> None:
    found = rows(**{"global": {limit: everything}, "account_paper": {limit: account}, "account_other": {limit: "1"}})

    [row] = view.tightest(found, ["global", "account.paper", "symbol.AAPL"])

    assert (row.value, row.scope) == (value, scope)


def test_what_limits_a_strategys_own_results_stands_beside_what_limits_the_accounts() -> None:
    everything, momo = (
        {"max_drawdown": "10", "max_open_positions": "5"},
        {"max_drawdown": "20", "max_open_positions": "3"},
    )
    found = rows(**{"global": everything, "account_paper": {"max_drawdown": "8"}, "strategy_momo": momo})
    held = view.tightest(found, ["global", "account.paper", "strategy.momo"])
    assert [(row.limit, row.value, row.scope) for row in held] == [
        ("max_open_positions", "3", "strategy.momo"),
        ("max_drawdown", "8", "account.paper"),
        ("max_drawdown", "20", "strategy.momo"),
    ]


def test_the_table_says_who_when_and_why() -> None:
    row = Row("max_order_value", "5000", "account.paper", ORIGIN, NOW, "4000")

    line = seen(view.limits([row], 160, NOW), 160).splitlines()[-1]

    cells = re.split(r" {2,}", line.strip())
    assert cells[:3] == ["max_order_value", "5000", "account.paper"]
    assert cells[3].endswith(", then 4000")
    assert (cells[4], cells[5], cells[7]) == ("3", "person:anna and person:bob", "calm")


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_tables_fit_the_terminal(width: int) -> None:
    held = order(status=Status.HELD, reason="NOTIONAL_ABOVE_APPROVAL", deadline=NOW)
    row = Row("max_price_away_passive_crypto", "30", "account.paper", ORIGIN)

    for shown in (view.limits([row], width, NOW), held_orders.approvals([held], width, NOW)):
        assert widest(seen(shown, width)) <= width


def test_a_limit_that_nobody_can_read_says_that_it_denies() -> None:
    [row] = rows(account_paper={"max_order_value": "much"})

    assert "every order is denied" in seen(view.limits([row], 160, NOW), 160)


def test_a_proposal_says_what_it_changes_and_how_to_agree() -> None:
    waits = Proposal({"max_order_value": "9", "cooldown": "1m"}, "person:anna", "more", "r-1", 4, TIME)
    held = {
        "account.real": Limits({"max_order_value": "5", "max_open_orders": "2"}, proposal=waits),
        "global": Limits(),
    }

    [line] = view.proposals(held, NOW)

    assert "max_order_value 5 → 9, max_open_orders 2 → not set, cooldown not set → 1m" in line.plain
    assert "tradewire limits agree account.real" in line.plain


def test_a_proposal_during_a_temporary_raise_shows_the_whole_step() -> None:
    waits = Proposal({"max_order_value": "20000", "cooldown": "1m"}, "person:anna", "more", "r-1", 4, TIME)
    held = Limits(
        {"max_order_value": "15000", "cooldown": "1m", "max_open_orders": "2"},
        expires_at=NOW,
        then={"max_order_value": "10000", "cooldown": "1m"},
        proposal=waits,
    )

    [line] = view.proposals({"account.real": held}, NOW)

    assert re.search(r"max_order_value 10000 \(until [^)]* 15000\) → 20000, ", line.plain)
    assert re.search(r"max_open_orders not set \(until [^)]* 2\) → not set since", line.plain)
    assert "cooldown" not in line.plain


def test_a_held_order_says_what_it_asks_who_sent_it_and_why_it_waits() -> None:
    by_size = order(
        status=Status.HELD,
        quantity=None,
        size=SizeAsked("notional", Decimal(30_000)),
        reason="APPROVAL_NEEDED",
        identity="person:anna",
        strategy="manual",
        deadline=NOW + 60_000_000,
    )

    line = seen(held_orders.approvals([by_size], 160, NOW), 160).splitlines()[-1]

    cells = re.split(r" {2,}", line.strip())
    assert cells[2:] == [
        "paper", "manual", "person:anna", "AAPL", "buy", "30,000 worth", "market", "APPROVAL_NEEDED"
    ]  # fmt: skip
