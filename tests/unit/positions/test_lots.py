"""The queue of open lots: order, chunks, and what one fill copies of ten thousand lots."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewire.domain.lots import CHUNK, Lot, Lots, push, take

D = Decimal


def queue(count: int) -> Lots:
    lots = Lots()
    for n in range(count):
        lots = push(lots, Lot(D(1), D(n), n, D(0), str(n)))
    return lots


@pytest.mark.parametrize("count", [0, 1, 2, CHUNK, CHUNK + 1, CHUNK + 2, 5 * CHUNK + 7])
def test_lots_come_out_in_the_order_they_went_in(count: int) -> None:
    lots = queue(count)
    taken, rest, missing = take(lots, D(count))

    assert len(lots) == count
    assert [lot.at for lot in lots] == list(range(count))
    assert [lot.at for lot in taken] == list(range(count))
    assert (rest, missing) == (Lots(), D(0))


@given(st.lists(st.one_of(st.integers(1, 90), st.integers(-200, -1)), max_size=12))
def test_queue_agrees_with_a_plain_list(steps: list[int]) -> None:
    """A positive step pushes that many lots of 1; a negative one takes that many halves."""
    lots, model, serial = Lots(), list[tuple[int, Decimal]](), 0
    for step in steps:
        for _ in range(step):
            lots, serial = push(lots, Lot(D(1), D(1), serial, D(0), "")), serial + 1
            model.append((serial - 1, D(1)))
        if step < 0:
            want = D(-step) / 2
            _, lots, missing = take(lots, want)
            while want and model:
                at, quantity = model.pop(0)
                used = min(quantity, want)
                want -= used
                if quantity > used:
                    model.insert(0, (at, quantity - used))
            assert missing == want
        assert [(lot.at, lot.quantity) for lot in lots] == model
        assert len(lots) == len(model)


def test_a_fill_shares_all_but_two_chunks_with_the_queue_before() -> None:
    lots = queue(10_000)
    longer = push(lots, Lot(D(1), D(1), 10_000, D(0), ""))
    _, shorter, _ = take(lots, D("0.5"))

    assert longer.front is lots.front
    assert longer.middle is lots.middle
    assert len(longer.back) <= CHUNK
    assert shorter.middle is lots.middle
    assert shorter.back is lots.back
    assert len(shorter.front) <= CHUNK


def test_ten_thousand_lots_close_in_one_fill() -> None:
    taken, rest, missing = take(queue(10_000), D("9999.5"))

    assert (len(taken), missing) == (10_000, D(0))
    assert [(lot.at, lot.quantity) for lot in rest] == [(9999, D("0.5"))]


def test_taking_more_than_there_is_says_how_much_is_missing() -> None:
    assert take(queue(3), D(5))[1:] == (Lots(), D(2))
