"""The model in memory: batches of any size give what a naive fold gives, and only what is open stays."""

from collections.abc import Iterable
from decimal import Decimal

import pytest
from msgspec.structs import replace

from tests.unit.reader.histories import LOG, History, events, frames
from tests.unit.reader.naive import Naive
from tradewire.domain.orders import Order
from tradewire.errors import LogCorrupt, UnknownEvent
from tradewire.messages.chain import genesis
from tradewire.messages.log import Frame
from tradewire.messages.system_events import LogRestored
from tradewire_ledger.reader.model import BOOK_TRAILS_POSITIONS, CODE, Changes, Checkpoint, Model


def fresh() -> Model:
    return Model(Checkpoint(LOG, CODE, 0, 0, 0, genesis(LOG), 0))


class Rows:
    """What tables would hold after each batch: closed orders come back from here."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.orders: dict[str, Order] = {}
        self.changes: list[Changes] = []

    def fold(self, batch: list[Frame]) -> Changes:
        self.model.remember(self.orders[stream] for stream in self.model.closed_orders(batch))
        changes = self.model.fold(batch)
        self.orders |= changes.orders
        self.changes.append(changes)
        return changes

    def fold_all(self, made: list[Frame], frames_each: int) -> None:
        for first in range(0, len(made), frames_each):
            self.fold(made[first : first + frames_each])


def played(seed: int, orders: int = 60) -> History:
    history = History(seed)
    history.begin()
    history.play(orders)
    return history


@pytest.mark.parametrize("frames_each", [1, 7, 1000])
@pytest.mark.parametrize("seed", range(5))
def test_batches_of_any_size_equal_a_naive_fold(seed: int, frames_each: int) -> None:
    made = frames(played(seed))
    naive = Naive(events(made))
    rows = Rows(fresh())
    rows.fold_all(made, frames_each)

    assert rows.orders == naive.orders
    assert rows.model.orders == naive.open_orders
    assert rows.model.books == naive.books
    assert rows.model.controls.switches == naive.controls.switches
    assert rows.model.controls.limits == naive.controls.limits
    assert rows.model.checkpoint.pos == made[-1].last_pos
    told = [one.event.pos for changes in rows.changes for one in changes.told]
    assert told == list(range(1, made[-1].last_pos + 1))


def test_a_late_fact_needs_its_closed_order_back_and_leaves_it_closed() -> None:
    history = History()
    history.begin()
    script = history.order("s-1").work()
    script.fill(0, "10", "100")
    before = len(history.accepted)
    script.fill(1, "1", "100")
    made = frames(history, events_each=before)
    rows = Rows(fresh())
    rows.fold(made[:1])

    assert rows.model.orders == {}
    assert rows.model.closed_orders(made[1:]) == {script.stream}
    rows.fold(made[1:])
    assert rows.model.orders == {}
    assert rows.orders[script.stream].anomaly == "filled 11 of 10"


def test_orders_that_begin_in_the_batch_are_not_looked_up() -> None:
    history = History()
    history.order("s-1").work()
    assert fresh().closed_orders(frames(history)) == set()


def test_a_correction_takes_the_place_of_what_it_corrects_in_the_same_batch_or_an_earlier_one() -> None:
    history = History()
    script = history.order("s-1").work()
    script.fill(0, "10", "100")
    first = len(history.accepted)
    script.correct(0, "9", "100")
    script.bust(0)
    made = frames(history, events_each=first)
    together, apart = Rows(fresh()), Rows(fresh())
    changes = together.fold(made)
    assert [(f.kind, f.superseded_by) for f in changes.fills] == [
        ("fill", first + 1),
        ("correction", first + 2),
        ("bust", None),
    ]
    assert changes.superseded == {}

    apart.fold(made[:1])
    changes = apart.fold(made[1:])
    assert [(f.kind, f.superseded_by) for f in changes.fills] == [("correction", first + 2), ("bust", None)]
    assert changes.superseded == {("paper", "paper", "s-1-0"): first + 1}
    assert together.model.books == apart.model.books


def standing_types(rows: Rows, made: Iterable[Frame]) -> list[str]:
    positions = set(rows.model.standing.values())
    return [event.type for frame in made for event in frame.events if event.pos in positions]


def test_what_stands_is_switches_limits_leases_and_signals_nobody_has_answered() -> None:
    history = History()
    history.begin()
    history.signal("unanswered")
    history.order("answered")
    made = frames(history)
    rows = Rows(fresh())
    rows.fold_all(made, 1)
    assert standing_types(rows, made) == ["LimitSet", "LeaseGranted", "Halted", "Resumed", "SignalReceived"]


def test_every_restore_stands_because_an_account_may_not_have_been_asked_about_the_first() -> None:
    history = History()
    history.begin()
    for made_at in (6, 10):
        history.add("system", LogRestored(was="w", pos=1, hash="h", made_at=made_at, seal="s"), "restore")
    made = frames(history)
    rows = Rows(fresh())
    rows.fold_all(made, 1)
    assert standing_types(rows, made).count("LogRestored") == 2


def test_a_book_is_stored_after_as_many_events_as_it_has_lots_and_before_it_trails_too_far() -> None:
    history = History(accounts=("paper",))
    history.begin()
    buys = history.order("s-1").work()
    for number in range(100):
        buys.fill(number, "0.1", "100")
    bought = len(history.accepted)
    for number in range(100, 150):
        buys.fill(number, "0.1", "100")
    rows = Rows(fresh())
    made = frames(history, events_each=1)
    rows.fold(made[:bought])
    assert rows.model.unstored == {}
    assert rows.model.checkpoint.books_pos == bought

    rows.fold(made[bought:])
    assert rows.model.unstored == {"paper": 50}
    assert rows.model.checkpoint.books_pos == bought

    rows.model.book_pos["paper"] -= BOOK_TRAILS_POSITIONS
    history.take()
    buys.fill(200, "0.1", "100")
    changes = rows.fold(frames(history, events_each=1)[len(made) :])
    assert list(changes.stored_books) == ["paper"]
    assert rows.model.checkpoint.books_pos == rows.model.checkpoint.pos


def test_a_book_is_told_with_what_changed_in_the_batch_alone() -> None:
    history = History()
    history.begin()
    begun = len(history.accepted)
    script = history.order("s-1").work()
    script.fill(0, "10", "100")
    made = frames(history, events_each=begun)
    rows = Rows(fresh())
    rows.fold(made[:1])
    changes = rows.fold(made[1:])
    assert list(changes.books) == ["paper"]
    assert changes.books["paper"].positions["AAPL"].quantity == Decimal(10)
    assert changes.old_books["paper"].positions == {}


def test_a_gap_is_refused() -> None:
    made = frames(played(1))
    with pytest.raises(LogCorrupt, match="after frame 0, 0"):
        fresh().fold(made[1:])
    broken = [made[0], replace(made[1], events=made[1].events[1:])]
    with pytest.raises(LogCorrupt, match="where 4 belongs"):
        fresh().fold(broken)
    short = [replace(made[0], events=made[0].events[:-1])]
    with pytest.raises(LogCorrupt, match="ends at 2, not at 3"):
        fresh().fold(short)


def test_another_log_is_refused() -> None:
    made = [replace(frame, log_id="another") for frame in frames(played(1))]
    with pytest.raises(LogCorrupt):
        fresh().fold(made)


def test_a_decision_that_the_order_does_not_allow_is_named_with_its_position() -> None:
    history = History()
    script = history.order("s-1")
    script.start()
    with pytest.raises(LogCorrupt, match=r"position 3, OrderSubmitStarted of order-.*while requested"):
        fresh().fold(frames(history))


def test_an_event_that_this_build_does_not_know_stops_the_fold() -> None:
    history = History()
    history.signal("s-1")
    made = frames(history)
    unknown = [replace(made[0], events=(replace(made[0].events[0], schema=99),))]
    with pytest.raises(UnknownEvent, match="SignalReceived schema 99 at position 1"):
        fresh().fold(unknown)
