"""Every rule of the proof, with the vendor's client over real sockets."""

import pytest

from tests.twins.alpaca.prove import RULES
from tests.twins.alpaca.rules import Rule
from tests.twins.alpaca.rules.desk import Desk


@pytest.mark.parametrize("proof", [pytest.param(proof, id=proof.__qualname__) for _, _, proof in RULES])
def test_the_rule_holds(proof: Rule) -> None:
    with Desk() as desk:
        proof(desk)


def test_every_rule_names_what_it_says_and_its_source() -> None:
    assert len({text for text, _, _ in RULES}) == len(RULES)
    assert all(source for _, source, _ in RULES)


def test_every_unsettled_rule_is_an_option_and_every_value_of_it_is_proved() -> None:
    """An option with a choice has to be in a proof's code by its name."""
    import inspect

    import msgspec

    from tests.twins.alpaca.options import Options, values

    proofs = "".join(inspect.getsource(proof) for _, _, proof in RULES)
    choices = [field.name for field in msgspec.structs.fields(Options) if len(values(field.name)) > 1]
    assert len(choices) >= 12
    assert [name for name in choices if name not in proofs] == []
