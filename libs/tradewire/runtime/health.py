"""/livez, /readyz and /metrics of one process, answered by a thread of their own."""

import json
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import make_wsgi_app

STALLED_SECONDS = 10.0


class Health:
    """What the process says of itself. `problems` are the reasons for which it is not ready, by part.

    The first of them, "start", ends with `started`, once the process has looked at everything else that it needs.

    `notes`, by part too, are what people should know of a process that is ready all the same.
    """

    def __init__(self) -> None:
        self.problems: dict[str, str] = {"start": "is starting"}
        self.notes: dict[str, str] = {}
        self.alive_at = time.monotonic()

    def set(self, part: str, problem: str | None) -> None:
        """Names a part's problem, or clears it."""
        if problem:
            self.problems[part] = problem
        else:
            self.problems.pop(part, None)

    def started(self) -> None:
        """From here on the other problems are the whole truth."""
        self.set("start", None)

    def note(self, part: str, note: str) -> bool:
        """Says something of a part, or no more with an empty text; True when that is news."""
        if self.notes.get(part, "") == note:
            return False
        if note:
            self.notes[part] = note
        else:
            self.notes.pop(part)
        return True

    @property
    def ready(self) -> bool:
        return not self.problems

    @property
    def live(self) -> bool:
        """False when the event loop has not turned for ten seconds."""
        return time.monotonic() - self.alive_at < STALLED_SECONDS


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Probes are no news."""


def serve(health: Health, registry: CollectorRegistry, host: str, port: int) -> tuple[int, Callable[[], None]]:
    """Serves on a thread and returns the port and a function that ends it.

    Raises:
        OSError: the port is taken.
    """
    metrics = make_wsgi_app(registry)

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            return list(metrics(environ, start_response))
        if path not in {"/livez", "/readyz"}:
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"/livez, /readyz and /metrics are here\n"]
        good = health.live if path == "/livez" else health.ready and health.live
        start_response("200 OK" if good else "503 Service Unavailable", [("Content-Type", "application/json")])
        body: dict[str, Any] = {"ok": good}
        if path == "/readyz":
            body |= {"problems": dict(health.problems), "notes": dict(health.notes)}
        return [json.dumps(body).encode() + b"\n"]

    server: WSGIServer = make_server(host, port, answer, handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.5}, daemon=True, name="health")
    thread.start()

    def stop() -> None:
        server.shutdown()
        server.server_close()

    return server.server_port, stop
