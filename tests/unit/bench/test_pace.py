"""Open-loop pacing."""

import time

import pytest
from bench.floor.pace import Pace
from bench.role import Run


@pytest.mark.parametrize(("rate", "orders"), [(None, 250), (2000.0, 120)])
async def test_every_order_is_due_once_and_in_order(rate: float | None, orders: int) -> None:
    pace = Pace(Run(40, orders, rate), burst=100)
    assert [number async for numbers in pace.due() for number in numbers] == [*range(40, 40 + orders)]


async def test_without_a_rate_bursts_are_bounded() -> None:
    assert [len(numbers) async for numbers in Pace(Run(0, 250, None), burst=100).due()] == [100, 100, 50]


async def test_no_order_comes_before_its_time() -> None:
    pace = Pace(Run(0, 20, 500.0), burst=100)
    async for numbers in pace.due():
        assert time.monotonic_ns() >= pace.first + int((numbers[-1] / 500.0) * 1e9) - 1


async def test_a_late_publisher_sends_at_once_all_that_is_due() -> None:
    pace = Pace(Run(0, 50, 1000.0), burst=10)
    pace.first -= 1_000_000_000
    assert [numbers async for numbers in pace.due()] == [range(50)]
