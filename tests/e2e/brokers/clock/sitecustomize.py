"""Python runs this at its start where its folder is on the path: the process then goes by the clock in DAY_CLOCK."""

import os
from pathlib import Path

if file := os.environ.get("DAY_CLOCK"):
    from tests.chaos.clocks import Clock

    Clock(Path(file)).rule()
