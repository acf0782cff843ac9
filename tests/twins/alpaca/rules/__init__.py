"""What the twin is held to: each rule is proved with the vendor's client alone, and names its source.

A source is the section of the brokers' fact sheet and its tag: `run` was run against a twin, `src` is read in the
library's source, `doc` is in a public document, `mem` is from memory and waits for a look at the real broker, `option`
is unsettled and proved for each of its values. A section without a tag states it plainly.
"""

from collections.abc import Callable
from typing import TypeAlias

from tests.twins.alpaca.rules.desk import Desk

Rule: TypeAlias = Callable[[Desk], None]
RULES: list[tuple[str, str, Rule]] = []


def rule(text: str, source: str) -> Callable[[Rule], Rule]:
    """Registers a rule under what it says and where that is from."""

    def registered(proof: Rule) -> Rule:
        RULES.append((text, source, proof))
        return proof

    return registered
