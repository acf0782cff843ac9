"""What holds for every size that risk works out, whatever is asked and known."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.unit.risk.asking import known, order_of, worked_out
from tests.unit.risk.builders import NOW
from tests.unit.risk.test_sizing_methods import bars
from tradewire.domain.money import is_multiple
from tradewire.domain.orders import Order
from tradewire.domain.sizing import SizingFacts, SizingResult
from tradewire.messages.vocabulary import SizeAsked, SizeTerms
from tradewire_risk.domain.profile import Profile
from tradewire_risk.domain.sizing import Known, size

amounts = st.decimals(min_value="0.01", max_value=10**7, places=2)
percents = st.decimals(min_value="0.01", max_value=100, places=2)
prices = st.decimals(min_value="0.0001", max_value=10**5, places=4)
equities = st.one_of(*[st.decimals(min_value=low, max_value=10**9, places=2) for low in (-(10**6), 10**3)])
steps = st.sampled_from([None, *map(Decimal, ("1", "100", "0.5", "0.000001", "0.00000001"))])
shares = st.decimals(min_value=0, max_value=1, places=4)


def equal_weight(facts: SizingFacts) -> SizingResult:
    """A plug-in that answers with all its digits."""
    assert facts.equity is not None
    assert facts.price is not None
    return SizingResult(max(facts.equity / facts.value / facts.price, Decimal(0)))


@st.composite
def accounts(draw: st.DrawFn) -> Known:
    """Accounts of any wealth, that deal in whole units or in fractions, at any price and step."""
    price, equity, unrealized = draw(prices), draw(equities), draw(equities)
    return replace(
        known(),
        profile=Profile("paper", fractional=draw(st.booleans())),
        price=lambda: price,
        equity=lambda: equity,
        unrealized=lambda: unrealized,
        step=draw(steps),
        bars=lambda: bars(20, "3.7"),
        now=NOW,
        sizers={"equal_weight": equal_weight},
    )


caps = st.fixed_dictionaries({}, optional={"max_percent": percents, "max_notional": amounts, "max_quantity": amounts})
stops = st.fixed_dictionaries({"stop_distance": prices})
METHODS: dict[str, tuple[st.SearchStrategy[Decimal], st.SearchStrategy[dict[str, Any]]]] = {
    "notional": (amounts, st.just({})),
    "percent_of_equity": (percents, caps),
    "risk_amount": (amounts, st.tuples(stops, caps).map(lambda both: both[0] | both[1])),
    "risk_percent": (percents, st.tuples(stops, caps).map(lambda both: both[0] | both[1])),
    "volatility": (percents, st.fixed_dictionaries({"multiple": percents})),
    "kelly": (shares, st.fixed_dictionaries({"win_rate": shares, "payoff": prices})),
    "custom:equal_weight": (st.decimals(min_value=1, max_value=1000, places=2), caps),
}


def asked(method: str) -> st.SearchStrategy[Order]:
    """Orders by a method, with any caps that it takes."""
    value, terms = METHODS[method]
    sizes = st.builds(lambda value, terms: SizeAsked(method, value, SizeTerms(**terms)), value, terms)
    symbols = st.sampled_from(["AAPL", "BTC/USD"])
    return st.builds(lambda size_, symbol: replace(BUY, symbol=symbol, size=size_), sizes, symbols)


BUY = order_of("buy", "notional", "1")


def percent(total: Decimal, hundredths: Decimal) -> Decimal:
    return total * hundredths / 100


def _within(order: Order, known_: Known, quantity: Decimal) -> bool:
    """Whether a quantity is no more than its method says, in the plainest words."""
    assert order.size is not None
    terms = order.size.terms
    assert terms is not None
    price, equity, gains, value = known_.price(), known_.equity(), known_.unrealized(), order.size.value
    assert price is not None
    assert equity is not None
    assert gains is not None
    distance = terms.stop_distance or Decimal(0)
    rules: dict[str, Callable[[], bool]] = {
        "notional": lambda: quantity * price <= value,
        "percent_of_equity": lambda: quantity * price <= max(percent(equity - gains, value), Decimal(0)),
        "risk_amount": lambda: quantity * distance <= value,
        "risk_percent": lambda: quantity * distance <= max(percent(equity, value), Decimal(0)),
        "volatility": lambda: (
            quantity * Decimal("3.7") * (terms.multiple or 0) <= max(percent(equity, value), Decimal(0))
        ),
        "kelly": lambda: quantity * price <= max(equity, Decimal(0)) * min(value, terms.win_rate or Decimal(0)),
        "custom:equal_weight": lambda: quantity * price * value <= max(equity, Decimal(0)) * (1 + Decimal("1E-20")),
    }
    kept = [rules[order.size.method]()]
    if terms.max_percent is not None:
        kept.append(quantity * price <= max(percent(equity - gains, terms.max_percent), Decimal(0)))
    if terms.max_notional is not None:
        kept.append(quantity * price <= terms.max_notional)
    if terms.max_quantity is not None:
        kept.append(quantity <= terms.max_quantity)
    return all(kept)


@pytest.mark.parametrize("method", METHODS)
@settings(deadline=None)
@given(data=st.data(), known_=accounts())
def test_no_size_is_more_than_its_method_and_its_caps_say(data: st.DataObject, known_: Known, method: str) -> None:
    order = data.draw(asked(method))
    sized = size(order, known_)
    if sized.quantity is None:
        assert "the edge is" in sized.problem
        return
    assert sized.quantity >= 0
    assert is_multiple(sized.quantity, known_.step_of(order.symbol))
    assert _within(order, known_, sized.quantity)


@pytest.mark.parametrize("method", [each for each in METHODS if each != "custom:equal_weight"])
@settings(deadline=None)
@given(data=st.data(), known_=accounts(), times=st.decimals(min_value=1, max_value=100, places=2))
def test_who_asks_for_more_does_not_get_less(data: st.DataObject, known_: Known, times: Decimal, method: str) -> None:
    order = data.draw(asked(method))
    assert order.size is not None
    more = replace(order, size=replace(order.size, value=order.size.value * times))
    small, large = size(order, known_).quantity, size(more, known_).quantity
    assert (small is None) == (large is None)
    assert small is None or large is None or small <= large


@pytest.mark.parametrize("method", METHODS)
@settings(deadline=None)
@given(data=st.data(), known_=accounts(), times=st.decimals(min_value=1, max_value=100, places=2))
def test_a_higher_price_buys_no_more(data: st.DataObject, known_: Known, times: Decimal, method: str) -> None:
    order, price = data.draw(asked(method)), known_.price()
    assert price is not None
    dearer = replace(known_, price=lambda: price * times)
    before, after = size(order, known_).quantity, size(order, dearer).quantity
    assert before is None or after is None or after <= before


@settings(deadline=None)
@given(percents, prices, prices, st.decimals(min_value=0, max_value=1000, places=2))
def test_a_wider_stop_makes_a_smaller_position(
    value: Decimal, price: Decimal, distance: Decimal, wider: Decimal
) -> None:
    def quantity(apart: Decimal) -> Decimal:
        order = order_of("buy", "risk_percent", str(value), stop_distance=str(apart))
        found = worked_out(order, price=lambda: price).quantity
        assert found is not None
        return found

    assert quantity(distance + wider) <= quantity(distance)
