"""Run as a program: carries a fixed scenario out, decides everything again from its log alone, and prints a digest."""

import random
import sys
from hashlib import sha256

from tests.unit.risk.builders import Log
from tests.unit.risk.scenario import OFTEN, SETUP, STEPS, Scenario, Step, board
from tradewire.messages.log import encode
from tradewire_risk.domain.decide import decide_requested
from tradewire_risk.domain.state import RiskState


def steps(seed: int, count: int) -> list[Step]:
    """A list of steps that depends on the seed alone."""
    random_ = random.Random(seed)
    names = [*STEPS, *OFTEN]
    return [("quote", 1), *((random_.choice(names), random_.randrange(1000)) for _ in range(count))]


def replayed(scenario: Scenario) -> list[bytes]:
    """Every batch of a scenario, decided again by a new state that follows the same log."""
    log, events = Log(SETUP, limits={}, price=None), iter(scenario.log.events)
    state: RiskState = log.state
    commands = []
    for batch in scenario.batches:
        while state.pos < batch.pos:
            log._take(next(events), fold=True)
        again = decide_requested(state, board(batch.quotes), batch.now)
        commands.append(encode([each.command for each in again]))
    return commands


def digest(seed: int, count: int) -> str:
    """Of all decisions of a scenario, decided again from its log."""
    return sha256(b"".join(replayed(Scenario().run(steps(seed, count))))).hexdigest()


if __name__ == "__main__":
    sys.stdout.write(digest(7, 600))
