"""Which symbols' rules are wanted, which symbols are in use, and what a snapshot restores of the broker's reports."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from tests.builders import TIME
from tests.unit.router.builders import BUILD, TELLER, Log
from tradewire.messages.account_events import BalancesReported, Bar, BarsReported, InstrumentReported
from tradewire_router.brokers.alpaca import figures as alpaca
from tradewire_router.brokers.alpaca.capabilities import CAPABILITIES as ALPACA
from tradewire_router.brokers.paper import CAPABILITIES
from tradewire_router.brokers.values import Account, Instrument
from tradewire_router.domain import figures
from tradewire_router.domain.reported import INSTRUMENT_SERVES, REFUSAL_SERVES, Reported
from tradewire_router.domain.state import IN_USE, RouterState
from tradewire_router.domain.translate import Teller

DAY = 86_400_000_000
RULES = Instrument(
    symbol="AAPL",
    asset_class="equity",
    currency="USD",
    tick=Decimal("0.01"),
    step=Decimal(1),
    min_quantity=Decimal(1),
    min_notional=Decimal(5),
    max_quantity=Decimal(1000),
    multiplier=Decimal(2),
    order_types=("market",),
    times_in_force=("day",),
    calendar="XNYS",
    features=("notional",),
    tradable=True,
    halted=False,
    shortable=True,
    easy_to_borrow=True,
    volume=Decimal(7),
)


def rules(symbol: str = "AAPL", **fields: Any) -> InstrumentReported:
    given = {"at": TIME, "asset_class": "equity", "currency": "USD", "tick": 1, "step": 1, "min_quantity": 1}
    return InstrumentReported(account="paper", broker="paper", symbol=symbol, **{**given, **fields})


def bars(symbol: str, *days: int) -> BarsReported:
    price = Decimal(100)
    told = tuple(Bar(day * DAY, price, price, price, price) for day in days)
    return BarsReported(account="paper", broker="paper", symbol=symbol, at=TIME, bars=told)


def balances(teller: Teller = TELLER, pos: int = 7, **fields: Any) -> BalancesReported:
    told = Account(account="paper", currency="USD", cash=Decimal(9), buying_power=Decimal(8), equity=None, **fields)
    return figures.balances_reported(teller, told, pos)


def test_an_order_wants_the_rules_of_its_symbol_until_the_log_has_them() -> None:
    log = Log()
    log.order(0)
    log.order(1, symbol="MSFT")
    log.order(2, symbol="BTC/USDT", account="other")
    assert set(log.state.reported.wanted) == {"AAPL", "MSFT"}

    log.write("account-other", rules("MSFT"), fold=False)
    log.write("account-paper", rules("AAPL"))
    assert set(log.state.reported.wanted) == {"MSFT"}
    log.order(3)
    assert set(log.state.reported.wanted) == {"MSFT"}


def test_another_accounts_rules_are_not_ours() -> None:
    log = Log()
    log.order(0)
    others = InstrumentReported(**{f: getattr(rules(), f) for f in rules().__struct_fields__} | {"account": "other"})
    log.write("account-other", others)
    assert set(log.state.reported.wanted) == {"AAPL"}


@pytest.mark.parametrize(
    ("fields", "serves"),
    [
        ({}, INSTRUMENT_SERVES),
        ({"tradable": False}, REFUSAL_SERVES),
        ({"halted": True}, REFUSAL_SERVES),
    ],
)
def test_rules_that_have_grown_old_are_wanted_again(fields: dict[str, Any], serves: int) -> None:
    reported = Reported()
    reported.fold(rules(**fields))
    reported.order_requested("AAPL", TIME + serves - 1)
    assert reported.wanted == {}
    reported.order_requested("AAPL", TIME + serves)
    assert reported.wanted == {"AAPL": TIME + serves}
    reported.fold(rules(at=TIME + serves))
    assert reported.wanted == {}


def test_a_snapshot_brings_the_reports_back() -> None:
    log = Log()
    log.order(0)
    log.write("account-paper", rules("AAPL"))
    log.write("account-paper", bars("AAPL", 3, 4))
    log.write("account-paper", balances())
    again = RouterState("paper", "paper", BUILD)
    again.restore(log.events, [], len(log.events))
    assert again.reported.wanted == {}
    assert again.reported.bars == {"AAPL": 4 * DAY}
    assert again.reported.balances == balances()

    again.restore([], [], 0)
    assert again.reported.bars == {}
    assert again.reported.balances is None


def test_bars_of_nothing_are_older_than_any() -> None:
    reported = Reported()
    reported.fold(bars("AAPL"))
    assert reported.bars == {"AAPL": 0}


def test_symbols_are_in_use_while_they_are_held_or_were_asked_for_lately() -> None:
    log = Log()
    log.order(0, "OrderApproved", "OrderSubmitStarted", "OrderFilled", symbol="HELD")
    log.order(1, symbol="ASKED")
    log.order(2, symbol="BTC/USDT", account="other")
    assert log.state.symbols_in_use(TIME) == {"HELD", "ASKED"}
    assert log.state.symbols_in_use(TIME + 2 * IN_USE) == {"HELD"}


def test_figures_are_said_again_when_they_are_others_or_old() -> None:
    first = balances(reserved=Decimal(1))
    later = balances(Teller("paper", "paper", TIME + 5), 9, reserved=Decimal(1))
    assert (later.at, later.state_pos) == (TIME + 5, 9)
    assert figures.says_it_already(first, later, 5)
    assert not figures.says_it_already(first, later, 4)
    assert not figures.says_it_already(later, first, 4)
    assert not figures.says_it_already(None, later, 5)
    assert not figures.says_it_already(first, balances(reserved=Decimal(2)), 5)
    assert not figures.says_it_already(first, balances(reserved=Decimal(1), status="restricted"), 5)


def test_every_rule_that_the_log_has_a_place_for_is_told() -> None:
    told = figures.instrument_reported(TELLER, RULES, CAPABILITIES)
    shared = set(InstrumentReported.__struct_fields__) & set(Instrument.__struct_fields__)
    assert {name: getattr(told, name) for name in shared} == {name: getattr(RULES, name) for name in shared}
    assert set(InstrumentReported.__struct_fields__) - shared == {"account", "broker", "at"}


def test_what_the_broker_takes_in_no_order_is_told_with_every_symbol() -> None:
    assert figures.instrument_reported(TELLER, RULES, CAPABILITIES).refuses == ()
    assert figures.instrument_reported(TELLER, RULES, ALPACA).refuses == ("turn",)
    least = structs.replace(ALPACA, fractional=False, short=False)
    assert figures.instrument_reported(TELLER, RULES, least).refuses == ("fraction", "short", "turn")


def test_what_alpaca_takes_in_no_order_in_shares_is_told_with_them_and_not_with_coins() -> None:
    share = alpaca.instrument("AAPL", {"class": "us_equity", "fractionable": True}, None)
    coin = alpaca.instrument("BTC/USD", {"class": "crypto"}, None)
    assert figures.instrument_reported(TELLER, share, ALPACA).refuses == ("turn", "lasting_fraction", "extended_other")
    assert figures.instrument_reported(TELLER, coin, ALPACA).refuses == ("turn",)


def test_features_that_the_broker_does_not_tell_by_symbol_are_all_that_it_has() -> None:
    told = figures.instrument_reported(TELLER, structs.replace(RULES, features=None), ALPACA)
    assert told.features == ("notional", "extended_hours", "trail_percent", "bracket", "oto", "replace")
    assert figures.instrument_reported(TELLER, structs.replace(RULES, features=None), CAPABILITIES).features == ()


def test_a_symbol_that_the_broker_does_not_know_cannot_be_traded() -> None:
    told = figures.no_instrument(TELLER, "NOPE/USDT", "EUR")
    assert (told.tradable, told.asset_class, told.currency) == (False, "crypto", "EUR")
    assert {told.tick, told.step, told.min_quantity} == {Decimal(1)}
    assert figures.no_instrument(TELLER, "NOPE", "EUR").asset_class == "equity"
