"""Every rule of the proof, with the vendor's client over real sockets."""

from functools import cache

import pytest

from tests.twins.alpaca import prove
from tests.twins.alpaca.prove import CHOICES, RULES
from tests.twins.alpaca.rules import Rule

proved = cache(prove.proved)


@pytest.mark.parametrize("proof", [pytest.param(proof, id=proof.__qualname__) for _, _, proof in RULES])
def test_the_rule_holds(proof: Rule) -> None:
    proved(proof)


def test_every_rule_names_what_it_says_and_its_source() -> None:
    assert len({text for text, _, _ in RULES}) == len(RULES)
    assert all(source for _, source, _ in RULES)


def test_of_every_unsettled_option_a_rule_is_proved_with_every_value() -> None:
    """Options that a rule only mentions, or that its twins have by default, do not count."""
    built = [proved(proof) for _, _, proof in RULES]
    assert len(CHOICES) >= 15
    assert prove.unproved(built) == []
    for name, every in CHOICES.items():
        for value in every:
            assert prove.unproved([one - {value} for one in built]) == [name]
