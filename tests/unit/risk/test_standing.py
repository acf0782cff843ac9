"""Where risk stands, as people are told it."""

from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from tests.unit.risk.builders import NOW, PAPER, SECOND, Log
from tests.unit.risk.picture import digest
from tradewire.messages.risk_queries import RiskStatus
from tradewire_risk.domain.profile import Profile
from tradewire_risk.domain.standing import standing
from tradewire_risk.domain.strategy import StrategyProfile

LIMITS = {"max_gross_exposure": "2", "max_position_value": "1500", "max_orders_per_day": "4", "soft_limit": "80"}


def stands(log: Log, account: str = "") -> RiskStatus:
    return standing(log.state, log.now, "risk-1", account)


def only(found: RiskStatus) -> Any:
    (account,) = found.accounts
    return account


def use(account: Any, limit: str, symbol: str = "", strategy: str = "") -> Any:
    (row,) = [u for u in account.uses if (u.limit, u.symbol, u.strategy) == (limit, symbol, strategy)]
    return row


def test_every_limit_has_what_is_used_of_it() -> None:
    log = Log(limits=LIMITS)
    log.cash("100000")
    log.mark("AAPL", "100")
    held = log.approve("a", "buy", "12")
    log.submit(held)
    log.fill(held, "12")
    before = digest(log.state)

    account = only(stands(log))

    gross = use(account, "max_gross_exposure")
    assert (gross.value, gross.most, gross.percent, gross.setting) == (1200, 2000, 60, "2")
    assert (gross.unit, gross.warns) == ("money", False)
    position = use(account, "max_position_value", symbol="AAPL")
    assert (position.value, position.most, position.percent, position.warns) == (1200, 1500, 80, True)
    assert use(account, "max_orders_per_day", strategy="momo").value == 1
    assert use(account, "max_orders_per_day").unit == "count"
    assert use(account, "max_drawdown").setting == "none"
    assert (account.account, account.broker, account.currency, account.day) == ("paper", "paper", "USD", "2026-01-02")
    assert (account.equity, account.loss, account.reconciled) == (100000, 0, True)
    assert digest(log.state) == before


def test_what_the_broker_told_has_its_age() -> None:
    log = Log()
    log.cash("100000")
    assert (only(stands(log)).available, only(stands(log)).balances_at) == (None, None)
    log.balances("90000")
    log.instrument("AAPL")
    log.instrument("IBM", halted=True)
    log.instrument("OLD", tradable=False)
    log.wait(5 * SECOND)

    account = only(stands(log))

    assert (account.available, account.balances_at) == (90000, NOW)
    assert [(i.symbol, i.at, i.problem) for i in account.instruments] == [
        ("AAPL", NOW, ""),
        ("IBM", NOW, "halted"),
        ("OLD", NOW, "not tradable"),
    ]


def test_switches_that_stand_and_orders_that_wait_are_told_with_why() -> None:
    log = Log(limits={"approval_threshold": "500", "approval_deadline": "5m"})
    log.halt("HALT", "symbol.KO")
    log.halt("REDUCE_ONLY", "account.paper")
    log.resume("account.paper")
    held = log.request("big")
    log.run()
    log.request("small", "buy", "1")

    found = stands(log)

    assert [(s.scope, s.level, s.by, s.reason, s.at) for s in found.switches] == [
        ("symbol.KO", "HALT", "anna", "test", NOW)
    ]
    assert [(order.order, order.reason) for order in found.held] == [(held.order, "APPROVAL_REQUIRED")]
    assert (found.undecided, found.pos, found.at, found.instance) == (1, log.state.pos, NOW, "risk-1")


def test_new_strategies_are_on_probation_until_they_have_had_their_executions() -> None:
    setup = replace(PAPER, strategies={"slow": StrategyProfile("slow", accounts=frozenset({"paper"}))})
    log = Log(setup, limits={"probation_orders": "1", "probation_order_value": "5000"})
    assert [(p.strategy, p.executions, p.needed, p.cap) for p in only(stands(log)).probation] == [
        ("slow", 0, 1, "5000")
    ]
    order = log.approve("a")
    assert [p.strategy for p in only(stands(log)).probation] == ["momo", "slow"]
    log.submit(order)
    log.fill(order, "10")
    assert [p.strategy for p in only(stands(log)).probation] == ["slow"]


def test_one_account_can_be_asked_for() -> None:
    log = Log(replace(PAPER, accounts={"paper": Profile("paper"), "second": Profile("second", currency="EUR")}))
    log.cash("10", account="third")
    assert [each.account for each in stands(log).accounts] == ["paper", "second", "third"]
    second = only(stands(log, "second"))
    assert (second.currency, second.equity, second.broker) == ("EUR", None, "paper")
    assert use(second, "max_open_orders").value == Decimal(0)
