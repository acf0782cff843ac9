"""`reconcile show`: what differs, and what a person can do about it."""

from decimal import Decimal

import pytest

from tests.unit.cli.builders import NOW, order, seen, told
from tradewire import ids
from tradewire.domain.breaks import Breaks, Standing
from tradewire.domain.orders import Status
from tradewire.messages import account_events as a
from tradewire.messages.vocabulary import Discrepancy
from tradewire_cli.views import events
from tradewire_cli.views.breaks import breaks, rows_of

CLIENT = ids.client_order_id(order().order, 1)


def standing(*found: Discrepancy, agreed: bool = True, **prices: Decimal) -> Standing:
    made = Breaks()
    if agreed:
        mended = a.ReconciliationMended(account="paper", broker="b", state_pos=1, orders=0, executions=0, epoch=1)
        made.fold("ReconciliationMended", 1, mended)
    data = a.ReconciliationBroken(account="paper", broker="b", differences=found, epoch=1, prices=prices)
    made.fold("ReconciliationBroken", NOW, data)
    return made.of("paper")


@pytest.mark.parametrize(
    ("found", "agreed", "words"),
    [
        (Discrepancy("cash", "USD", "1", "2"), True, "take the broker's word: tradewire reconcile accept"),
        (Discrepancy("cash", "USD", "1", "2"), False, "tradewire account adopt paper"),
        (Discrepancy("position", "KO", "1", "2"), True, "--price PRICE"),
        (Discrepancy("order", CLIENT, "working", "absent"), True, f"tradewire resolve {order().order[:8]} --as"),
        (Discrepancy("order", "c9", "canceled", "accepted"), True, "cancel it at the broker"),
        (Discrepancy("fill", CLIENT, "1", "2"), True, "wait for the executions"),
    ],
)
def test_each_difference_says_what_can_be_done(found: Discrepancy, agreed: bool, words: str) -> None:
    [row] = rows_of([standing(found, agreed=agreed)], [order(status=Status.WORKING, client_order_id=CLIENT)])
    assert words in row.todo
    assert (row.kind, row.ours, row.theirs, row.since) == (found.kind, found.ours, found.theirs, NOW)


def test_a_known_price_need_not_be_said() -> None:
    [row] = rows_of([standing(Discrepancy("position", "KO", "1", "2"), KO=Decimal(60))], [])
    assert "--price" not in row.todo


def test_an_adoption_under_way_is_waited_for() -> None:
    held = standing(Discrepancy("cash", "USD", "1", "2"), agreed=False)
    held.adoption = a.AdoptionRequested(account="paper", by="person:anna", reason="x", request="r")
    [row] = rows_of([held], [])
    assert row.todo == "person:anna has asked to adopt the account; its router does it"


def test_unknown_orders_stand_beside_the_breaks() -> None:
    unknown = order(status=Status.UNKNOWN, client_order_id=CLIENT)
    [row] = rows_of([], [unknown, order(status=Status.WORKING, order=ids.derive("another"))])
    assert (row.id, row.kind, row.ours) == (unknown.order, "order", "unknown")
    assert f"tradewire resolve {unknown.order[:8]}" in row.todo


def test_in_a_narrow_terminal_what_can_be_done_stays() -> None:
    rows = rows_of([standing(Discrepancy("cash", "USD", "1", "2"))], [])
    titles = [str(column.header) for column in breaks(rows, 60, NOW).columns]
    assert "what can be done" in titles
    assert "since" not in titles


def test_amounts_are_shown_without_needless_zeros_and_money_to_the_cent() -> None:
    found = Discrepancy("cash", "USD", "99204.73694156800", "99204.73694157")
    page = seen(breaks(rows_of([standing(found)], []), 200, NOW), 200)
    assert "99204.736941568 " in page
    data = a.ReconciliationBroken(account="paper", broker="b", differences=(found,), epoch=1)
    assert events.short(told(data)) == "paper: cash USD: ours 99204.736941568, theirs 99204.73694157"
    power = Decimal("92600.66001023")
    balances = a.BalancesReported(
        account="p", broker="b", at=NOW, state_pos=1, currency="USD", cash=power, buying_power=power
    )
    assert events.short(told(balances)) == "p: 92,600.66 USD to buy with, by b"
