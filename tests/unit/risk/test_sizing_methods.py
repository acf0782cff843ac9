"""What each method goes by, in which order it shows its figures, and what it says when something is missing."""

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.risk.asking import FRACTIONS, approved, ask, denied, figures, known, order_of, shown, worked_out
from tests.unit.risk.builders import NOW
from tests.unit.risk.test_results import Trading
from tests.unit.risk.test_volatility import flat
from tradewire.messages.account_events import Bar
from tradewire.messages.vocabulary import Action
from tradewire.messages.window_events import Trades
from tradewire_risk.domain.profile import Profile, Setup
from tradewire_risk.domain.strategy import StrategyProfile

DAY = 86_400_000_000
RECORD = Trades(22, 18, Decimal(3300), Decimal(1800))
"""Of 40 trades 55 percent won, 150 each, and the others lost 100 each."""
KELLY: dict[str, Any] = {"win_rate": "0.55", "payoff": "1.5"}


def bars(count: int, height: str = "4.5", newest: int = NOW - DAY) -> tuple[Bar, ...]:
    """Daily bars of one height, the newest at a time."""
    days = flat(count, height)
    return tuple(
        Bar(newest - (count - 1 - n) * DAY, each.open, each.high, each.low, each.close) for n, each in enumerate(days)
    )


def nothing() -> None:
    """What is not known."""


@pytest.mark.parametrize(
    ("method", "value", "terms", "quantity", "figures"),
    [
        ("notional", "1000", {}, 6, "notional 1000, price 150, step 1"),
        ("percent_of_equity", "5", {}, 33, "equity 100000, unrealized 0, percent 5, price 150, step 1"),
        (
            "risk_amount",
            "1000",
            {"stop": "145"},
            200,
            "at_risk 1000, price 150, stop 145, distance 5, step 1",
        ),
        (
            "risk_percent",
            "2",
            {"stop": "145"},
            400,
            "equity 100000, percent 2, at_risk 2000.00, price 150, stop 145, distance 5, step 1",
        ),
        (
            "risk_percent",
            "2",
            {"stop_distance": "2.5"},
            800,
            "equity 100000, percent 2, at_risk 2000.00, stop_distance 2.5, distance 2.5, step 1",
        ),
        (
            "risk_percent",
            "2",
            {"stop_percent": "10"},
            133,
            "equity 100000, percent 2, at_risk 2000.00, price 150, stop_percent 10, distance 15.00, step 1",
        ),
        (
            "kelly",
            "0.5",
            KELLY,
            83,
            "win_rate 0.55, payoff 1.5, kelly 0.25, share 0.5, equity 100000, price 150, step 1",
        ),
        (
            "kelly",
            "0.5",
            {},
            83,
            "trades 40, win_rate 0.55, payoff 1.5, kelly 0.25, share 0.5, equity 100000, price 150, step 1",
        ),
        (
            "volatility",
            "1",
            {"multiple": "2"},
            111,
            "equity 100000, percent 1, at_risk 1000.00, bars 20, atr 4.5, multiple 2, distance 9.0, step 1",
        ),
        (
            "risk_percent",
            "2",
            {"stop": "145", "max_percent": "20", "max_notional": "10000", "max_quantity": "1000"},
            66,
            "equity 100000, percent 2, at_risk 2000.00, price 150, stop 145, distance 5, uncut 400, unrealized 0, "
            "max_percent 20, max_notional 10000, max_quantity 1000, step 1",
        ),
    ],
)
def test_a_method_shows_each_figure_in_the_order_of_its_use(
    method: str, value: str, terms: dict[str, Any], quantity: int, figures: str
) -> None:
    sized = worked_out(order_of("buy", method, value, **terms), bars=lambda: bars(20), now=NOW, trades=lambda: RECORD)
    assert (sized.problem, sized.quantity, shown(sized.inputs)) == ("", Decimal(quantity), figures)


def test_a_short_position_is_at_risk_to_a_stop_above_it() -> None:
    assert worked_out(order_of("sell", "risk_percent", "2", stop="155")).quantity == 400


@pytest.mark.parametrize(
    ("method", "terms", "fields", "problem"),
    [
        ("risk_percent", {}, {}, "give size.stop, size.stop_distance or size.stop_percent"),
        ("risk_amount", {"stop": "150"}, {}, "its stop 150 is not below the entry 150"),
        ("risk_amount", {"stop": "151"}, {}, "its stop 151 is not below the entry 150"),
        ("risk_amount", {"stop": "145"}, {"price": nothing}, "its price is not known"),
        ("risk_amount", {"stop_percent": "5"}, {"price": nothing}, "its price is not known"),
        ("risk_amount", {"stop_distance": "0"}, {}, "the distance to its stop is not above zero"),
        ("risk_percent", {"stop": "145"}, {"equity": nothing}, "the account's equity is not known"),
        ("percent_of_equity", {}, {"unrealized": nothing}, "what is not realized is not known"),
        ("risk_amount", {"stop": "145", "max_percent": "5"}, {"equity": nothing}, "the account's equity is not known"),
        ("kelly", {}, {}, "momo has closed 0 trades in paper that won or lost, and 30 are needed to go by; until then"),
        ("kelly", {}, {}, "give size.win_rate and size.payoff"),
        ("kelly", {}, {"trades": lambda: Trades(29, 0, Decimal(1))}, "has closed 29 trades"),
        (
            "kelly",
            {},
            {"trades": lambda: Trades(22, 18), "least_trades": 41},
            "40 trades in paper that won or lost, and 41",
        ),
        (
            "kelly",
            {},
            {"trades": lambda: Trades(0, 30, Decimal(0), Decimal(9))},
            "none of its 30 trades in paper has won",
        ),
        (
            "kelly",
            {},
            {"trades": lambda: Trades(30, 0, Decimal(9))},
            "none of its 30 trades in paper has lost, so nothing says what a loss costs; give size.win_rate",
        ),
        ("kelly", {}, {"trades": nothing}, "the rate of a currency is missing"),
        (
            "kelly",
            {},
            {"trades": lambda: Trades(10, 20, Decimal(10), Decimal(20))},
            "the edge is negative at a win rate of 0.333333333333 and a payoff of 1",
        ),
        ("kelly", {"win_rate": "0.5"}, {}, "give size.win_rate and size.payoff"),
        (
            "kelly",
            {"win_rate": "0.5", "payoff": "0"},
            {},
            "size.win_rate lies between 0 and 1, and size.payoff above 0",
        ),
        ("kelly", {"win_rate": "2", "payoff": "1"}, {}, "size.win_rate lies between 0 and 1, and size.payoff above 0"),
        ("kelly", {"win_rate": "0.4", "payoff": "1"}, {}, "the edge is negative"),
        ("volatility", {}, {}, "give size.multiple"),
        ("volatility", {"multiple": "2"}, {}, "15 daily bars are needed, and 0 are recorded"),
        ("volatility", {"multiple": "2"}, {"bars": lambda: bars(14)}, "15 daily bars are needed, and 14 are recorded"),
        ("volatility", {"multiple": "2"}, {"bars": lambda: bars(20, "0")}, "its price has not moved"),
        (
            "volatility",
            {"multiple": "2"},
            {"bars": lambda: bars(20, newest=NOW - 34 * DAY)},
            "its newest daily bar is 34d old; at most 10d is allowed",
        ),
    ],
)
def test_what_is_missing_is_said(method: str, terms: dict[str, Any], fields: dict[str, Any], problem: str) -> None:
    sized = worked_out(order_of("buy", method, "1", **terms), **{"now": NOW, **fields})
    assert sized.quantity is None
    assert problem in sized.problem


@pytest.mark.parametrize("method", ["risk_amount", "risk_percent", "volatility", "kelly"])
def test_a_method_of_entries_reduces_nothing(method: str) -> None:
    order = order_of("reduce", method, "1", stop="145", multiple="2", **KELLY)
    sized = worked_out(order, position=Decimal(10), bars=lambda: bars(20), now=NOW)
    assert (sized.quantity, sized.exit) == (None, False)
    assert f"{method} is for entries" in sized.problem


def test_no_more_than_all_of_kelly_is_taken() -> None:
    whole, more = (worked_out(order_of("buy", "kelly", value, **KELLY)).quantity for value in ("1", "3"))
    assert whole == more == 166


def test_a_stop_in_another_currency_is_taken_at_its_rate() -> None:
    """A coin at 40,000 EUR, given up at 39,000, is 1,250 USD at risk when a euro is worth 1.25 USD."""
    order = order_of("buy", "risk_amount", "1000", symbol="BTC/EUR", stop="39000")
    sized = worked_out(order, price=lambda: Decimal(50_000), rate=lambda: Decimal("1.25"))
    assert sized.quantity == Decimal("0.8")
    told = "at_risk 1000, price 50000, stop 39000, rate 1.25, distance 1250.00, step 0.00000001"
    assert shown(sized.inputs) == told


@pytest.mark.parametrize("terms", [{"stop": "39000"}, {"stop_distance": "1000"}])
def test_without_the_rate_nothing_measures_the_risk(terms: dict[str, Any]) -> None:
    order = order_of("buy", "risk_amount", "1000", symbol="BTC/EUR", **terms)
    assert worked_out(order, price=lambda: Decimal(50_000)).problem == "the rate of its currency is not known"


@pytest.mark.parametrize(
    ("symbol", "profile", "step", "quantity"),
    [
        ("AAPL", Profile("paper"), None, "6"),
        ("AAPL", Profile("paper"), "0.000000001", "6"),
        ("AAPL", Profile("paper"), "4", "4"),
        ("AAPL", Profile("paper"), "100", "0"),
        ("AAPL", FRACTIONS.accounts["paper"], None, "6.666666"),
        ("AAPL", FRACTIONS.accounts["paper"], "0.001", "6.666"),
        ("AAPL", FRACTIONS.accounts["paper"], "0.000000001", "6.666666666"),
        ("BTC/USD", Profile("paper"), None, "6.66666666"),
        ("BTC/USD", Profile("paper"), "0.05", "6.65"),
    ],
)
def test_a_size_is_rounded_down_to_the_instruments_step(
    symbol: str, profile: Profile, step: str | None, quantity: str
) -> None:
    """Shares in whole units, unless the account deals in fractions, whatever the broker would take."""
    given = None if step is None else Decimal(step)
    sized = worked_out(order_of("buy", "notional", "1000", symbol=symbol), profile=profile, step=given)
    assert sized.quantity == Decimal(quantity)


@pytest.mark.parametrize(("action", "method"), [("target", "target_percent"), ("reduce", "percent_of_position")])
def test_targets_and_exits_are_rounded_to_the_step_too(action: Action, method: str) -> None:
    held = Decimal(250) if action == "reduce" else Decimal(0)
    value = "50" if action == "reduce" else "20"
    sized = worked_out(order_of(action, method, value), step=Decimal(100), position=held)
    assert sized.quantity == 100


def test_what_nobody_asks_for_is_not_looked_up() -> None:
    def never() -> Any:
        raise AssertionError("looked up")

    sized = worked_out(
        order_of("buy", "risk_amount", "10", stop_distance="2"), price=never, equity=never, unrealized=never, bars=never
    )
    assert sized.quantity == 5
    assert known().rate_of("AAPL") == 1


@pytest.mark.parametrize(("wins", "quantity"), [(14, None), (15, 54), (16, 62)])
def test_kelly_goes_by_the_trades_that_the_strategy_has_closed_in_the_account(wins: int, quantity: int | None) -> None:
    """From 30 trades on: with 15 that won 300 and 15 that lost 100 half of f* is a sixth, of an equity of 32,900."""
    log = Trading(limits={"max_order_value": "none", "max_position_value": "none"})
    log.cash("30000")
    log.marked()
    for number in range(29 if quantity is None else 30):
        log.executed("buy", "1", "400")
        log.executed("sell", "1", "700" if number < wins else "300")
    log.executed("buy", "1", "400", strategy="other")
    log.executed("sell", "1", "300", strategy="other")
    log.quote("AAPL", "100")
    data = ask(log, "buy", "kelly", "0.5")
    if quantity is None:
        reason, message = denied(data)
        assert (reason, "momo has closed 29 trades in paper" in message) == ("SIZE_UNKNOWN", True)
        return
    shown_ = figures(data)
    assert (shown_["trades"], shown_["payoff"], shown_["equity"]) == ("30", "3", str(26_900 + 400 * wins))
    assert approved(data)[1] == quantity
    fewer = Setup(accounts={"paper": Profile("paper")}, strategies={"momo": StrategyProfile("momo", kelly_trades=31)})
    log.state.setup = fewer
    assert denied(log.decide(log.order(data.order)).data)[0] == "SIZE_UNKNOWN"
