"""What strategies have won and lost: examples worked by hand, what all of them add up to, and what a restart keeps."""

from decimal import Decimal
from functools import reduce
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec import Raw

from tests.unit.risk.builders import NOW, PAPER, SECOND, Log
from tests.unit.risk.picture import digest
from tradewire import ids
from tradewire.domain.account_book import book_equity, book_marks
from tradewire.domain.exact import ZERO, add
from tradewire.domain.results import MOST_DAYS, Results
from tradewire.messages import account_events as a
from tradewire.messages import order_events as o
from tradewire.messages.registry import decode
from tradewire.messages.vocabulary import Side
from tradewire.messages.window_events import Held, StrategyResult, Trades
from tradewire_risk.domain.accounts import equity_of
from tradewire_risk.domain.own import recorded_trades
from tradewire_risk.domain.state import RiskState
from tradewire_risk.domain.windows import record

FIRST, SECOND_DAY, THIRD = "2026-01-02", "2026-01-03", "2026-01-04"


class Trading(Log):
    """A log of executions: every one of an order of its own, so that none depends on what risk decides."""

    def executed(self, side: Side, quantity: str, price: str, **fields: Any) -> o.OrderFilled:
        self.now += SECOND
        order = ids.derive("test", f"order {len(self.events)}")
        data = self._execution(o.OrderFilled, side, quantity, price, order, fields)
        self.write(f"order-{order}", data)
        return data

    def busted(self, fill: o.OrderFilled) -> None:
        self.now += SECOND
        self.write(f"order-{fill.order}", o.FillBusted(**_fields(fill)))

    def corrected(self, fill: o.OrderFilled, quantity: str, price: str) -> None:
        self.now += SECOND
        old = {"old_quantity": fill.quantity, "old_price": fill.price, "old_fee": fill.fee, "replaces": 0}
        new = {"quantity": Decimal(quantity), "price": Decimal(price), "revision": 1}
        self.write(f"order-{fill.order}", o.FillCorrected(**{**_fields(fill), **old, **new}))

    def _execution(
        self, kind: type[o.OrderFilled], side: Side, quantity: str, price: str, order: str, fields: dict[str, Any]
    ) -> o.OrderFilled:
        defaults: dict[str, Any] = {
            "client_order_id": "c",
            "broker": "paper",
            "account": "paper",
            "evidence": "test",
            "strategy": "momo",
            "symbol": "AAPL",
            "execution": f"x{len(self.events)}",
        }
        money = {name: Decimal(fields.pop(name)) for name in ("fee",) & fields.keys()}
        amounts = {"side": side, "quantity": Decimal(quantity), "price": Decimal(price), **money}
        return kind(order=order, **{**defaults, **amounts, **fields})

    def acted(self, ratio: str, quantity: str = "0", cash: str = "0") -> None:
        self.now += SECOND
        changes: dict[str, Any] = {"ratio": Decimal(ratio), "quantity": Decimal(quantity), "cash": Decimal(cash)}
        self.write("account-paper", a.CorporateAction(account="paper", symbol="AAPL", kind="split", **changes))

    def adjusted(self, quantity: str, price: str) -> None:
        self.now += SECOND
        terms: dict[str, Any] = {"quantity": Decimal(quantity), "price": Decimal(price)}
        self.write("account-paper", a.PositionAdjusted(account="paper", symbol="AAPL", reason="transfer", **terms))

    def marked(self, day: str = FIRST, **prices: str) -> None:
        """Marks as risk records them; `_` stands for the slash of a pair."""
        self.now += SECOND
        marks = {symbol.replace("_", "/"): a.Mark(Decimal(price), self.now) for symbol, price in prices.items()}
        equity, at = equity_of(book_marks(self.book(), marks)), self.state.pos
        data = a.MarksRecorded(account="paper", marks=marks, day=day, reason="test", state_pos=at, equity=equity)
        self.write("account-paper", data)

    @property
    def results(self) -> Results:
        return self.state.windows.of("paper").results

    def worth(self, strategy: str = "momo") -> Decimal | None:
        return self.results.worth(strategy, "USD")

    def trades(self, strategy: str = "momo") -> Trades | None:
        return recorded_trades(self.state, "paper", strategy)


def _fields(fill: o.OrderFilled) -> dict[str, Any]:
    return {name: getattr(fill, name) for name in fill.__struct_fields__}


def trading() -> Trading:
    log = Trading(price=None)
    log.cash("100000")
    log.marked()
    return log


def test_a_position_is_held_at_average_cost() -> None:
    """10 at 100 and 20 at 106 cost 3,120; 15 of 30 take half of it."""
    log = trading()
    log.executed("buy", "10", "100", fee="1")
    log.executed("buy", "20", "106", fee="2")
    log.executed("sell", "15", "110", fee="3")

    result = log.results.of("momo")
    assert result.held == {"AAPL": Held(Decimal(15), Decimal(1560), Decimal(90 - 6))}
    assert result.realized == {"USD": Decimal(90 - 6)}
    assert log.worth() == 84 + 15 * 110 - 1560
    log.marked(AAPL="100")
    assert log.worth() == 84 + 15 * 100 - 1560
    assert result.trades == {}


def test_a_trade_ends_when_nothing_is_held_and_brings_what_it_cost_less_fees() -> None:
    log = trading()
    log.executed("buy", "10", "100", fee="1")
    log.executed("sell", "4", "110", fee="1")
    log.executed("sell", "6", "90", fee="1")
    assert log.trades() == Trades(0, 1, ZERO, Decimal(23))
    log.executed("sell", "5", "100", fee="0.5")
    log.executed("buy", "5", "98", fee="0.5")
    assert log.trades() == Trades(1, 1, Decimal(9), Decimal(23))
    assert log.worth() == -14
    assert log.results.of("momo").held == {}


def test_one_execution_that_turns_a_position_ends_a_trade_and_begins_another() -> None:
    """Of a fee of 4 for 8, 5 close and 3 open."""
    log = trading()
    log.executed("buy", "5", "100")
    log.executed("sell", "8", "102", fee="4")
    assert log.trades() == Trades(1, 0, Decimal("7.5"), ZERO)
    assert log.results.of("momo").held == {"AAPL": Held(Decimal(-3), Decimal(-306), Decimal("-1.5"))}
    log.executed("buy", "3", "103")
    assert log.trades() == Trades(1, 1, Decimal("7.5"), Decimal("4.5"))


def test_a_trade_that_brought_nothing_has_neither_won_nor_lost() -> None:
    log = trading()
    log.executed("buy", "5", "100")
    log.executed("sell", "5", "100")
    assert log.trades() == Trades()


def test_a_bust_of_an_entry_leaves_nothing_behind() -> None:
    log = trading()
    fill = log.executed("buy", "5", "100", fee="1")
    log.busted(fill)
    assert log.worth() == 0
    assert (log.trades(), log.results.of("momo").held) == (Trades(), {})


def test_a_correction_books_the_new_execution_in_place_of_the_old() -> None:
    log = trading()
    fill = log.executed("buy", "5", "100", fee="1")
    log.corrected(fill, "4", "99")
    assert log.results.of("momo").held == {"AAPL": Held(Decimal(4), Decimal(396), Decimal(-1))}
    assert (log.worth(), log.trades()) == (Decimal(-1), Trades())


def test_what_is_paid_in_another_currency_counts_at_the_last_rate() -> None:
    log = trading()
    log.executed("buy", "10", "100", symbol="SAP/EUR", fee="1", fee_currency="EUR")
    assert (log.worth(), log.trades()) == (None, Trades())
    log.marked(EUR_USD="1.25")
    assert log.worth() == Decimal("-1.25")
    log.executed("sell", "10", "110", symbol="SAP/EUR")
    assert (log.worth(), log.trades()) == (Decimal("123.75"), Trades(1, 0, Decimal("123.75"), ZERO))
    log.marked(EUR_USD="1.5")
    assert (log.worth(), log.trades()) == (Decimal("148.5"), Trades(1, 0, Decimal("148.5"), ZERO))


def test_a_fee_in_another_currency_is_the_strategys_and_in_no_trade() -> None:
    log = trading()
    log.marked(BNB_USD="600")
    log.executed("buy", "1", "100", fee="0.01", fee_currency="BNB")
    log.executed("sell", "1", "110")
    assert (log.worth(), log.trades()) == (Decimal(4), Trades(1, 0, Decimal(10), ZERO))


def test_each_day_begins_at_the_marks_of_the_day_before() -> None:
    log = trading()
    log.executed("buy", "10", "100")
    log.marked(AAPL="103")
    log.marked(SECOND_DAY, AAPL="101")
    result = log.results.of("momo")
    assert (result.day, result.began, log.worth()) == (SECOND_DAY, Decimal(30), Decimal(10))
    log.marked(SECOND_DAY, AAPL="99")
    assert log.results.of("momo").began == 30
    log.executed("buy", "1", "50", strategy="other", symbol="MSFT")
    other = log.results.of("other")
    assert (other.day, other.began, other.highs) == (SECOND_DAY, ZERO, {SECOND_DAY: ZERO})


def test_a_day_that_begins_while_a_rate_is_missing_begins_when_it_is_known() -> None:
    log = trading()
    log.executed("buy", "10", "100", symbol="SAP/EUR", fee="10", fee_currency="EUR")
    log.marked(SECOND_DAY, SAP_EUR="101")
    assert log.results.of("momo").day == FIRST
    log.marked(SECOND_DAY, EUR_USD="1.5", SAP_EUR="99")
    # Ten that rose to 101, less a fee of ten, at the first rate; then they fall.
    assert (log.results.of("momo").day, log.results.of("momo").began, log.worth()) == (SECOND_DAY, ZERO, Decimal(-30))


def test_a_day_begins_at_the_first_mark_of_what_had_none() -> None:
    """A bust left it short at 110 without a mark, and what is realized stays."""
    log = trading()
    log.executed("buy", "1", "100")
    bought = log.executed("buy", "1", "100")
    log.executed("sell", "2", "110")
    log.busted(bought)
    assert log.worth() is None
    log.marked(SECOND_DAY, AAPL="115")
    result = log.results.of("momo")
    assert (result.day, result.began, log.worth()) == (SECOND_DAY, Decimal(5), Decimal(5))
    assert result.held == {"AAPL": Held(Decimal(-1), Decimal(-100), ZERO)}


def test_of_highs_only_those_are_kept_that_no_later_day_reached() -> None:
    log = trading()
    log.executed("buy", "1", "100")
    for day, price in ((FIRST, "130"), (SECOND_DAY, "140"), (SECOND_DAY, "120"), (THIRD, "125")):
        log.marked(day, AAPL=price)
    # The second day began at 30, and the third at 20.
    assert log.results.of("momo").highs == {SECOND_DAY: 40, THIRD: 25}
    log.marked(THIRD, AAPL="140")
    assert log.results.of("momo").highs == {THIRD: 40}


def test_a_high_is_forgotten_when_no_window_reaches_it() -> None:
    log = trading()
    log.executed("buy", "1", "100")
    for price in ("130", "120"):
        log.marked(FIRST, AAPL=price)
    log.marked("2027-02-06", AAPL="110")
    assert min(log.results.of("momo").highs) == FIRST
    assert MOST_DAYS == 400
    log.marked("2027-02-07", AAPL="105")
    assert FIRST not in log.results.of("momo").highs


def test_marks_are_kept_of_what_is_held_and_of_rates_alone() -> None:
    log = trading()
    log.executed("buy", "1", "100")
    log.executed("buy", "1", "40000", symbol="BTC/USD")
    log.marked(AAPL="101", MSFT="50", EUR_USD="1.1")
    assert set(log.results.marks) == {"AAPL", "BTC/USD", "EUR/USD"}
    log.executed("sell", "1", "100")
    log.executed("sell", "1", "40000", symbol="BTC/USD")
    assert set(log.results.marks) == {"EUR/USD"}


def test_an_older_execution_is_no_newer_mark() -> None:
    log = trading()
    log.executed("buy", "1", "100")
    log.marked(AAPL="110")
    log.executed("buy", "1", "90", broker_time=NOW)
    assert log.worth() == 30


def test_what_is_held_without_a_mark_has_no_known_result() -> None:
    """The price at which an execution was taken back is no mark, and the next marks tell."""
    log = trading()
    log.executed("buy", "1", "100")
    sold = log.executed("sell", "1", "110")
    log.busted(sold)
    assert log.worth() is None
    log.marked(AAPL="105")
    assert log.worth() == 5


def test_a_wish_to_flatten_closes_what_strategies_hold() -> None:
    log = trading()
    log.executed("buy", "10", "100")
    log.executed("buy", "5", "100", strategy="other")
    log.hold("3")
    log.executed("sell", "18", "90", strategy="flatten", fee="1.80")
    assert list(log.results.symbols()) == []
    assert (log.worth(), log.worth("other"), log.worth("EXTERNAL")) == (
        Decimal(-101),
        Decimal("-50.5"),
        Decimal("-30.3"),
    )
    assert (log.trades(), log.trades("other")) == (
        Trades(0, 1, ZERO, Decimal(101)),
        Trades(0, 1, ZERO, Decimal("50.5")),
    )
    assert "flatten" not in log.results.strategies


def test_what_the_owner_trades_at_the_broker_is_nobodys_until_a_strategy_holds_the_other_side() -> None:
    log = trading()
    log.hold("4")
    log.executed("buy", "10", "100")
    log.hold("-6", price="110")
    # Four were the owner's own, and two the strategy's.
    assert log.results.of("EXTERNAL").held == {}
    assert log.results.of("momo").held["AAPL"].quantity == 8
    log.hold("-10", price="110")
    assert log.results.of("momo").held == {}
    assert log.results.of("EXTERNAL").held["AAPL"].quantity == -2
    assert log.worth() == 100


def test_a_bust_of_what_nobody_asked_for_is_nobodys() -> None:
    log = trading()
    log.executed("buy", "10", "100")
    closed = log.executed("sell", "10", "90", strategy="flatten")
    log.busted(closed)
    assert log.results.of("momo").held == {}
    assert log.results.of("EXTERNAL").held["AAPL"].quantity == 10


def test_a_split_multiplies_what_each_holds_and_wins_nothing() -> None:
    log = trading()
    log.executed("buy", "10", "100")
    log.executed("buy", "5", "100", strategy="other")
    log.acted("2")
    assert log.results.of("momo").held == {"AAPL": Held(Decimal(20), Decimal(1000), ZERO)}
    assert log.results.of("other").held["AAPL"].quantity == 10
    assert log.results.marks["AAPL"].price == 50
    assert [log.worth(), log.worth("other")] == [ZERO, ZERO]
    log.executed("sell", "20", "60")
    assert log.trades() == Trades(1, 0, Decimal(200), ZERO)


def test_what_a_split_rounds_off_and_pays_is_of_the_largest_holder() -> None:
    log = trading()
    log.executed("buy", "8", "100", strategy="other")
    log.executed("buy", "13", "100")
    log.acted("0.5", "-0.5", "60")
    assert log.results.of("momo").held == {"AAPL": Held(Decimal(6), Decimal(1300), Decimal(60))}
    assert log.results.of("momo").realized == {"USD": Decimal(60)}
    assert log.results.of("other").held["AAPL"] == Held(Decimal(4), Decimal(800), ZERO)


def test_what_is_taken_away_ends_the_trade_and_what_comes_to_nobody_is_nobodys() -> None:
    log = trading()
    log.executed("buy", "10", "100")
    log.acted("1", "-10", "300")
    assert log.results.of("momo").held == {}
    assert log.trades() == Trades(0, 1, ZERO, Decimal(700))
    log.acted("1", "4")
    assert log.results.of("EXTERNAL").held == {"AAPL": Held(Decimal(4), ZERO, ZERO)}


def test_a_holding_that_comes_without_an_execution_is_nobodys_and_one_that_goes_is_taken_from_it_first() -> None:
    log = trading()
    log.executed("buy", "10", "100")
    log.adjusted("4", "90")
    assert log.results.of("EXTERNAL").held["AAPL"] == Held(Decimal(4), Decimal(360), ZERO)
    log.adjusted("-6", "100")
    assert log.results.of("EXTERNAL").held == {}
    assert log.results.of("momo").held["AAPL"].quantity == 8
    assert log.book().positions["AAPL"].quantity == 8


def test_a_result_is_worked_out_once_after_each_change(monkeypatch: pytest.MonkeyPatch) -> None:
    from tradewire.domain import results

    asked: list[object] = []
    work_out = results.worth

    def counted(*args: Any) -> Decimal | None:
        asked.append(args)
        return work_out(*args)

    monkeypatch.setattr(results, "worth", counted)
    log = trading()
    log.executed("buy", "1", "100")
    for _ in range(3):
        log.worth()
    assert len(asked) == 1
    log.executed("buy", "1", "50", strategy="other", symbol="MSFT")
    log.worth()
    assert len(asked) == 1
    log.executed("buy", "1", "101", strategy="other")
    log.worth()
    assert len(asked) == 2


# What all of them add up to, and what a restart keeps

_PRICES = st.sampled_from(["80", "99.99", "100", "101.37", "140"])
_SYMBOLS = st.sampled_from(["AAPL", "MSFT", "SAP/EUR"])
_QUANTITIES = st.sampled_from(["1", "2.5", "3", "7"])
_SIDES: st.SearchStrategy[Side] = st.sampled_from(["buy", "sell"])
_FEES = st.sampled_from([("0", "USD"), ("0.37", "USD"), ("0.2", "EUR"), ("-0.1", "USD")])
_FILL = st.tuples(
    st.just("fill"), st.sampled_from(["a", "b", "c", "flatten"]), _SIDES, _QUANTITIES, _PRICES, _SYMBOLS, _FEES
)
_STEPS = st.one_of(
    _FILL,
    _FILL,
    st.tuples(st.just("own"), _SIDES, _QUANTITIES, _PRICES, _SYMBOLS),
    st.tuples(st.just("bust"), st.integers(0, 99)),
    st.tuples(st.just("correct"), st.integers(0, 99), _QUANTITIES, _PRICES),
    st.tuples(st.just("split"), st.sampled_from(["2", "0.5", "3", "0.333333333333"]), st.sampled_from(["0", "0.25"])),
    st.tuples(st.just("mark"), st.sampled_from([0, 0, 0, 1]), _PRICES, _PRICES, st.sampled_from(["1.1", "1.25"])),
)


def lived(steps: list[Any]) -> Trading:
    log = Trading(price=None)
    log.cash("100000")
    log.marked(EUR_USD="1.2")
    day, fills = 2, []
    for step in steps:
        match step:
            case ("fill", strategy, side, quantity, price, symbol, (fee, fee_currency)):
                fields = {"strategy": strategy, "symbol": symbol, "fee": fee, "fee_currency": fee_currency}
                fills.append(log.executed(side, quantity, price, **fields))
            case ("own", side, quantity, price, symbol):
                log.now += SECOND
                log.hold(quantity if side == "buy" else f"-{quantity}", symbol, price)
            case ("bust", number) if fills:
                log.busted(fills.pop(number % len(fills)))
            case ("correct", number, quantity, price) if fills:
                log.corrected(fills.pop(number % len(fills)), quantity, price)
            case ("split", ratio, cash):
                log.acted(ratio, cash=cash)
            case ("mark", days, price, other, rate):
                day = min(day + days, 28)
                log.marked(f"2026-01-{day:02}", AAPL=price, MSFT=other, SAP_EUR=price, EUR_USD=rate)
    return log


@given(st.lists(_STEPS, max_size=40))
@settings(max_examples=200, deadline=None)
def test_the_results_of_all_and_of_nobody_add_up_to_the_accounts(steps: list[Any]) -> None:
    log = lived(steps)
    log.marked("2026-01-28", AAPL="111", MSFT="99", SAP_EUR="70", EUR_USD="1.3")
    total = reduce(add, (log.worth(name) or ZERO for name in log.results.strategies), Decimal(100_000))
    assert total == book_equity(log.book())
    book = log.book()
    for symbol, position in book.positions.items():
        held = (r.held[symbol].quantity for r in log.results.strategies.values() if symbol in r.held)
        assert reduce(add, held, ZERO) == position.quantity


@given(st.lists(_STEPS, max_size=40))
@settings(max_examples=100, deadline=None)
def test_the_days_of_all_begin_where_the_accounts_does(steps: list[Any]) -> None:
    """Of those that were there when it began; who came later began at nothing."""
    log = lived(steps)
    assume(all(log.worth(name) is not None for name in log.results.strategies))
    log.marked("2026-01-29", AAPL="111", MSFT="99", SAP_EUR="70", EUR_USD="1.3")
    began = reduce(add, (result.began for result in log.results.strategies.values()), Decimal(100_000))
    assert began == log.book().equity_at_day_start


@given(st.lists(_STEPS, min_size=1, max_size=25), st.data())
@settings(max_examples=100, deadline=None)
def test_what_was_recorded_and_the_events_since_restore_all_results(steps: list[Any], data: st.DataObject) -> None:
    whole = lived(steps)
    cut = data.draw(st.integers(3, len(whole.events)))
    log = Trading(limits={}, price=None)
    for event in whole.events[:cut]:
        log._take(event, fold=True)
    log.now = whole.now
    command = record(log.state.windows.of("paper"), "paper", log.state.pos, log.state.pos, log.now, 10**12)
    (recorded,) = log.append(command)
    for event in whole.events[cut:]:
        log._take(msgspec.structs.replace(event, pos=len(log.events) + 1), fold=True)
    restored = restart(log, [recorded])
    assert digest_of(restored) == digest_of(log.state)
    assert decode(recorded).results == Results(decode(recorded).results).recorded()


def restart(log: Log, kept: list[Any]) -> RiskState:
    """A state that begins at a snapshot and reads the events behind it, as the process does."""
    books = [Raw(msgspec.json.encode(book)) for book in log.state.accounts.books.values()]
    restored = RiskState(PAPER)
    limits = [event for event in log.events if event.stream.startswith("limits-")]
    restored.restore([*limits, *kept], books, log.state.pos)
    restored.catch_up(event for event in log.events if event.pos > restored.counted_from())
    return restored


def digest_of(state: RiskState) -> tuple[object, ...]:
    results = state.windows.of("paper").results
    worths = {name: results.worth(name, "USD") for name in sorted(results.strategies)}
    return results.day, dict(sorted(results.strategies.items())), dict(sorted(results.marks.items())), worths


def test_results_that_an_older_build_did_not_record_are_counted_from_the_first_event() -> None:
    log = trading()
    log.executed("buy", "10", "100", fee="1")
    log.executed("sell", "10", "110", fee="1")
    window = log.state.windows.of("paper")
    data = msgspec.structs.replace(
        window.recorded("paper", log.state.pos, log.state.pos, log.now, 10**12), results=None
    )
    recorded = log.write("account-paper", data)
    log.executed("buy", "3", "100")
    restored = restart(log, [recorded])
    assert restored.counted_from() == 0
    assert digest_of(restored) == digest_of(log.state)
    assert restored.windows.of("paper").fills == window.fills == {"momo": 3}


def test_asking_changes_nothing() -> None:
    log = trading()
    log.executed("buy", "10", "100", fee="1")
    before = digest(log.state)
    log.worth()
    log.trades()
    assert digest(log.state) == before


def test_a_record_holds_nothing_of_what_is_closed() -> None:
    """Two hundred symbols that were traded and sold again take no more room than one."""
    log = trading()
    for number in range(200):
        log.executed("buy", "1", "100", symbol=f"S{number}")
        log.executed("sell", "1", "101", symbol=f"S{number}")
    recorded = log.results.recorded()
    assert (recorded.marks, recorded.strategies["momo"].held) == ({}, {})
    assert recorded.strategies["momo"].trades == {"USD": Trades(200, 0, Decimal(200), ZERO)}
    assert len(msgspec.json.encode(recorded)) < 250


def test_the_order_of_names_does_not_matter_to_what_is_recorded() -> None:
    written = []
    for names in (("a", "b"), ("b", "a")):
        results = Results()
        for name in names:
            results.strategies[name] = StrategyResult(day=FIRST)
        written.append(bytes(msgspec.json.encode(results.recorded())))
    assert written[0] == written[1]
