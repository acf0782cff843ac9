"""The continuous check begins anywhere in a log, and finds from there on what an audit of the whole log finds."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from msgspec.structs import replace

from tests.builders import approved, started
from tests.unit.reader.histories import LOG, History, commit
from tests.unit.reader.naive import Naive
from tests.unit.reader.test_model import played
from tradewire.domain.audit.audit import Audit
from tradewire.domain.audit.findings import Violation
from tradewire.messages import account_events as a
from tradewire.messages import order_events as o
from tradewire.messages.chain import genesis
from tradewire.messages.log import Event
from tradewire.messages.registry import decode
from tradewire.messages.system_events import LeaseGranted, LeaseReleased
from tradewire.messages.vocabulary import Exit
from tradewire_ledger.reader.standing import slots_of
from tradewire_ledger.reader.told.watch import Needs

STEP = 37


class Whole:
    """A log with the chain's value after each event."""

    def __init__(self, history: History) -> None:
        chained = commit(history.accepted)
        self.events, self.hashes = chained.events, chained.hashes

    def audited(self) -> list[Violation]:
        """What an audit of the whole log finds."""
        audit = Audit(LOG, {})
        for event, value in zip(self.events, self.hashes, strict=True):
            audit.feed(event, value)
        return audit.report.violations

    def watched(self, begin: int) -> list[Violation]:
        """What a check finds that begins after so many events."""
        audit = Audit(LOG, {})
        before = self.events[:begin]
        for event in _snapshot(before):
            audit.recall(event)
        audit.begin(begin, 0, self.hashes[begin - 1] if begin else genesis(LOG), Naive(before).books)
        for first in range(begin, len(self.events), STEP):
            step = self.events[first : first + STEP]
            self._recall(audit, step)
            for event, value in zip(step, self.hashes[first:], strict=False):
                audit.feed(event, value)
        return audit.report.violations

    def _recall(self, audit: Audit, step: Sequence[Event]) -> None:
        needs, first = Needs.of(audit, step), step[0].pos
        before = self.events[: first - 1]
        versions = {e.stream: e.version for e in before if needs.preceding.get(e.stream) == e.version}
        audit.log.recall(versions, (e.event_id for e in before if e.event_id in needs.ids))
        audit.recall_order(e for e in before if e.stream in needs.orders)


def _snapshot(before: Sequence[Event]) -> list[Event]:
    """What a snapshot carries: every event of every open order, and what stands."""
    standing: dict[str, int | None] = {}
    for event in before:
        standing.update(slots_of(event, decode(event)))
    stands = {pos for pos in standing.values() if pos is not None}
    open_orders = Naive(before).open_orders
    return [event for event in before if event.stream in open_orders or event.pos in stands]


def spoiled(seed: int) -> History:
    """A history in which much is wrong that the folds take, the last of it long after the orders that it is about."""
    history = played(seed, 40)
    closed = history.order("closed", quantity=Decimal(10)).work()
    closed.fill(1, "10", "100")
    rejoined = history.order("rejoined", quantity=Decimal(10)).work()
    history.play(20)
    closed.fill(1, "10", "100")
    rejoined.fact(o.OrderFilled, symbol="MSFT", side="buy", quantity=Decimal(1), price=Decimal(1), execution="other")
    resumed = a.Resumed(scope="symbol.MSFT", by="anna", reason="", request="q3")
    history.add("control-symbol.MSFT", resumed, "ingest")
    lease = LeaseGranted(name="router-paper", holder="r2", writer="router", epoch=5)
    history.add("lease-router-paper", lease, "sequencer")
    history.add("limits-global", a.LimitSet(scope="global", limits={}, old={"y": "2"}, by="c", reason="r"), "risk")
    history.play(5)
    return history


def expected(whole: Whole, begin: int) -> list[Violation]:
    return [found for found in whole.audited() if found.pos > begin]


@pytest.mark.parametrize("seed", range(4))
def test_it_finds_what_the_whole_audit_finds_from_there_on(seed: int) -> None:
    whole = Whole(spoiled(seed))
    assert {found.invariant for found in whole.audited()} >= {"F1", "F3", "R3", "R4", "O9"}
    for begin in range(0, len(whole.events), 41):
        assert whole.watched(begin) == expected(whole, begin), f"begun after {begin}"


def test_a_changed_hash_and_a_missing_version_are_found_whatever_came_before() -> None:
    whole = Whole(played(1))
    last = len(whole.events) - 1
    whole.hashes[last - 3] = b"0" * 32
    whole.events[last] = replace(whole.events[last], version=whole.events[last].version + 1)
    for begin in (0, 50, last - 5):
        found = {(each.invariant, each.pos) for each in whole.watched(begin)}
        assert {("L2", last - 2), ("L1", last + 1)} <= found


def test_a_lease_that_was_released_long_ago_is_granted_under_the_next_epoch() -> None:
    history = History()
    history.begin()
    released = LeaseReleased(name="router-paper", holder="r1", epoch=1, by="router")
    history.add("lease-router-paper", released, "sequencer")
    begin = len(history.accepted)
    lease = LeaseGranted(name="router-paper", holder="r2", writer="router", epoch=2)
    history.add("lease-router-paper", lease, "sequencer")
    assert Whole(history).watched(begin) == []


def test_an_exit_of_an_entry_that_was_closed_before_is_covered_by_its_approval() -> None:
    history = History()
    history.begin()
    entry = history.order("entry", quantity=Decimal(10))
    exits = (Exit(kind="stop_loss", order_type="stop", stop_price=Decimal(90)),)
    about = {"order": entry.id, "signal": entry.signal, "exits": exits}
    entry.add(approved(**about), "risk")
    entry.start()
    entry.fact(o.OrderAccepted)
    entry.fill(1, "10", "100")
    begin = len(history.accepted)
    terms = {"order_type": "stop", "stop_price": Decimal(90), "reduce_only": True}
    leg = history.order("leg", side="sell", quantity=Decimal(10), parent=entry.id, **terms)
    leg.add(started(order=leg.id, client_order_id=leg.client, head=entry.client))
    whole = Whole(history)

    assert [found for found in whole.audited() if found.pos > begin] == []
    assert whole.watched(begin) == []


def test_sums_go_on_from_the_books() -> None:
    whole = Whole(played(2))
    begin = len(whole.events) // 2
    books = Naive(whole.events).books
    audit = Audit(LOG, {})
    audit.begin(begin, 0, whole.hashes[begin - 1], Naive(whole.events[:begin]).books)
    for event in whole.events[begin:]:
        audit.money.feed(event, decode(event))
    positions = {
        (name, symbol): held.quantity for name, book in books.items() for symbol, held in book.positions.items()
    }
    cash = {(name, currency): each.cash for name, book in books.items() for currency, each in book.balances.items()}
    audit.money.compare(positions, cash)
    assert [found for found in audit.report.violations if found.invariant in {"M1", "M2"}] == []
    cash["paper", "USD"] += 1
    audit.money.compare(positions, cash)
    assert {found.invariant for found in audit.report.violations} >= {"M2"}


def test_causes_and_ids_from_before_are_asked_for_and_not_kept() -> None:
    whole = Whole(played(3))
    cause, event = whole.events[4], whole.events[-1]
    caused = replace(event, causation_id=cause.event_id)
    assert cause.event_id in Needs.of(Audit(LOG, {}), [caused]).ids

    def findings(fed: Event, known: Sequence[str], forgotten: Sequence[str] = ()) -> set[str]:
        audit = Audit(LOG, {})
        audit.begin(event.pos - 1, 0, whole.hashes[-2], {})
        audit.log.recall({}, forgotten)
        audit.log.recall({event.stream: event.version - 1}, known)
        audit.log.feed(fed, decode(fed))
        return {found.invariant for found in audit.report.violations}

    assert findings(caused, [cause.event_id]) == set()
    assert findings(caused, []) == findings(caused, [], [cause.event_id]) == {"L4"}
    assert findings(event, [event.event_id]) == {"L4"}
