"""What an account may take for a price, on both sides of each boundary, and that a decision says what it took."""

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.risk.builders import MINUTE, NOW, SECOND, Log
from tradewire.messages.order_events import OrderApproved, OrderDenied
from tradewire.messages.quotes import Quote
from tradewire.messages.vocabulary import PriceSource
from tradewire_risk.domain.profile import Profile, Setup

DELAY = 15 * MINUTE
HUNDRED = Decimal(100)


def log(source: PriceSource, broker: str = "alpaca", **fields: Any) -> Log:
    """Risk of an account whose prices are of a source; nobody has quoted anything."""
    profile = Profile("paper", broker=broker, price_source=source, price_delay=DELAY, **fields)
    return Log(Setup(accounts={"paper": profile}), limits={"allowed_symbols": "AAPL"}, price=None)


def hear(log: Log, *, age: int = 0, delayed: bool = False, price: Decimal = HUNDRED) -> None:
    assert log.board.hear(Quote("AAPL", log.now - age, last=price, delayed=delayed), "iex")


def approved(log: Log, **fields: Any) -> OrderApproved:
    data = log.decide(log.request(f"s{len(log.events)}", **fields)).data
    assert isinstance(data, OrderApproved), data
    return data


def denied(log: Log, **fields: Any) -> OrderDenied:
    data = log.decide(log.request(f"s{len(log.events)}", **fields)).data
    assert isinstance(data, OrderDenied), data
    return data


def test_a_live_price_serves_whatever_the_source() -> None:
    sources: tuple[PriceSource, ...] = ("live", "delayed", "signal")
    for source in sources:
        risk = log(source)
        hear(risk)
        (used,) = approved(risk, price=Decimal(90)).quotes
        assert (used.price, used.source, used.delayed) == (HUNDRED, "iex", False)


def test_a_delayed_price_does_not_serve_where_live_ones_must() -> None:
    risk = log("live")
    hear(risk, delayed=True)
    decision = denied(risk, price=HUNDRED)
    assert (decision.reason, decision.message) == ("PRICE_MISSING", "There is no live quote for AAPL.")
    assert decision.quotes == ()


def test_a_delayed_price_serves_where_it_may_and_the_decision_says_so() -> None:
    risk = log("delayed")
    hear(risk, age=DELAY, delayed=True)
    (used,) = approved(risk).quotes
    assert (used.price, used.at, used.source, used.delayed) == (HUNDRED, NOW - DELAY, "iex", True)


def test_a_signals_price_serves_only_where_it_may_and_only_without_any_quote() -> None:
    for source in ("live", "delayed"):
        decision = denied(log(source), price=Decimal(90))
        assert (decision.reason, decision.message) == ("PRICE_MISSING", "There is no quote for AAPL.")
    risk = log("signal")
    (used,) = approved(risk, price=Decimal(90)).quotes
    assert (used.price, used.source) == (Decimal(90), "signal")
    hear(risk, age=DELAY, delayed=True)
    (used,) = approved(risk, price=Decimal(90)).quotes
    assert (used.price, used.source, used.delayed) == (HUNDRED, "iex", True)


@pytest.mark.parametrize(
    ("age", "reason"),
    [(5 * SECOND, None), (5 * SECOND + 1, "PRICE_STALE"), (-5 * SECOND, None), (-5 * SECOND - 1, "PRICE_STALE")],
)
def test_how_old_a_live_price_may_be(age: int, reason: str | None) -> None:
    """Also where delayed ones would serve: the delay is theirs alone."""
    for source in ("live", "delayed"):
        risk = log(source)
        hear(risk, age=age)
        assert risk.decide(risk.request("s1")).reason == reason


@pytest.mark.parametrize(
    ("age", "reason"),
    [
        (DELAY + 5 * SECOND, None),
        (DELAY + 5 * SECOND + 1, "PRICE_STALE"),
        (0, None),
        (-5 * SECOND, None),
        (-5 * SECOND - 1, "PRICE_STALE"),
    ],
)
def test_how_old_a_delayed_price_may_be(age: int, reason: str | None) -> None:
    risk = log("delayed")
    hear(risk, age=age, delayed=True)
    decision = risk.decide(risk.request("s1"))
    assert decision.reason == reason
    (check,) = [check for check in decision.data.checks if check.name == "price_age"]
    assert check.limit == "15m 5s"


def test_of_a_live_and_a_delayed_price_the_newer_one_serves_and_of_one_time_the_live() -> None:
    risk = log("delayed")
    hear(risk, age=SECOND, price=Decimal(101))
    hear(risk, age=2 * SECOND, price=Decimal(99), delayed=True)
    assert risk.board.mark("AAPL", "delayed") == risk.board.mark("AAPL", "live")
    hear(risk, age=SECOND, price=Decimal(98), delayed=True)
    assert approved(risk).quotes[0].price == 101
    hear(risk, price=Decimal(97), delayed=True)
    assert approved(risk).quotes[0].price == 97


def test_a_delayed_quote_never_hides_a_live_one() -> None:
    risk = log("live")
    hear(risk, age=SECOND, price=Decimal(101))
    hear(risk, price=Decimal(97), delayed=True)
    assert approved(risk).quotes[0].price == 101


def test_a_rate_is_of_the_same_kinds() -> None:
    """An order in a pair that is paid in another currency than the account's."""
    quotes = {"AAPL/EUR": HUNDRED, "EUR/USD": Decimal("1.1")}
    for delayed, age, reason in ((False, 0, None), (True, DELAY, None), (True, DELAY + 6 * SECOND, "PRICE_STALE")):
        risk = log("delayed")
        risk.set_limits({**risk.state.controls.limits["global"].limits, "allowed_symbols": "AAPL/EUR"})
        for symbol, price in quotes.items():
            late = delayed and symbol == "EUR/USD"
            assert risk.board.hear(Quote(symbol, risk.now - (age if late else 0), last=price, delayed=late), "ecb")
        decided = risk.decide(risk.request("s1", symbol="AAPL/EUR"))
        assert decided.reason == reason
        assert [used.delayed for used in decided.data.quotes] == [False, delayed]
    risk = log("live")
    risk.set_limits({**risk.state.controls.limits["global"].limits, "allowed_symbols": "AAPL/EUR"})
    for symbol, price in quotes.items():
        assert risk.board.hear(Quote(symbol, risk.now, last=price, delayed=symbol == "EUR/USD"), "ecb")
    assert risk.decide(risk.request("s1", symbol="AAPL/EUR")).reason == "RATE_MISSING"


# Feeds that are broken: whatever they say, nothing of it becomes a price.

BROKEN = {
    "zero": Quote("AAPL", NOW, bid=Decimal(0), ask=Decimal(0), last=Decimal(0)),
    "NaN": Quote("AAPL", NOW, last=Decimal("NaN")),
    "crossed": Quote("AAPL", NOW, bid=Decimal(102), ask=Decimal(98)),
    "empty": Quote("AAPL", NOW),
    "future": Quote("AAPL", NOW + 6 * SECOND, last=Decimal(1)),
}


@pytest.mark.parametrize("kind", sorted(BROKEN))
@pytest.mark.parametrize("delayed", [False, True])
def test_a_broken_feed_is_no_price(kind: str, delayed: bool) -> None:
    risk = log("delayed")
    quote = Quote(**{**{f: getattr(BROKEN[kind], f) for f in Quote.__struct_fields__}, "delayed": delayed})
    assert not risk.board.hear(quote, "iex", risk.now + 5 * SECOND)
    assert denied(risk).reason == "PRICE_MISSING"
    hear(risk, age=5 * SECOND)
    assert not risk.board.hear(quote, "iex", risk.now + 5 * SECOND)
    assert approved(risk).quotes[0].price == 100
    risk.now += 1
    assert denied(risk).reason == "PRICE_STALE"


def test_a_frozen_feed_is_stale_however_often_it_says_the_same() -> None:
    risk = log("live")
    quote = Quote("AAPL", risk.now, last=HUNDRED)
    for second in range(7):
        risk.now = NOW + second * SECOND
        assert risk.board.hear(quote, "iex", risk.now + 5 * SECOND)
        expected = None if second <= 5 else "PRICE_STALE"
        assert risk.decide(risk.request(f"s{second}")).reason == expected
