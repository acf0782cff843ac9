"""Limit orders in the order of their prices: against a plain list of them."""

from decimal import Decimal
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from tradewire_risk.domain.resting import Resting

PLACE = ("paper", "AAPL")
Side = Literal["buy", "sell"]
sides: st.SearchStrategy[Side] = st.sampled_from(["buy", "sell"])
orders = st.sampled_from(["a", "b", "c", "d", "e"])
prices = st.integers(1, 9).map(Decimal)


@given(st.lists(st.one_of(st.tuples(sides, orders, prices), st.tuples(st.none(), orders, prices))), sides, prices)
def test_it_finds_the_first_order_that_would_be_traded_with(
    steps: list[tuple[Side | None, str, Decimal]], side: Side, worst: Decimal
) -> None:
    resting = Resting()
    kept: dict[str, tuple[Side, Decimal]] = {}
    for towards, order, price in steps:
        if towards is None:
            resting.drop(order)
            kept.pop(order, None)
        elif order not in kept or kept[order][0] == towards:
            resting.put(PLACE, towards, order, price)
            kept[order] = (towards, price)

    for own in ("a", "z"):
        found = [
            (price if side == "buy" else -price)
            for order, (towards, price) in kept.items()
            if towards != side and order != own and (price <= worst if side == "buy" else price >= worst)
        ]
        crossed = resting.crossing(PLACE, side, worst, own)
        assert bool(crossed) == bool(found)
        if crossed:
            assert abs(min(found)) == kept[crossed][1]
    assert len(resting) == len(kept)
    assert resting.crossing(("paper", "MSFT"), side, worst, "z") == ""
