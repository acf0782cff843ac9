"""Whatever is logged is one JSON object a line, from libraries, too."""

import json
import subprocess
import sys

PROGRAM = """
import logging, warnings
from tradewire.runtime import logs
log = logs.configure("risk", "risk-1", "info", "json")
log.info("began", signal="s1")
log.debug("not said")
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("asyncpg").warning("lost %s", 3, exc_info=True)
logging.getLogger("asyncpg").info("not said")
warnings.warn("careful")
"""


def test_libraries_are_heard_in_the_same_form() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True)

    began, lost, warned = (json.loads(line) for line in done.stdout.splitlines())
    assert done.stderr == ""
    assert {line["instance"] for line in (began, lost, warned)} == {"risk-1"}
    assert (began["event"], began["signal"]) == ("began", "s1")
    assert (lost["logger"], lost["event"], lost["level"]) == ("asyncpg", "lost 3", "warning")
    assert "ZeroDivisionError" in lost["exception"]
    assert "careful" in warned["event"]
