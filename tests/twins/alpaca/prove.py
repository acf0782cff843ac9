"""The proof: drives the twin with alpaca-py alone, rule by rule, and prints rule → source → held.

`python -m tests.twins.alpaca.prove` needs nothing of the product and exits with 1 when a rule does not hold.
"""

import logging
import sys
import traceback
from importlib.metadata import version

from tests.twins.alpaca.rules import RULES, facts, faults, kinds, market_data, streams, traps
from tests.twins.alpaca.rules.desk import Desk

__all__ = ["RULES", "facts", "faults", "kinds", "main", "market_data", "streams", "traps"]


def main() -> int:
    """Proves every rule and prints the table; gives the number of rules that do not hold."""
    logging.getLogger("alpaca").setLevel(logging.CRITICAL)
    broken = 0
    width = max(len(text) for text, _, _ in RULES)
    for text, source, proof in RULES:
        try:
            with Desk() as desk:
                proof(desk)
        except Exception:  # noqa: BLE001 -- whatever went wrong, the rule does not hold
            broken += 1
            sys.stdout.write(traceback.format_exc())
            held = "NO"
        else:
            held = "yes"
        sys.stdout.write(f"{text:<{width}}  {source:<18}  {held}\n")
    sys.stdout.write(f"alpaca-py {version('alpaca-py')}: {len(RULES) - broken} of {len(RULES)} rules held\n")
    return broken


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
