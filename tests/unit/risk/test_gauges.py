"""What accounts look like to Prometheus: every figure, and series for accounts, limits and scopes alone."""

from decimal import Decimal

from prometheus_client import CollectorRegistry, generate_latest

from tests.unit.risk.builders import DAY, Log
from tradewire.domain.limits import KINDS
from tradewire.domain.times import SECOND
from tradewire.messages.account_events import Bar, BarsReported
from tradewire.messages.quotes import Quote
from tradewire_risk.domain.prices import QuoteBoard
from tradewire_risk.gauges import AccountGauges


def shown(log: Log, registry: CollectorRegistry | None = None) -> dict[str, float]:
    """Every series of the page, without the prefix that all have."""
    registry = registry or CollectorRegistry()
    AccountGauges(registry).take(log.state, log.now)
    return read(registry)


def read(registry: CollectorRegistry) -> dict[str, float]:
    lines = (line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#"))
    found = (line.removeprefix("tradewire_risk_").rsplit(" ", 1) for line in lines)
    return {name: float(value) for name, value in found}


def busy() -> Log:
    """10,000 in all: 20 AAPL at 100, of which 10 more are being bought and one sold, and 20 MSFT at 100 sold short."""
    log = Log(limits={"max_gross_exposure": "200", "max_value_at_risk": "4", "max_position_value": "10000"})
    log.quote("MSFT", "100")
    log.cash("10000")
    log.hold("20")
    log.hold("-20", symbol="MSFT")
    log.balances("8000")
    log.submit(log.approve("buy", "buy", "10"))
    log.submit(log.approve("exit", "sell", "1", reduce_only=True))
    for symbol, last in (("AAPL", "90"), ("MSFT", "100")):
        closes = [*["100"] * 20, last]
        bars = tuple(Bar(n * DAY, *[Decimal(close)] * 4) for n, close in enumerate(closes))
        log.write("account-paper", BarsReported(account="paper", broker="paper", symbol=symbol, at=log.now, bars=bars))
    return log


def test_every_figure_of_an_account_is_told() -> None:
    page = shown(busy())

    assert page['equity{account="paper"}'] == 10_000
    assert page['day_loss{account="paper"}'] == 0
    assert page['drawdown_ratio{account="paper"}'] == 0
    assert page['exposure{account="paper",kind="gross"}'] == 5_000
    assert page['exposure{account="paper",kind="net"}'] == 1_000
    assert page['exposure{account="paper",kind="open"}'] == 1_000
    assert page['buying_power{account="paper"}'] == 7_000
    assert page['value_at_risk{account="paper",method="historical"}'] == 200
    assert 73 < page['value_at_risk{account="paper",method="parametric"}'] < 74
    assert page['largest_concentration_ratio{account="paper"}'] == 0.3


def test_the_use_of_a_limit_is_the_largest_of_all_that_it_is_measured_against() -> None:
    page = shown(busy())

    assert page['limit_use_ratio{account="paper",limit="max_gross_exposure"}'] == 0.25
    assert page['limit_use_ratio{account="paper",limit="max_value_at_risk"}'] == 0.5
    assert page['limit_use_ratio{account="paper",limit="max_position_value"}'] == 0.3
    assert 'limit_use_ratio{account="paper",limit="max_net_exposure"}' not in page


def test_what_nobody_can_tell_has_no_series() -> None:
    log = busy()
    log.hold("1", symbol="BTC/EUR")
    log.mark("BTC/EUR", "101")
    page = shown(log)

    told = {name.partition("{")[0] for name in page}
    assert told == {"exposure", "buying_power", "limit_use_ratio"}
    assert {name for name in page if name.startswith("exposure")} == {'exposure{account="paper",kind="open"}'}


def test_the_oldest_quote_of_what_is_held_is_told_and_what_has_none_is_counted() -> None:
    log = busy()
    log.hold("1", symbol="KO", price="60")
    board = QuoteBoard()
    for symbol, seconds in (("AAPL", 3), ("MSFT", 8), ("IBM", 500)):
        board.hear(Quote(symbol, log.now - seconds * SECOND, last=Decimal(100)), "x")
    registry = CollectorRegistry()
    AccountGauges(registry).take(log.state, log.now, board)
    page = read(registry)
    assert page['oldest_quote_age_seconds{account="paper"}'] == 8
    assert page['unquoted_symbols{account="paper"}'] == 1
    assert 'unquoted_symbols{account="paper"}' not in shown(log)


def test_switches_are_told_by_scope_and_those_of_symbols_together() -> None:
    log = Log()
    for scope in ("account.paper", "symbol.MSFT", "symbol.AAPL", "strategy.momo"):
        log.halt("REDUCE_ONLY", scope)
    log.halt("HALT", "symbol.MSFT")
    log.halt("KILL")
    log.resume("strategy.momo")

    assert shown(log) == {
        'switch_level{scope="global"}': 4,
        'switch_level{scope="account.paper"}': 2,
        'switch_level{scope="strategy.momo"}': 0,
        'switch_level{scope="symbol.*"}': 3,
    }


def test_the_number_of_series_does_not_grow_with_orders_and_symbols() -> None:
    log = busy()
    before = set(shown(log))
    for n in range(20):
        symbol = f"S{n}"
        log.quote(symbol, "1")
        log.hold("1", symbol=symbol, price="1")
        log.submit(log.approve(symbol, quantity="10", symbol=symbol, strategy="momo"))
    after = set(shown(log))

    assert after <= before
    assert len([name for name in after if name.startswith("limit_use_ratio")]) <= len(KINDS)


def test_figures_are_replaced_as_a_whole() -> None:
    registry, log = CollectorRegistry(), Log()
    gauges = AccountGauges(registry)
    assert read(registry) == {}
    log.cash("10")
    gauges.take(log.state, log.now)
    assert read(registry)['equity{account="paper"}'] == 10
    log.cash("5")
    gauges.take(log.state, log.now)
    assert read(registry)['equity{account="paper"}'] == 15
