"""What the reader counts of a log, and the figures it tells: equal to what the log says, and bounded in number."""

import asyncio
import re
import sys
from collections import Counter
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from tests.builders import approved
from tests.unit.reader.histories import History, Script, events, frames
from tests.unit.reader.naive import Naive
from tests.unit.reader.test_model import Rows, fresh, played
from tests.waiting import soon
from tradewire.domain.account_book import book_equity
from tradewire.domain.results import FOLDED, Results
from tradewire.messages import account_events as a
from tradewire.messages import order_events as o
from tradewire.messages.log import Event
from tradewire.messages.registry import decode
from tradewire.messages.vocabulary import QuoteUsed
from tradewire.runtime.metrics import OTHER, Names
from tradewire.runtime.tasks import end_tasks
from tradewire_ledger.reader.metrics import Metrics
from tradewire_ledger.reader.model import Changes
from tradewire_ledger.reader.session import _tell
from tradewire_ledger.reader.told.counting import Counting
from tradewire_ledger.reader.told.figures import Figures
from tradewire_ledger.reader.told.trading import TradingMetrics

NOW = 1_800_000_000_000_000


class Told:
    """A reader's metrics of a history, folded in batches."""

    def __init__(self, history: History, frames_each: int = 7, most: int = 100, *, begun: bool = True) -> None:
        self.registry = CollectorRegistry()
        names = Names(most), Names(most)
        self.counting = Counting(TradingMetrics(self.registry), *names)
        self.figures, self.names = Figures(self.registry), names
        self.events = events(made := frames(history))
        self.rows = Rows(fresh())
        if begun:
            self.counting.begin({})
        for first in range(0, len(made), frames_each):
            changes = self.rows.fold(made[first : first + frames_each])
            self.counting.take(changes, self._approvals(changes))

    def _approvals(self, changes: Changes) -> dict[str, bytes]:
        asked = self.counting.unpriced(changes)
        return {
            each.stream: bytes(each.data)
            for each in self.events
            if each.type == "OrderApproved" and each.stream in asked
        }

    def page(self) -> dict[str, float]:
        """Every series."""
        model, counting = self.rows.model, self.counting
        books, results = model.books, counting.results or {}
        self.figures.take(model.orders.values(), books, results, counting.steps, self.names, NOW)
        lines = (
            line.rpartition(" ") for line in generate_latest(self.registry).decode().splitlines() if line[:1] != "#"
        )
        return {name: float(value) for name, _, value in lines}

    def of(self, kind: str) -> list[tuple[Event, Any]]:
        return [(event, decode(event)) for event in self.events if event.type == kind]


@pytest.mark.parametrize("frames_each", [1, 7, 1000])
def test_what_is_counted_is_what_the_log_holds(frames_each: int) -> None:
    told = Told(played(3), frames_each)
    page = told.page()

    assert page['tradewire_signals_total{strategy="momo"}'] == len(told.of("SignalReceived"))
    for account in ("paper", "live"):
        fills = [data for _, data in told.of("OrderFilled") if data.account == account]
        assert fills
        assert page[f'tradewire_fills_total{{account="{account}",kind="fill",strategy="momo"}}'] == len(fills)
        sums: Counter[tuple[str, str]] = Counter()
        for data in fills:
            currency = data.symbol.partition("/")[2] or "USD"
            sums[data.side, currency] += data.quantity * data.price
        for (side, currency), value in sums.items():
            labels = f'account="{account}",currency="{currency}",side="{side}",strategy="momo"'
            assert page[f"tradewire_filled_value_total{{{labels}}}"] == pytest.approx(float(value))
        fees = sum(data.fee for data in fills)
        fees += sum(data.fee - data.old_fee for _, data in told.of("FillCorrected") if data.account == account)
        fees -= sum(data.fee for _, data in told.of("FillBusted") if data.account == account)
        assert page[f'tradewire_fees{{account="{account}",currency="USD"}}'] == pytest.approx(float(fees))
    denied = sum(
        value for name, value in page.items() if name.startswith("tradewire_decisions_total") and "denied" in name
    )
    assert denied == len(told.of("OrderDenied"))
    assert page['tradewire_switch_changes_total{by="service",level="HALT",scope="symbol"}'] == 1


def test_orders_by_state_are_those_of_the_log() -> None:
    told = Told(played(4))
    page = told.page()
    naive = Naive(told.events)
    counted = Counter((order.account, order.status.value) for order in naive.open_orders.values())
    shown = {name: value for name, value in page.items() if name.startswith("tradewire_orders{")}
    assert sum(shown.values()) == len(naive.open_orders)
    for (account, status), count in counted.items():
        assert shown[f'tradewire_orders{{account="{account}",status="{status}"}}'] == count
        age = page[f'tradewire_oldest_order_age_seconds{{account="{account}",status="{status}"}}']
        assert age > 0
    ends = Counter((order.account, order.status.value) for order in naive.orders.values() if not order.open)
    for (account, status), count in ends.items():
        # A late fill moves nothing that has ended.
        assert page[f'tradewire_order_states_total{{account="{account}",status="{status}"}}'] == count


def test_money_is_that_of_the_books() -> None:
    history = played(5)
    for account in history.accounts:
        history.mark(account, "2026-03-01")
    told = Told(history)
    page = told.page()
    for account, book in Naive(told.events).books.items():
        labels = f'{{account="{account}",currency="USD"}}'
        assert page[f"tradewire_equity{labels}"] == pytest.approx(float(book_equity(book)))
        assert page[f"tradewire_cash{labels}"] == pytest.approx(float(book.balances["USD"].cash))
        held = sum(1 for position in book.positions.values() if position.quantity)
        assert page[f'tradewire_positions{{account="{account}"}}'] == held
    results = Results()
    for event in told.events:
        if event.type in FOLDED and (data := decode(event)).account == "paper":
            results.fold(event, data, "USD")
    total = results.worth("momo", "USD")
    assert total is not None
    shown = page['tradewire_strategy_result{account="paper",currency="USD",strategy="momo"}']
    assert shown == pytest.approx(float(total))
    trades = results.of("momo").trades
    wins = sum(each.wins for each in trades.values())
    assert page['tradewire_strategy_trades_total{account="paper",outcome="won",strategy="momo"}'] == wins


def test_a_book_that_has_changed_is_valued_anew() -> None:
    history = History(accounts=("paper",))
    history.begin()
    history.add("account-paper", a.CashMoved(account="paper", amount=Decimal(5), currency="USD", reason="deposit"))
    told, made = Told(History()), frames(history, 1)
    equity = 'tradewire_equity{account="paper",currency="USD"}'
    told.rows.fold(made[:-1])
    assert [told.page()[equity], told.page()[equity]] == [100_000, 100_000]
    told.rows.fold(made[-1:])
    assert told.page()[equity] == 100_005


def test_results_go_on_from_where_the_session_began() -> None:
    whole = Told(played(6))
    later = Told(played(6), begun=False)
    assert not [name for name in later.page() if name.startswith("tradewire_strategy_result")]
    later.counting.begin({})
    names = ("tradewire_strategy_result", "tradewire_strategy_trades")
    assert {n: v for n, v in later.page().items() if n.startswith(names)} == {
        n: v for n, v in whole.page().items() if n.startswith(names)
    }


class _Broken:
    """What was before cannot be read, for a reason that another session would meet again."""

    async def give(self, *_: Any) -> None:
        raise ValueError("what was recorded makes no sense")


async def test_figures_that_cannot_begin_with_what_was_before_begin_with_what_comes() -> None:
    history, metrics, said = played(6), Metrics(CollectorRegistry()), list[str]()
    told = Told(History(), begun=False)
    model, made = told.rows.model, frames(history)
    follower: Any = SimpleNamespace(counting=told.counting, model=model)
    log: Any = SimpleNamespace(error=lambda what, **_: said.append(what))
    broken: Any = _Broken()
    pool: Any = None
    first = told.rows.fold(made[:1])
    held = sys.getrefcount(first)
    told.counting.take(first, {})
    assert sys.getrefcount(first) > held
    telling = asyncio.create_task(_tell(follower, metrics, broken, pool, log))
    try:
        await soon(lambda: _holds(bool(said)))
    finally:
        await end_tasks(telling)
    assert sys.getrefcount(first) == held, "what waited is let go of"
    told.counting.take(later := told.rows.fold(made[1:]), {})
    assert sys.getrefcount(later) == held, "and nothing waits any more"
    assert [name for name in told.page() if name.startswith("tradewire_strategy_result")]


async def _holds(value: bool) -> bool:
    return value


def bought(price: str, history: History | None = None, **changes: Any) -> Script:
    """An order that was approved at 100 and filled at another price."""
    script = (history or History()).order("s", quantity=Decimal(10), **changes)
    side = changes.get("side", "buy")
    quotes = (QuoteUsed("AAPL", Decimal(100), 1, "x"),)
    script.add(approved(order=script.id, signal=script.signal, side=side, quotes=quotes), "risk")
    script.start()
    script.fact(o.OrderAccepted)
    script.fill(1, "10", price)
    return script


@pytest.mark.parametrize(("side", "price", "cost"), [("buy", "101", 10), ("sell", "101", -10), ("sell", "99.5", 5)])
def test_slippage_is_a_cost_when_it_is_worse(side: str, price: str, cost: float) -> None:
    history = History()
    history.begin()
    bought(price, history, side=side)
    for frames_each in (1, 100):
        page = Told(history, frames_each).page()
        assert page['tradewire_slippage_cost{account="paper",currency="USD",strategy="momo"}'] == cost
        assert page['tradewire_slippage_ratio_bucket{account="paper",le="0.0"}'] == (cost <= 0)
        assert page['tradewire_slippage_ratio_count{account="paper"}'] == 1


def test_the_price_of_an_approval_that_was_not_seen_is_asked_of_the_log() -> None:
    history = History()
    history.begin()
    script = history.order("s", quantity=Decimal(10))
    quotes = (QuoteUsed("AAPL", Decimal(100), 1, "x"),)
    script.add(approved(order=script.id, signal=script.signal, quotes=quotes), "risk")
    script.start()
    script.fact(o.OrderAccepted)
    script.fill(1, "10", "101")
    made = frames(history, 1)
    told = Told(History())
    told.rows.fold(made[:-1])
    last = told.rows.fold(made[-1:])

    assert told.counting.unpriced(last) == [script.stream]
    [approval] = [bytes(each.data) for each in events(made) if each.type == "OrderApproved"]
    told.counting.take(last, {script.stream: approval})
    assert told.counting.unpriced(last) == []
    assert told.page()['tradewire_slippage_cost{account="paper",currency="USD",strategy="momo"}'] == 10


def test_hops_are_counted_for_every_order_that_was_seen_from_the_beginning() -> None:
    told = Told(played(7))
    page = told.page()
    orders = {event.stream: data.account for event, data in told.of("OrderRequested")}
    counted = Counter(orders[event.stream] for event, _ in told.of("OrderApproved"))
    for account, count in counted.items():
        labels = f'{{account="{account}",hop="requested_approved"}}'
        assert page[f"tradewire_order_hop_seconds_count{labels}"] == count


def test_names_beyond_the_bound_share_one_series() -> None:
    history = History(accounts=tuple(f"a{n}" for n in range(5)))
    history.begin()
    for number in range(5):
        script = history.order(f"s-{number}", account=f"a{number}", strategy=f"t{number}")
        script.work()
        script.fill(1, "1", "100")
    page = Told(history, most=2).page()
    accounts = {found[1] for name in page if (found := re.search(r'account="([^"]*)"', name))}
    assert accounts == {"a0", "a1", OTHER}
    assert page[f'tradewire_fills_total{{account="{OTHER}",kind="fill",strategy="momo"}}'] == 3


def test_the_number_of_series_does_not_grow_with_orders_and_symbols() -> None:
    short, long = Told(played(8, 60)).page(), Told(played(8, 240)).page()
    grown = {name for name in long.keys() - short.keys() if "_bucket" not in name}
    assert len(long) <= len(short) * 1.2
    assert not [name for name in long if re.search(r"[0-9a-f]{8}-|AAPL|BRK", name)], grown


def test_a_limit_warning_names_the_check_and_not_its_value() -> None:
    history = History()
    history.begin()
    warning = a.LimitWarning(
        account="paper",
        strategy="momo",
        symbol="AAPL",
        order="x",
        check="val_max",
        value="9",
        limit="10",
        day="2026-01-05",
    )
    history.add("account-paper", warning, "risk")
    page = Told(history).page()
    assert page['tradewire_limit_warnings_total{account="paper",check="val_max"}'] == 1
    assert msgspec.json.encode(list(page)).find(b"2026-01-05") == -1
