"""A twin under the hands of another process, over its control calls, and a twin as a child process."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WAIT_SECONDS = 30.0
CALL_SECONDS = 10.0


class Remote:
    """The control calls of the twin at `url`."""

    def __init__(self, url: str, process: "subprocess.Popen[str] | None" = None) -> None:
        self.url, self.process = url, process

    def call(self, method: str, path: str, body: object = None) -> Any:
        """One control call. Raises ValueError with the twin's words when it refuses."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_twin/{path}", data=data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=CALL_SECONDS) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise ValueError(json.load(error)["error"]) from None

    def do(self, verb: str, **args: object) -> Any:
        """A verb of the venue."""
        return self.call("POST", "do", {"verb": verb, "args": args})["result"]

    def arm(self, kind: str, on: str, **rest: object) -> int:
        """Arms a fault and gives its number."""
        return int(self.call("POST", "faults", {"kind": kind, "on": on, **rest})["id"])

    def disarm(self, number: int | None = None) -> None:
        self.call("DELETE", "faults" if number is None else f"faults/{number}")

    def ledger(self) -> Any:
        return self.call("GET", "ledger")

    def calls(self, name: str) -> int:
        """How often a call came in, such as `POST /v2/orders`."""
        return int(self.call("GET", "calls").get(name, 0))

    def journal(self) -> list[dict[str, Any]]:
        return list(self.call("GET", "journal"))

    def streams(self) -> list[dict[str, Any]]:
        return list(self.call("GET", "streams"))

    def hang_up(self, *, reset: bool = False) -> None:
        """Ends all open streams."""
        self.call("DELETE", "streams?reset=1" if reset else "streams")

    def until(self, holds: Callable[[], Any]) -> Any:
        """Waits until something holds and gives it."""
        return until(holds)

    def until_called(self, name: str, times: int) -> None:
        """Waits until a call has come in so often."""
        until(lambda: self.calls(name) >= times)

    def until_listened(self, streams: int = 1) -> None:
        """Waits until so many streams have subscribed."""
        until(lambda: sum(one["ready"] for one in self.streams()) >= streams)


def until(holds: Callable[[], Any], seconds: float = WAIT_SECONDS) -> Any:
    """Waits until something holds and gives it. Raises AssertionError when it does not come to hold."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := holds():
            return found
        time.sleep(0.01)
    raise AssertionError(f"not so after {seconds} s")


@contextmanager
def started(module: str, data: Path, *arguments: str) -> Iterator[Remote]:
    """Runs `python -m module --data data …` and gives its control; the process ends with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, "--data", str(data), *arguments], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        if not url:
            raise RuntimeError(f"{module} ended with {process.wait()} before it said where it listens")
        yield Remote(url, process)
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
