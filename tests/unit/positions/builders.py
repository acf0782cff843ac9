"""Fills for examples and for Hypothesis."""

from decimal import Decimal
from itertools import count

from hypothesis import strategies as st

from tradewire.domain.positions import ClosedTrade, Fill, Position, apply_fill
from tradewire.messages.vocabulary import Side

_ids = count(1)


def fill(side: Side, quantity: str, price: str, fee: str = "0", at: int = 0) -> Fill:
    return Fill(side, Decimal(quantity), Decimal(price), Decimal(fee), at, f"x{next(_ids)}")


def booked(*fills: Fill, multiplier: str = "1") -> tuple[Position, list[ClosedTrade]]:
    position = Position("AAPL", Decimal(multiplier))
    closed: list[ClosedTrade] = []
    for each in fills:
        position, trades = apply_fill(position, each)
        closed += trades
    return position, closed


def decimals(low: str, high: str, places: int) -> st.SearchStrategy[Decimal]:
    return st.decimals(Decimal(low), Decimal(high), allow_nan=False, allow_infinity=False, places=places)


# Small whole quantities meet each other exactly and cross zero often; fractions and wide prices reach every digit.
quantities = st.one_of(
    st.integers(1, 9).map(Decimal), decimals("0.000000000001", "9", 12), decimals("1", "999999999999999", 12)
)
prices = st.one_of(
    st.integers(1, 200).map(Decimal), decimals("0.000000000001", "1000000", 12), decimals("-50", "50", 2)
)
fees = st.one_of(st.just(Decimal(0)), decimals("-1", "3", 2), decimals("0.000000000001", "1", 12))
multipliers = st.sampled_from([Decimal(1), Decimal(100), Decimal("0.1")])


@st.composite
def fill_lists(draw: st.DrawFn, max_size: int = 12) -> list[Fill]:
    rows = draw(st.lists(st.tuples(st.sampled_from(["buy", "sell"]), quantities, prices, fees), max_size=max_size))
    return [Fill("buy" if s == "buy" else "sell", q, p, f, at, f"e{at}") for at, (s, q, p, f) in enumerate(rows)]
