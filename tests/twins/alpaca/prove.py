"""The proof: drives the twin with alpaca-py alone, rule by rule, and prints rule → source → held.

`python -m tests.twins.alpaca.prove` needs nothing of the product and exits with 1 when a rule does not hold, or when
no rule was proved with every value of an option.
"""

import logging
import sys
import traceback
from collections.abc import Collection, Set
from importlib.metadata import version

import msgspec

from tests.twins.alpaca.options import Options, values
from tests.twins.alpaca.rules import RULES, Rule, facts, faults, kinds, market_data, streams, traps
from tests.twins.alpaca.rules.desk import Desk

__all__ = ["CHOICES", "RULES", "facts", "faults", "kinds", "main", "market_data", "proved", "streams", "traps"]

CHOICES = {
    field.name: {(field.name, str(value)) for value in values(field.name)}
    for field in msgspec.structs.fields(Options)
    if values(field.name)
}
"""The options that have a choice, with all their values."""
Built = Set[tuple[str, str]]


def proved(proof: Rule) -> Built:
    """Proves a rule, and returns the options that its twins had, as far as it named them."""
    with Desk() as desk:
        proof(desk)
    return desk.built


def unproved(built: Collection[Built]) -> list[str]:
    """The options of which no rule was proved with every value, from what each rule built."""
    return [name for name, wanted in CHOICES.items() if not any(wanted <= one for one in built)]


def main() -> int:
    """Proves every rule and prints the table; gives the number of rules that do not hold and of options unproved."""
    logging.getLogger("alpaca").setLevel(logging.CRITICAL)
    broken = 0
    built: list[Built] = []
    width = max(len(text) for text, _, _ in RULES)
    for text, source, proof in RULES:
        try:
            built.append(proved(proof))
        except Exception:  # noqa: BLE001 -- whatever went wrong, the rule does not hold
            broken += 1
            sys.stdout.write(traceback.format_exc())
            held = "NO"
        else:
            held = "yes"
        sys.stdout.write(f"{text:<{width}}  {source:<18}  {held}\n")
    sys.stdout.write(f"alpaca-py {version('alpaca-py')}: {len(RULES) - broken} of {len(RULES)} rules held\n")
    left = unproved(built)
    sys.stdout.write("".join(f"the option {name} is not proved for each of its values\n" for name in left))
    return broken + len(left)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
