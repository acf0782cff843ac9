"""The last step before a child becomes its program: give up root if asked, and ask to die with the parent.

Run as a script by `child.py`, with nothing but the standard library, so that no Python code runs between fork and exec
of a process with threads: `launch.py PARENT_PID DEATH_SIGNAL UID GID PROGRAM ARGUMENT...`; UID -1 keeps the user.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Replaces this process by PROGRAM."""
    parent, death_signal, uid, gid = (int(text) for text in sys.argv[1:5])
    program = sys.argv[5:]
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        # After setuid, which clears it; survives exec.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, death_signal)
    if os.getppid() != parent:
        # The parent died before it could be asked for.
        sys.exit(1)
    os.execv(program[0], program)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
