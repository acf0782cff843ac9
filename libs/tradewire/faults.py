"""Named fault points: places at a boundary where a test makes a process die, stop or fail.

`TRADEWIRE_FAULTS="router.after_submit_started=kill@3,ledger.before_commit=stop"` arms them: at the third passage the
process gets SIGKILL, at the first SIGSTOP, or with `=error` a FaultInjected is raised. Each hit is written to the file
that `TRADEWIRE_FAULTS_FILE` names before it happens, so that a runner can count hits. Unarmed, a point costs one dict
look-up in an empty dict.
"""

import os
import signal
import time
from pathlib import Path


class FaultInjected(RuntimeError):  # noqa: N818 - what happened
    """Raised at a point that is armed with `error`."""


class _Armed:
    def __init__(self, action: str, nth: int) -> None:
        self.action, self.nth, self.passages = action, nth, 0


def _parse(text: str) -> dict[str, _Armed]:
    armed = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, _, action = part.partition("=")
        kind, _, nth = action.partition("@")
        if kind not in {"kill", "stop", "error"} or (nth and not nth.isdigit()):
            raise ValueError(f"TRADEWIRE_FAULTS: {part!r} is not name=kill|stop|error[@n]")
        armed[name] = _Armed(kind, int(nth or 1))
    return armed


_armed = _parse(os.environ.get("TRADEWIRE_FAULTS", ""))


def point(name: str) -> None:
    """Passes a fault point.

    Raises:
        FaultInjected: when the point is armed with `error` and this is its passage.
    """
    if _armed and name in _armed:
        _pass(name, _armed[name])


def _pass(name: str, armed: _Armed) -> None:
    armed.passages += 1
    if armed.passages != armed.nth:
        return
    if file := os.environ.get("TRADEWIRE_FAULTS_FILE"):
        marker = Path(file)
        if armed.action == "kill" and marker.exists() and f" {name} " in marker.read_text():
            return  # a restarted process does not die at the same point for ever
        with marker.open("a") as out:
            out.write(f"{time.time_ns()} {name} {armed.action} {os.getpid()}\n")
            out.flush()
            os.fsync(out.fileno())
    if armed.action == "error":
        raise FaultInjected(name)
    os.kill(os.getpid(), signal.SIGKILL if armed.action == "kill" else signal.SIGSTOP)
