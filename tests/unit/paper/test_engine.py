"""What the engine decides, and that its journal alone gives its state."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.paper.desk import HOUR, Scene
from tradewire.domain.exact import ZERO
from tradewire_router.paper.lines import Accepted, Canceled, Dropped, Duplicate, Expired, Filled, Rejected
from tradewire_router.paper.wire import PaperOrder


def test_commission_is_taken_and_cash_is_exact() -> None:
    scene = Scene(commission_per_share=Decimal("0.005"), commission_percent=Decimal("0.1"))
    scene.quote("99.99", "100.01")
    scene.submit(quantity="3")
    (fill,) = scene.of(Filled)
    assert fill.fee == Decimal("0.31503000")
    assert scene.account.cash == Decimal(100_000) - Decimal("300.03") - fill.fee


def test_pairs_are_paid_in_their_own_currency() -> None:
    scene = Scene(commission_percent=Decimal("0.1"))
    scene.quote("59", "60", symbol="BTC/USDT")
    scene.quote("99", "100")
    scene.submit(symbol="BTC/USDT")
    scene.submit("buy", "3")
    scene.submit("sell", "4", symbol="BTC/USDT")
    assert [(fill.currency, fill.fee) for fill in scene.of(Filled)] == [
        ("USDT", Decimal("0.6")),
        ("USD", Decimal("0.3")),
        ("USDT", Decimal("0.236")),
    ]
    told = {balance.asset: balance.total for balance in scene.engine.balances(scene.account)}
    assert told == {"USD": Decimal("99699.7"), "USDT": Decimal("-364.836")}
    assert scene.rebuilt().accounts["paper"].balances() == scene.account.balances()


def test_slippage_worsens_market_orders_to_the_next_tick() -> None:
    scene = Scene(slippage_bps=Decimal("2.5"))
    scene.quote("99.99", "100.01")
    scene.submit()
    scene.submit("sell")
    assert [fill.price for fill in scene.of(Filled)] == [Decimal("100.0351"), Decimal("99.9650")]


def test_slippage_leaves_limits_alone() -> None:
    scene = Scene(slippage_bps=Decimal(50))
    scene.quote("99.99", "100.01")
    scene.submit(order_type="limit", limit_price="100.01")
    assert [fill.price for fill in scene.of(Filled)] == [Decimal("100.01")]


def test_without_a_quote_the_signals_price_serves_only_where_that_is_allowed() -> None:
    strict, loose = Scene(), Scene(price_from_signal=True)
    for scene in (strict, loose):
        scene.submit(reference_price="50")
    assert [line.code for line in strict.of(Rejected)] == ["NO_QUOTE"]
    assert [fill.price for fill in loose.of(Filled)] == [Decimal(50)]


def test_a_quote_goes_before_the_signals_price() -> None:
    scene = Scene(price_from_signal=True)
    scene.quote("60", "61")
    scene.submit(reference_price="50")
    assert [fill.price for fill in scene.of(Filled)] == [Decimal(61)]


@pytest.mark.parametrize(
    ("fields", "price"),
    [
        ({"reference_price": "50"}, "50"),
        ({"reference_price": "50", "order_type": "limit", "limit_price": "49"}, "49"),
        ({"reference_price": "50", "order_type": "stop", "stop_price": "51"}, "51"),
    ],
)
def test_at_the_signals_price_everything_fills_at_once(fields: dict[str, Any], price: str) -> None:
    scene = Scene(fill="signal_price", slippage_bps=Decimal(100), partial_ratio=Decimal(1))
    scene.quote("60", "61")
    scene.submit(**fields)
    fills = scene.of(Filled)
    assert {fill.price for fill in fills} == {Decimal(price)}
    assert len(fills) > 1
    assert sum(fill.quantity for fill in fills) == 10
    assert not scene.account.live


def test_the_last_trade_serves_for_a_missing_side() -> None:
    scene = Scene()
    scene.quote(None, None, "42")
    scene.submit()
    assert [fill.price for fill in scene.of(Filled)] == [Decimal(42)]


def test_a_stop_looks_at_the_last_trade_first() -> None:
    scene = Scene()
    scene.quote("99", "101", "100")
    scene.submit(order_type="stop", stop_price="100.50", time_in_force="gtc")
    scene.quote("99", "101", "100.40")
    assert scene.of(Filled) == []
    scene.quote("99", "101", "100.50")
    assert [fill.price for fill in scene.of(Filled)] == [Decimal(101)]


def test_the_rest_of_an_order_is_canceled_when_the_cash_no_longer_covers_it() -> None:
    scene = Scene(starting_cash=Decimal(1000))
    scene.quote("99", "100")
    scene.submit(pieces=2)
    scene.quote("149", "150")
    (fill,), (canceled,) = scene.of(Filled), scene.of(Canceled)
    assert canceled.reason == "INSUFFICIENT_FUNDS"
    assert scene.account.cash == Decimal(1000) - fill.quantity * 100
    assert scene.account.reserved == ZERO


def test_shorts_are_possible_where_allowed() -> None:
    scene = Scene(allow_short=True)
    scene.quote("100", "101")
    scene.submit("sell", "5")
    assert scene.account.held("AAPL") == -5
    scene.quote("90", "91")
    scene.submit("buy", "8")
    (position,) = scene.account.positions()
    assert (position.quantity, position.average_price) == (Decimal(3), Decimal(91))
    assert scene.account.cash == Decimal(100_000) + 500 - 728


def test_the_account_says_what_working_orders_hold_back() -> None:
    scene = Scene()
    scene.quote("99", "100")
    scene.submit(order_type="limit", limit_price="90")
    told = scene.engine.account_info(scene.account)
    assert [told.cash, told.buying_power, told.reserved] == [100_000, 99_100, 900]


def test_no_more_is_held_back_than_is_there() -> None:
    """A commission above the price of what is sold takes cash that a working order holds back already."""
    scene = Scene(starting_cash=Decimal(1000), commission_per_share=Decimal(10), price_from_signal=True)
    scene.submit(quantity="10", reference_price="10")
    scene.submit(quantity="40", order_type="limit", limit_price="10", time_in_force="gtc")
    scene.quote("1", "20")
    scene.submit("sell", "10")
    told = scene.engine.account_info(scene.account)
    assert scene.account.available < 0
    assert told.buying_power == 0
    assert told.buying_power + told.reserved == told.cash


def test_an_id_is_taken_even_when_its_order_was_refused() -> None:
    scene = Scene()
    used = scene.submit()
    scene.quote("99", "100")
    scene.submit(client_order_id=used)
    assert [line.code for line in scene.of(Rejected)] == ["NO_QUOTE"]
    assert len(scene.of(Duplicate)) == 1
    assert scene.of(Accepted) == []


def test_a_submit_under_way_at_the_end_is_dropped_at_the_next_start() -> None:
    scene = Scene()
    order = PaperOrder(client_order_id="a", order="o", symbol="AAPL", side="buy", quantity="1")
    assert scene.engine.receive(scene.account, order, scene.at)
    scene.engine.drop_pending(scene.at)
    assert len(scene.of(Dropped)) == 1
    assert not scene.engine.receive(scene.account, order, scene.at)


def test_day_orders_end_with_their_day_and_others_stay() -> None:
    scene = Scene()
    scene.quote("99", "100")
    day = scene.submit(order_type="limit", limit_price="90")
    pair = scene.submit(order_type="limit", limit_price="90", symbol="BTC/USDT")
    scene.submit(order_type="limit", limit_price="90", time_in_force="gtc")
    scene.engine.expire(scene.at + 5 * HOUR)
    assert scene.of(Expired) == []
    scene.engine.expire(scene.at + 7 * HOUR)
    assert [line.client_order_id for line in scene.of(Expired)] == [pair]
    scene.engine.expire(scene.at + 27 * HOUR)
    assert [line.client_order_id for line in scene.of(Expired)] == [pair, day]
    assert len(scene.account.live) == 1
    assert scene.account.reserved == Decimal(900)


def test_after_a_restart_day_orders_still_end() -> None:
    scene = Scene()
    scene.submit(order_type="limit", limit_price="90")
    scene.engine.book = scene.rebuilt()
    scene.engine.resume()
    scene.engine.expire(scene.at + 48 * HOUR)
    assert len(scene.of(Expired)) == 1


def test_chance_is_the_same_for_the_same_seed_and_order() -> None:
    def play(seed: int) -> list[Decimal]:
        scene = Scene(seed=seed, partial_ratio=Decimal("0.5"))
        scene.quote("99", "100")
        for _ in range(40):
            scene.submit(quantity="25")
        for step in range(5):
            scene.quote("99", str(100 + step))
        return [fill.quantity for fill in scene.of(Filled)]

    assert play(1) == play(1)
    assert play(1) != play(2)


amounts = st.decimals("0.01", "2000", places=2).map(str)
prices = st.decimals("90", "110", places=2).map(str)
steps = st.one_of(
    st.tuples(
        st.just("submit"),
        st.sampled_from(["buy", "sell"]),
        amounts,
        st.sampled_from(["market", "limit", "stop", "stop_limit"]),
        prices,
        prices,
        st.sampled_from(["day", "gtc", "ioc", "fok"]),
        st.sampled_from(["AAPL", "BTC/USDT"]),
        st.integers(0, 3),
    ),
    st.tuples(st.just("cancel"), st.integers(1, 30)),
    st.tuples(st.just("quote"), prices, st.sampled_from(["AAPL", "BTC/USDT"])),
    st.tuples(st.just("wait"), st.integers(1, 20)),
)


@settings(max_examples=60, deadline=None)
@given(script=st.lists(steps, max_size=40), short=st.booleans(), fee=st.sampled_from(["0", "0.013"]))
def test_whatever_happens_the_journal_gives_the_state_and_the_money_adds_up(
    tmp_path_factory: pytest.TempPathFactory, script: list[tuple[object, ...]], short: bool, fee: str
) -> None:
    scene = Scene(allow_short=short, commission_percent=Decimal(fee), partial_ratio=Decimal("0.3"))
    for step in script:
        match step:
            case ("submit", str(side), str(quantity), str(kind), str(limit), str(stop), str(tif), str(symbol), int(n)):
                terms = {}
                if "limit" in kind:
                    terms["limit_price"] = limit
                if "stop" in kind:
                    terms["stop_price"] = stop
                scene.submit(side, quantity, pieces=n, order_type=kind, time_in_force=tif, symbol=symbol, **terms)
            case ("cancel", int(number)):
                scene.engine.cancel(scene.account, f"{number:032x}", scene.at)
            case ("quote", str(price), str(symbol)):
                scene.quote(price, str(Decimal(price) + Decimal("0.02")), symbol=symbol)
            case ("wait", int(hours)):
                scene.at += hours * HOUR
                scene.engine.expire(scene.at)
    assert scene.rebuilt() == scene.engine.book
    verdict = scene.verdict(tmp_path_factory.mktemp("journal"))
    assert verdict["violations"] == []
    account = scene.account
    assert account.reserved == sum((order.reserved for order in account.live.values()), ZERO)
    for symbol in ("AAPL", "BTC/USDT"):
        on_sale = [order.remaining for order in account.live.values() if (order.symbol, order.side) == (symbol, "sell")]
        assert account.selling.get(symbol, ZERO) == sum(on_sale, ZERO)
        if not short:
            assert account.sellable(symbol) >= 0
    if not short and fee == "0":
        assert account.available >= 0
