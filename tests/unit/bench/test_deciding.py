"""What is measured of decisions."""

from bench.deciding import LIMITS, measure
from bench.harness import sharing


def test_more_limits_measure_more_of_the_same_orders() -> None:
    lifted, strict = measure(1)
    assert [lifted.limits, strict.limits] == list(LIMITS)
    assert lifted.measured < strict.measured
    assert lifted.size < strict.size


def test_systems_that_are_one_with_other_limits_share_no_log() -> None:
    assert sharing(["bare", "strict", "tradewire", "lifted"]) == [["bare", "tradewire"], ["strict"], ["lifted"]]
    assert sharing(["strict"]) == [["strict"]]
