"""Which orders wait for the first quote of their symbol, and that none waits for ever."""

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.risk.builders import SECOND, Log
from tradewire.messages.quotes import Quote
from tradewire.messages.vocabulary import PriceSource
from tradewire_risk import patience
from tradewire_risk.domain.profile import Profile, Setup
from tradewire_risk.patience import Patience


def waits(log: Log, **fields: Any) -> bool:
    order = log.request(f"s{len(log.events)}", **fields)
    return order.order in Patience(log.state, log.board).at(log.now)


def risk(broker: str = "alpaca", source: PriceSource = "live", clock: Any = "wall") -> Log:
    profile = Profile("paper", broker=broker, price_source=source, price_delay=900 * SECOND)
    return Log(Setup(accounts={"paper": profile}, clock=clock), price=None)


def test_an_order_waits_for_a_price_that_its_broker_is_asked_for() -> None:
    log = risk()
    assert waits(log)
    assert log.board.hear(Quote("AAPL", log.now, last=Decimal(100)), "alpaca")
    assert not waits(log)
    log.now += 5 * SECOND
    assert not waits(log)
    log.now += 1
    assert waits(log)


def test_where_nobody_is_asked_no_order_waits() -> None:
    assert not waits(risk(broker="paper"))
    assert not waits(risk(clock="quotes"))


def test_a_late_price_is_worth_waiting_for_only_where_it_serves() -> None:
    for source, fresh in (("live", False), ("delayed", True), ("signal", True)):
        log = risk(source=source)  # type: ignore[arg-type]
        assert log.board.hear(Quote("AAPL", log.now - 900 * SECOND, last=Decimal(100), delayed=True), "alpaca")
        assert waits(log) is not fresh


def test_an_order_that_may_take_its_own_price_does_not_wait() -> None:
    log = risk(source="signal")
    assert waits(log)
    assert not waits(log, price=Decimal(100))


def test_it_is_decided_without_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "SECONDS", -1.0)  # as if the time had passed
    assert not waits(risk())
