"""What is measured of decisions."""

from bench.deciding import LIMITS, measure


def test_more_limits_measure_more_of_the_same_orders() -> None:
    lifted, strict = measure(1)
    assert [lifted.limits, strict.limits] == list(LIMITS)
    assert lifted.measured < strict.measured
    assert lifted.size < strict.size
