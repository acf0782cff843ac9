"""What a machine has to have is counted right: processes with their children, and what came between two steps."""

import os
import subprocess
import sys
from io import StringIO

from bench import capacity
from bench.capacity import Disk, Memory, Needs, Step
from rich.console import Console

_HOLDS = "import sys; held = b'x' * int(sys.argv[1]); print('ready', flush=True); sys.stdin.read()"
_PARENT = (
    f"import subprocess, sys; sys.exit(subprocess.run([sys.executable, '-c', {_HOLDS!r}, sys.argv[1]]).returncode)"
)


def test_a_process_is_counted_with_its_children() -> None:
    held = 64_000_000
    with subprocess.Popen([sys.executable, "-c", _PARENT, str(held)], stdin=-1, stdout=-1) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            assert process.stdout.readline() == b"ready\n"
            found = capacity.memory_of({"one": process.pid, "this": os.getpid()})
        finally:
            process.stdin.close()
    assert found["one"].rss >= held
    assert held <= found["one"].pss <= found["one"].rss


def test_an_order_costs_what_came_between_two_steps() -> None:
    before, after = Step(1_000, 500.0, Disk(90_000, 50, 10)), Step(3_000, 500.0, Disk(110_000, 2_050, 4_010))
    assert capacity.per_order(before, after) == {"postgres": 10.0, "nats": 1.0, "journal": 2.0}


def test_both_tables_are_shown() -> None:
    memory = {"risk": Memory(60_000_000, 40_000_000), "nats": Memory(30_000_000, 20_000_000)}
    steps = (Step(0, 0.0, Disk(0, 0, 0)), Step(10, 400.0, Disk(50_000, 20_000, 10_000)))
    said = StringIO()
    capacity.show(Console(file=said, width=120), Needs(memory, memory, memory, steps))
    rows = [line for line in said.getvalue().splitlines() if "all" in line or "0 to 10" in line]
    assert "60 (90)" in rows[0]
    assert rows[-1].replace("│", " ").split() == ["0", "to", "10", "400", "5,000", "2,000", "1,000", "8,000"]
