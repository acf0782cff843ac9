"""Medians, spreads and ratios."""

from io import StringIO

import pytest
from bench.harness import Measured, Plan, rotated, spoken
from bench.report import FIGURES, by_round, ratios, show, spread
from bench.system import Latency, Result
from rich.console import Console

PLAN = Plan(orders=1000, rounds=2, rates=(100.0,), seconds=2.0, systems=("slow", "fast"))


def measured(number: int, system: str, rate: float | None, seconds: float, cpu: dict[str, float]) -> Measured:
    latency = Latency(p50=seconds, p99=2 * seconds) if rate else None
    return Measured(number, system, Result(1000, rate, 6000, seconds, latency, cpu, 4000.0))


MEASURED = [
    measured(1, "slow", None, 2.0, {"ledger": 300.0, "nats": 100.0}),
    measured(1, "fast", None, 1.0, {"sequencer": 100.0, "nats": 100.0}),
    measured(2, "fast", None, 0.5, {"sequencer": 150.0, "nats": 50.0}),
    measured(2, "slow", None, 4.0, {"ledger": 600.0, "nats": 200.0}),
    measured(1, "slow", 100.0, 10.0, {"ledger": 900.0}),
    measured(1, "fast", 100.0, 5.0, {"sequencer": 800.0}),
]


def test_figures_are_taken_by_system_and_rate() -> None:
    assert by_round(MEASURED, "fast", None, FIGURES["orders/s"]) == {1: 1000.0, 2: 2000.0}
    assert by_round(MEASURED, "fast", 100.0, FIGURES["p99 ms"]) == {1: 10.0}
    assert by_round(MEASURED, "fast", None, FIGURES["p50 ms"]) == {}


def test_ratios_compare_within_a_round() -> None:
    assert ratios(MEASURED, ("fast", "slow"), None, FIGURES["orders/s"]) == [2.0, 8.0]
    assert ratios(MEASURED, ("fast", "slow"), None, FIGURES["CPU µs/order"]) == [0.5, 0.25]
    assert ratios(MEASURED, ("fast", "slow"), 100.0, FIGURES["p50 ms"]) == [0.5]


def test_a_ratio_needs_both_systems_in_the_round() -> None:
    assert ratios(MEASURED[:3], ("fast", "slow"), None, FIGURES["orders/s"]) == [2.0]


@pytest.mark.parametrize(
    ("values", "text"),
    [([], ""), ([3.0], "3.00"), ([12.34, 1.0, 5000.0], "12.3 [1.00..5,000]")],
)
def test_a_spread_is_the_median_between_the_extremes(values: list[float], text: str) -> None:
    assert spread(values) == text


def test_the_tables_name_every_system_run_and_process() -> None:
    page = StringIO()
    show(Console(file=page, width=200), PLAN, MEASURED)
    text = page.getvalue()
    for expected in (
        "saturated",
        "100/s",
        "fast / slow",
        "sequencer",
        "ledger",
        "1,500 [1,000..2,000]",
        "5.00 [2.00..8.00]",
    ):
        assert expected in text


def test_a_run_at_a_rate_is_bounded_in_time_and_in_orders() -> None:
    assert PLAN.runs() == [(None, 1000), (100.0, 200)]
    assert Plan(50, 1, (500.0, 1.0), 10.0, ("slow",)).runs() == [(None, 50), (500.0, 50), (1.0, 10)]


def test_each_round_begins_with_another_system() -> None:
    assert [rotated(("a", "b", "c"), number) for number in range(4)] == [
        ["a", "b", "c"],
        ["b", "c", "a"],
        ["c", "a", "b"],
        ["a", "b", "c"],
    ]


def test_runs_are_spoken_of_plainly() -> None:
    assert (spoken(None, 20000), spoken(100.0, 500)) == ("20,000 orders, saturated", "500 orders at 100/s")
