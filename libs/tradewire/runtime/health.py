"""/livez, /readyz and /metrics of one process, answered by a thread of their own."""

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import make_wsgi_app

STALLED_SECONDS = 10.0
SILENT_SECONDS = 5.0
"""For how long somebody may send or read nothing."""
ANSWERED_AT_ONCE = 16


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


def words(told: Mapping[str, str]) -> str:
    """Problems or notes in one line."""
    return "; ".join(f"{part} {text}" for part, text in told.items())


class _Quiet(WSGIRequestHandler):
    timeout = SILENT_SECONDS

    def log_message(self, *args: Any) -> None:
        """Probes are no news."""


class _Server(ThreadingMixIn, WSGIServer):
    """Answers each on a thread of its own, so that one who sends or reads nothing keeps nobody else waiting."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, *args: Any) -> None:
        self._free = threading.BoundedSemaphore(ANSWERED_AT_ONCE)
        super().__init__(*args)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Turns away who comes while too many are being answered."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answers one."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Somebody went away before the end; that is no news."""


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

    server: WSGIServer = make_server(host, port, answer, server_class=_Server, handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.5}, daemon=True, name="health")
    thread.start()

    def stop() -> None:
        server.shutdown()
        server.server_close()

    return server.server_port, stop
