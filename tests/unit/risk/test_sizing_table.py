"""The sizes that users of an older system know, row for row, through whole decisions.

That system takes the smaller of a percentage of equity and a percentage of equity at risk to the stop, cuts it to 1,000
shares and 10,000 dollars, and enlarges it to 1 share and 100 dollars. Here the first three are a size that the signal
asks for, and the last are limits, which refuse and never enlarge.
"""

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.risk.asking import approved, ask, denied, funded
from tests.unit.risk.builders import Log
from tradewire_risk.domain.reasons import Reason

CAPS: dict[str, Any] = {"max_notional": "10000", "max_quantity": "1000"}
MINIMA: dict[str, Any] = {"min_order_quantity": "1", "min_order_value": "100"}
WIDE: dict[str, Any] = {"max_order_value": "1000000", "max_position_value": "1000000", "max_concentration": "none"}

ROWS = {
    "percent binds": (100_000, "150", "145", "5", 33),
    "risk binds": (100_000, "150", "120", "20", 66),
    "the cap of 10,000 dollars": (100_000, "150", "145", "20", 66),
    "risk binds in a small account": (20_000, "50", "30", "20", 20),
    "without a stop the percentage alone": (30_000, "100", None, "20", 60),
    "the cap of shares, then that of dollars": (500_000, "12", "11.9", "20", 833),
    "the cap of shares": (500_000, "3", "2.9", "20", 1000),
}
REFUSED = {
    "10,000 dollars buy no share at 12,000": (100_000, "12000", "11000", "20", Reason.QTY_BELOW_MIN),
    "1 share of 40 is worth less than 100": (1_000, "40", "39", "5", Reason.NOTIONAL_BELOW_MIN),
    "both methods say nothing": (1_000, "60", "30", "5", Reason.QTY_BELOW_MIN),
}


def decided(equity: int, price: str, stop: str | None, percent: str) -> Any:
    log = funded(price=price, cash=str(equity), **MINIMA)
    if stop is None:
        return ask(log, "buy", "percent_of_equity", percent, **CAPS)
    return ask(log, "buy", "risk_percent", "2", stop=stop, max_percent=percent, **CAPS)


@pytest.mark.parametrize(("equity", "price", "stop", "percent", "size"), ROWS.values(), ids=ROWS)
def test_a_row_of_the_table(equity: int, price: str, stop: str | None, percent: str, size: int) -> None:
    assert approved(decided(equity, price, stop, percent)) == ("buy", Decimal(size), False)


@pytest.mark.parametrize(("equity", "price", "stop", "percent", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_row_that_is_refused(equity: int, price: str, stop: str, percent: str, reason: Reason) -> None:
    assert denied(decided(equity, price, stop, percent))[0] == reason


@pytest.mark.parametrize(
    ("equity", "percent", "entry", "stop", "size"),
    [
        (100_000, "1", "100", "98", 500),
        (100_000, "2", "150", "145", 400),
        (50_000, "1", "200", "196", 125),
        (100_000, "1", "50", "49", 1000),
    ],
)
def test_a_percentage_at_risk(equity: int, percent: str, entry: str, stop: str, size: int) -> None:
    log = funded(price=entry, cash=str(equity), **WIDE)
    assert approved(ask(log, "buy", "risk_percent", percent, stop=stop))[1] == size


def test_an_amount_at_risk_and_a_percentage_of_equity() -> None:
    assert approved(ask(funded(price="175", **WIDE), "buy", "risk_amount", "1000", stop="170"))[1] == 200
    assert approved(ask(funded(price="175", **WIDE), "buy", "percent_of_equity", "5"))[1] == 28


@pytest.mark.parametrize(
    ("win_rate", "payoff", "size", "capped"),
    [("0.55", "1.5", 83, 66), ("0.60", "2.0", 133, 66), ("0.52", "1.2", 40, 40)],
)
def test_half_of_kellys_fraction(win_rate: str, payoff: str, size: int, capped: int) -> None:
    def quantity(**caps: str) -> Decimal:
        log = funded(price="150", **WIDE)
        return approved(ask(log, "buy", "kelly", "0.5", win_rate=win_rate, payoff=payoff, max_percent="20", **caps))[1]

    assert (quantity(), quantity(max_notional="10000")) == (Decimal(size), Decimal(capped))


@pytest.mark.parametrize(("win_rate", "payoff", "edge"), [("0.50", "1.0", "zero"), ("0.40", "1.0", "negative")])
def test_without_an_edge_there_is_no_trade(win_rate: str, payoff: str, edge: str) -> None:
    reason, message = denied(ask(funded(price="150"), "buy", "kelly", "0.5", win_rate=win_rate, payoff=payoff))
    assert reason == Reason.SIZE_UNKNOWN
    assert f"the edge is {edge} at a win rate of {win_rate} and a payoff of {payoff}" in message


TRADERS_POST = {
    "dollar_amount": ("buy", "notional", "1000", {}, 10),
    "risk_dollar_amount": ("buy", "risk_amount", "100", {"stop": "90"}, 10),
    "risk_percent": ("buy", "risk_percent", "1", {"stop": "90"}, 10),
    "percent_of_equity": ("buy", "percent_of_equity", "10", {}, 10),
    "percent_of_position": ("reduce", "percent_of_position", "50", {}, 5),
}
"""TradersPost's own examples: a price of 100 and equity of 10,000; for the last a position of 10."""


@pytest.mark.parametrize(("action", "method", "value", "terms", "size"), TRADERS_POST.values(), ids=TRADERS_POST)
def test_an_example_of_traders_post(action: str, method: str, value: str, terms: dict[str, str], size: int) -> None:
    log = funded(cash="10000")
    if action == "reduce":
        log.hold("10")
        assert approved(ask(log, "reduce", method, value, **terms)) == ("sell", Decimal(size), True)
    else:
        assert approved(ask(log, "buy", method, value, **terms)) == ("buy", Decimal(size), False)


def test_a_fixed_quantity_is_traded_as_it_is() -> None:
    log: Log = funded()
    assert approved(log.decide(log.request("a", "buy", "10")).data)[1] == 10
