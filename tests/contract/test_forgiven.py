"""What a test forgives is what it causes on purpose: no more, and no less."""

import pytest

from tests.contract.brokers.bench import unforgiven


@pytest.mark.parametrize(
    ("found", "forgiven", "wrong"),
    [
        ([], [], []),
        (["line 3: a1 was received again"], ["a1 was received again"], []),
        (["cash is 5"], [], ["cash is 5"]),
        (["a1 was received again", "cash is 5"], ["a1 was"], ["cash is 5"]),
        (["cash is 5"], ["a1 was"], ["cash is 5", "a1 was: not found"]),
        ([], ["a1 was"], ["a1 was: not found"]),
    ],
)
def test_what_is_not_forgiven(found: list[str], forgiven: list[str], wrong: list[str]) -> None:
    assert unforgiven(found, forgiven) == wrong
