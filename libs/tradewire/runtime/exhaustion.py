"""Whether the process still has what it needs to go on: file descriptors and memory.

Without them it would live on half: no new connection, a probe that nobody answers, a message that was handled in part.
So it ends, in order while it can, and is started anew.
"""

import mmap
import os
import resource
import signal
from contextlib import suppress
from typing import Final, NoReturn

from tradewire.errors import TradewireError

DESCRIPTORS: Final = 4
"""So many must be free: a connection that is made anew, a file, and the probe's."""
MEMORY_BYTES: Final = 16 << 20
DRAIN_SECONDS: Final = 15
_OUT_OF_MEMORY = b"out of memory: ends at once, so that nothing goes on that was done in part\n"


class Exhausted(TradewireError):  # noqa: N818 - what happened, not what failed
    """The process has no descriptors or no memory left."""


def verify() -> None:
    """Raises Exhausted if descriptors or memory are used up; the message says which, and what mends it."""
    taken: list[int] = []
    try:
        for _ in range(DESCRIPTORS):
            taken.append(os.open(os.devnull, os.O_RDONLY))  # noqa: PERF401 - those opened so far must be closed
    except OSError as error:
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        raise Exhausted(
            f"no file descriptors are left ({error.strerror}, the limit is {limit}): raise it with `ulimit -n`"
        ) from None
    finally:
        for fd in taken:
            os.close(fd)
    try:
        # Reserved and not touched, so that it costs nothing.
        mmap.mmap(-1, MEMORY_BYTES).close()
    except (OSError, MemoryError):
        raise Exhausted(f"less than {MEMORY_BYTES >> 20} MiB of memory are left: give the process more") from None


def verify_or_end() -> None:
    """As `verify`; where it raises, the kernel ends the process in 15 seconds if it has not ended in order by then."""
    try:
        verify()
    except Exhausted:
        # Costs neither memory nor a thread.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(DRAIN_SECONDS)
        raise


def die() -> NoReturn:
    """Ends the process at once: an allocation failed in the middle of something, and nobody knows how much is done."""
    with suppress(OSError):
        os.set_blocking(2, False)
        os.write(2, _OUT_OF_MEMORY)
    os._exit(1)
