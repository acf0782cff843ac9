"""What holds for every life of orders: limits at every approval, reservations, and the same answer to the same log."""

import os
import subprocess
import sys
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.risk.replay_digest import digest, replayed, steps
from tests.unit.risk.scenario import ACCOUNTS, OFTEN, STEPS, Scenario, Step, Taken
from tradewire.domain.orders import RESERVING, Order, Status, evolve
from tradewire.messages.log import Event, encode
from tradewire.messages.order_events import OrderApproved, OrderFilled
from tradewire.messages.registry import decode
from tradewire_risk.domain.exposure import Exposure

Place = tuple[str, str]
lives = st.lists(st.tuples(st.sampled_from([*STEPS, *OFTEN]), st.integers(0, 999)), max_size=60)


class Money:
    """One account, counted anew: what it holds at its last marks, and what its orders may still buy and sell."""

    def __init__(self) -> None:
        self.cash = Decimal(0)
        self.held: dict[str, Decimal] = {}
        self.marks: dict[str, tuple[int, Decimal]] = {}
        self.buys: dict[str, Decimal] = {}
        self.sells: dict[str, Decimal] = {}
        self.entering = Decimal(0)

    def fill(self, event: Event, data: OrderFilled) -> None:
        signed = data.quantity if data.side == "buy" else -data.quantity
        self.held[data.symbol] = self.held.get(data.symbol, Decimal(0)) + signed
        self.cash -= signed * data.price + data.fee
        if event.time > self.marks.get(data.symbol, (0, Decimal(0)))[0]:
            self.marks[data.symbol] = (event.time, data.price)

    def reserve(self, order: Order | OrderApproved, quantity: Decimal) -> None:
        assert order.unit_value is not None
        value, side = quantity * order.unit_value, self.buys if order.side == "buy" else self.sells
        side[order.symbol] = side.get(order.symbol, Decimal(0)) + value
        self.entering += Decimal(0) if order.reduce_only else value

    def value(self, symbol: str) -> Decimal:
        return self.held.get(symbol, Decimal(0)) * self.marks.get(symbol, (0, Decimal(0)))[1]

    def worst(self, symbol: str) -> Decimal:
        value, zero = self.value(symbol), Decimal(0)
        return max(abs(value + self.buys.get(symbol, zero)), abs(value - self.sells.get(symbol, zero)))

    @property
    def equity(self) -> Decimal:
        return self.cash + sum(map(self.value, self.held))

    def sums(self, symbol: str) -> dict[str, Decimal]:
        """What each limit in percent of equity is measured by."""
        symbols = {*self.held, *self.buys, *self.sells}
        held = sum(map(self.value, self.held), Decimal(0))
        return {
            "max_gross_exposure": sum(map(self.worst, symbols), Decimal(0)),
            "max_net_exposure": max(abs(held + sum(self.buys.values())), abs(held - sum(self.sells.values()))),
            "max_open_exposure": self.entering,
            "max_concentration": self.worst(symbol),
        }


class Recount:
    """Counts everything anew from the events alone, in the plainest way."""

    def __init__(self, events: list[Event]) -> None:
        self.orders: dict[str, Order] = {}
        self.positions: dict[Place, Decimal] = {}
        self.limits: list[dict[str, str]] = []
        self.accounts: dict[str, Money] = {}
        for event in events:
            data = decode(event)
            if event.stream.startswith("order-"):
                self.orders[data.order] = evolve(self.orders.get(data.order), event, data)
            if event.type == "OrderFilled":
                place = (data.account, data.symbol)
                signed = data.quantity if data.side == "buy" else -data.quantity
                self.positions[place] = self.positions.get(place, Decimal(0)) + signed
                self.accounts[data.account].fill(event, data)
            if event.type == "CashMoved":
                self.accounts.setdefault(data.account, Money()).cash += data.amount
            if event.stream == "limits-global":
                self.limits.append(data.limits)
        for order in self.orders.values():
            if order.status in RESERVING:
                self.accounts[order.account].reserve(order, order.leaves)

    def exposure(self, place: Place) -> Exposure:
        here = [o for o in self.orders.values() if (o.account, o.symbol) == place and o.status in RESERVING]
        return Exposure(
            sum((o.leaves for o in here if o.side == "buy"), Decimal(0)),
            sum((o.leaves for o in here if o.side == "sell"), Decimal(0)),
            len(here),
            sum(o.status is Status.UNKNOWN for o in here),
        )


def check_batch(batch: Taken, events: list[Event]) -> None:
    """No approval of a batch takes what is held and reserved above the limits version that it names."""
    then = Recount(events[: batch.pos])
    reserved: dict[tuple[Place, str], Decimal] = {}
    for each in batch.decided:
        data = each.data
        assert data.state_pos == batch.pos
        if not isinstance(data, OrderApproved):
            continue
        place = (data.account, data.symbol)
        key = (place, data.side)
        mine = reserved[key] = reserved.get(key, Decimal(0)) + data.quantity
        held = then.positions.get(place, Decimal(0))
        working = then.exposure(place).on(data.side)
        after = held + working + mine if data.side == "buy" else held - working - mine
        assert data.price is not None
        price = max(data.price, data.quotes[0].price)
        limit = Decimal(then.limits[data.limits["global"] - 1]["max_position_value"])
        shrinks = abs(after) <= abs(held) and after * held >= 0
        assert abs(after) * price <= limit or shrinks, data
        if data.reduce_only:
            assert shrinks, data
        assert then.exposure(place).unknown == 0
        money, limits = then.accounts[data.account], then.limits[data.limits["global"] - 1]
        before = money.sums(data.symbol)
        money.reserve(data, data.quantity)
        for name, sum_after in money.sums(data.symbol).items():
            most = money.equity * Decimal(limits[name]) / 100
            assert sum_after <= most or sum_after <= before[name], (name, data)


@given(lives)
@settings(max_examples=200, deadline=None)
def test_no_approval_takes_exposure_above_the_limits_that_it_names(life: list[Step]) -> None:
    scenario = Scenario().run([("quote", 0), *life])
    for batch in scenario.batches:
        check_batch(batch, scenario.log.events)


@given(lives)
@settings(max_examples=200, deadline=None)
def test_reservations_are_what_the_orders_add_up_to_and_return_to_zero(life: list[Step]) -> None:
    scenario = Scenario().run([("quote", 0), *life])
    orders = scenario.log.state.orders
    recount = Recount(scenario.log.events)
    for place in {(order.account, order.symbol) for order in recount.orders.values()}:
        assert orders.exposures.at(place) == recount.exposure(place)
        assert scenario.log.state.accounts.position(*place) == recount.positions.get(place, Decimal(0))
    assert set(orders.requested) == {o.order for o in recount.orders.values() if o.status is Status.REQUESTED}
    scenario.end()
    assert orders.orders == {}
    assert (len(orders.exposures), orders.requested, orders.waiting, orders.keys) == (0, {}, {}, {})
    assert len(orders.resting) == 0
    for account in ACCOUNTS:
        portfolio, money = orders.portfolios.of(account), Recount(scenario.log.events).accounts[account]
        assert not any((portfolio.open, portfolio.entering, portfolio.buys, portfolio.sells))
        assert portfolio.held == sum(map(money.value, money.held))
        assert portfolio.gross == sum(map(money.worst, money.held))


@given(lives)
@settings(max_examples=100, deadline=None)
def test_the_same_log_gives_the_same_decisions(life: list[Step]) -> None:
    scenario = Scenario().run([("quote", 0), *life, ("decide", 0)])
    assert replayed(scenario) == [encode([each.command for each in batch.decided]) for batch in scenario.batches]


def test_a_long_life_decides_all_kinds_of_things() -> None:
    """Guards the tests above against scenarios in which nothing happens."""
    scenario = Scenario().run(steps(7, 2500))
    for batch in scenario.batches:
        check_batch(batch, scenario.log.events)
    reasons = {each.reason.value if each.reason else "approved" for b in scenario.batches for each in b.decided}
    expected = (
        "approved POSITION_ABOVE_MAX UNKNOWN_OUTSTANDING NOTHING_TO_CLOSE CANCEL_REQUESTED SIZE_UNKNOWN "
        "GROSS_EXPOSURE_ABOVE_MAX NET_EXPOSURE_ABOVE_MAX OPEN_NOTIONAL_ABOVE_MAX CONCENTRATION_ABOVE_MAX "
        "SELF_TRADE_PREVENTED"
    )
    assert set(expected.split()) <= reasons
    assert max(len(batch.decided) for batch in scenario.batches) > 2


def test_decisions_do_not_depend_on_the_hash_seed() -> None:
    own = digest(7, 600)
    for seed in ("0", "1", "4242"):
        command = [sys.executable, "-m", "tests.unit.risk.replay_digest"]
        done = subprocess.run(
            command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == own
