"""Tells the time by every clock, once for each line that it hears: `python -m tests.unit.chaos.clock_teller`."""

import json
import sys
import time

if __name__ == "__main__":
    for _ in sys.stdin:
        told = {"time_ns": time.time_ns(), "time": time.time(), "monotonic_ns": time.monotonic_ns()}
        print(json.dumps(told), flush=True)  # noqa: T201 - its output is the answer
