"""What a child said last, for people: the supervisor repeats it when the child has ended."""

import sys
from pathlib import Path

import pytest

from tradewire_cli.engines.child import Child

INFO = '{"event": "following", "level": "info", "timestamp": "2026-03-09T10:00:00Z", "pos": 7}'
WARNING = '{"event": "waits for NATS", "level": "warning", "problem": "nobody answers", "service": "risk"}'
ERROR = '{"event": "process failed", "level": "error", "error": "no disk", "exception": "Traceback\\n  OSError"}'


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ((), ""),
        ((INFO,), ""),
        ((INFO, INFO), ""),
        ((WARNING, INFO), 'waits for NATS  problem="nobody answers"'),
        ((WARNING, ERROR, INFO), 'process failed  error="no disk"'),
        ((INFO, "tradewire risk: shard: is odd."), "tradewire risk: shard: is odd."),
        (("started with a warning of Python's", INFO), ""),
        (("[1] [INF] Server is ready",), "[1] [INF] Server is ready"),
    ],
)
async def test_what_a_child_said_last_is_a_sentence_and_never_a_line_of_json(
    tmp_path: Path, lines: tuple[str, ...], says: str
) -> None:
    program = (sys.executable, "-c", "import sys; print(*sys.argv[1:], sep='\\n')", *lines)
    child = await Child.start("risk", program, log=tmp_path / "risk.log")
    await child.wait()

    assert child.said_last == says
    assert child.last_words == (f"; it said last: {says}" if says else "")
