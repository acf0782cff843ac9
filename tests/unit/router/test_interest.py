"""Which symbols concern an account, and in which order."""

from decimal import Decimal
from typing import Literal

import pytest

from tests.builders import TIME, denied
from tests.unit.router.builders import Log
from tradewire.messages import account_events as a
from tradewire.messages.broker_events import ExternalFillBooked
from tradewire_router.domain.interest import allow_listed, concerning
from tradewire_router.domain.state import IN_USE

NOW = TIME + 1_000


def allow(log: Log, scope: str, text: str) -> None:
    limits = {"allowed_symbols": text}
    log.write(f"limits-{scope}", a.LimitSet(scope=scope, limits=limits, old={}, by="x", reason="x"))


def deny(log: Log, order: str) -> None:
    log.write(f"order-{order}", denied(order=order, state_pos=len(log.events)))


def hold(log: Log, symbol: str, side: Literal["buy", "sell"] = "buy", account: str = "paper") -> None:
    data = ExternalFillBooked(
        account=account,
        broker="paper",
        broker_order_id="b",
        symbol=symbol,
        side=side,
        quantity=Decimal(1),
        price=Decimal(1),
        execution=f"{symbol} {side} {len(log.events)}",
    )
    log.write(f"account-{account}", data)


def test_held_then_working_then_signalled_then_allow_listed_each_once() -> None:
    log = Log()
    allow(log, "global", "ZZZ,AAPL,YYY")
    log.order(1, "OrderApproved", "OrderSubmitStarted", "OrderAccepted", symbol="WORKING")
    deny(log, log.order(2, symbol="SIGNALLED"))
    hold(log, "HELD")
    hold(log, "SHORT", "sell")
    hold(log, "AAPL")
    assert concerning(log.state, NOW) == ["AAPL", "HELD", "SHORT", "WORKING", "SIGNALLED", "YYY", "ZZZ"]


def test_what_is_sold_again_or_another_accounts_concerns_nobody() -> None:
    log = Log()
    hold(log, "GONE")
    hold(log, "GONE", "sell")
    hold(log, "THEIRS", account="other")
    log.order(1, symbol="THEIRS", account="other")
    assert concerning(log.state, NOW) == []


def test_a_signal_concerns_for_a_day_and_a_working_order_as_long_as_it_works() -> None:
    log = Log()
    deny(log, log.order(1, symbol="OLD"))
    log.order(2, "OrderApproved", "OrderSubmitStarted", "OrderAccepted", symbol="WORKING")
    assert concerning(log.state, NOW) == ["WORKING", "OLD"]
    assert concerning(log.state, NOW + 2 * IN_USE) == ["WORKING"]


@pytest.mark.parametrize(
    ("lists", "allowed"),
    [
        ({}, set()),
        ({"global": "A,B"}, {"A", "B"}),
        ({"global": "A,B", "account.paper": "B,C"}, {"B"}),
        ({"global": "", "account.paper": "B,C"}, {"B", "C"}),
        ({"broker.paper": "A", "account.other": "B", "strategy.momo": "C"}, {"A"}),
        ({"global": "A,B", "account.paper": "C"}, set()),
        ({"global": "A,not a symbol"}, set()),
    ],
)
def test_what_every_list_of_the_account_has(lists: dict[str, str], allowed: set[str]) -> None:
    log = Log()
    for scope, text in lists.items():
        allow(log, scope, text)
    assert set(allow_listed(log.state)) == allowed
