"""A process without descriptors or memory says so and ends. Each is tried in a process of its own."""

import subprocess
import sys

import pytest

LIMITED = """
import os, resource, sys
from tradewire.runtime import exhaustion

exhaustion.verify()
what = getattr(resource, sys.argv[1])
if sys.argv[1] == "RLIMIT_NOFILE":
    most = len(os.listdir("/proc/self/fd")) - 1 + int(sys.argv[2])
else:
    [size] = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmSize:")]
    most = int(size) * 1024 + int(sys.argv[2])
resource.setrlimit(what, (most, most))
try:
    exhaustion.verify()
except exhaustion.Exhausted as error:
    print(error)
else:
    print("goes on")
"""


def limited(what: str, more: int) -> str:
    """What `verify` says in a process that may have so much more than it has."""
    program = [sys.executable, "-c", LIMITED, what, str(more)]
    return subprocess.run(program, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("what", "more", "says"),
    [
        ("RLIMIT_NOFILE", 0, "no file descriptors are left (Too many open files, the limit is"),
        ("RLIMIT_NOFILE", 3, "no file descriptors are left (Too many open files, the limit is"),
        ("RLIMIT_NOFILE", 4, "goes on"),
        ("RLIMIT_AS", 8 << 20, "less than 16 MiB of memory are left: give the process more"),
        ("RLIMIT_AS", 24 << 20, "goes on"),
    ],
)
def test_what_is_used_up_is_named_with_what_mends_it(what: str, more: int, says: str) -> None:
    assert limited(what, more).startswith(says)


def test_the_kernel_ends_a_process_that_does_not_end_in_time() -> None:
    program = """
import time
from tradewire.runtime import exhaustion

def none() -> None:
    raise exhaustion.Exhausted("none left")

exhaustion.verify, exhaustion.DRAIN_SECONDS = none, 1
try:
    exhaustion.verify_or_end()
except exhaustion.Exhausted:
    time.sleep(600)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -14
