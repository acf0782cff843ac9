"""Which orders go to which broker in the bench, how their latencies are told apart, and what the verdicts say."""

import time
from io import StringIO

import msgspec
import pytest
from bench import brokering
from bench.brokering import ORDERS_PER_SECOND, Brokering, latencies_of
from bench.system import Latency, ResultError
from bench.tradewire.broker_orders import BURST_FIRST, RESTING_FIRST, WARM_UP, account_of, body, order_of
from bench.tradewire.orders import STRATEGY
from rich.console import Console

from tradewire import ids
from tradewire.messages.signal_parse import parse_signal


def test_a_buy_and_its_sell_go_to_one_broker_and_every_signal_is_one() -> None:
    for first, actions in ((0, ["buy", "buy"]), (WARM_UP, ["buy", "sell"])):
        signals = [parse_signal(STRATEGY, body(first + number)) for number in range(8)]
        assert [signal.account for signal in signals] == ["paper", "paper", "alpaca", "alpaca"] * 2
        assert [signal.action for signal in signals] == actions * 4
    for first, symbol in ((BURST_FIRST, "MSFT"), (RESTING_FIRST, "TSLA")):
        others = [parse_signal(STRATEGY, body(first + number)) for number in range(4)]
        assert {(other.account, other.action, other.symbol) for other in others} == {("alpaca", "buy", symbol)}
    bought = max(msgspec.json.decode(body(number))["limit_price"] for number in range(0, 200, 2))
    sold = min(msgspec.json.decode(body(number))["limit_price"] for number in range(WARM_UP + 1, 200, 2))
    assert bought < sold  # so that no two of them would trade with each other


def test_latencies_count_from_when_an_order_was_due_and_are_told_apart_by_broker() -> None:
    began = time.monotonic_ns()
    offset = time.time_ns() - time.monotonic_ns()
    paper: dict[str, int] = {}
    twin: dict[str, int] = {}
    for number in range(4, 12):
        due = began + (number - 4) * 1e9 / ORDERS_PER_SECOND + offset
        if account_of(number) == "paper":
            paper[order_of(number)] = int(due / 1000) + 5_000
        else:
            twin[ids.client_order_id(order_of(number), 1)] = int(due / 1000) + 8_000
    found = latencies_of(range(4, 12), began, paper, twin)
    assert found["paper"].p50 == pytest.approx(5, abs=1)
    assert found["alpaca"].p99 == pytest.approx(8, abs=1)
    with pytest.raises(ResultError, match="never received order 12"):
        latencies_of(range(4, 13), began, paper, twin)


@pytest.mark.parametrize(
    ("p50", "took", "said"),
    [(10.0, 4.9, ("2.00, within 2", "4.90, within 5")), (10.1, 5.1, ("2.02, above 2", "5.10, above 5"))],
)
def test_the_verdicts_are_of_the_ratio_and_of_the_slowest_comparison(
    p50: float, took: float, said: tuple[str, str]
) -> None:
    alone = {"paper": Latency(5.0, 20.0), "alpaca": Latency(p50, 30.0)}
    quoted = {"paper": Latency(5.0, 22.0), "alpaca": Latency(12.0, 48.0)}
    out = StringIO()
    found = Brokering(alone, quoted, 9_000, 1.5, [1.0, took, 1.2])
    brokering.show(Console(file=out, width=140), [found])
    assert all(each in out.getvalue() for each in said)
    assert "paper: 1.10, within 1.5" in out.getvalue()
    assert "alpaca: 1.60, above 1.5" in out.getvalue()
    assert "9,000" in out.getvalue()
