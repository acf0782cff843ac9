"""A small OTLP/HTTP collector: it keeps the spans that are posted to it, or holds or refuses them as a test wants."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from msgspec import Struct
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1 import trace_pb2


class Seen(Struct, frozen=True):
    """A span as it came, with the service whose it is. Ids are hex, times microseconds."""

    service: str
    instance: str
    trace: str
    span: str
    parent: str
    name: str
    start: int
    end: int
    kind: int
    attributes: dict[str, Any]
    links: tuple[tuple[str, str], ...]
    failed: str


class Collector:
    """What a collector has heard, and how it behaves: `held` requests wait until `release`, `refuses` is a status.

    With `loses` it takes the spans of one service and forgets them, as if that had died with them; `lost` says which.
    """

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.url = f"http://127.0.0.1:{server.server_port}"
        self.spans: list[Seen] = []
        self.paths: list[str] = []
        self.refuses = 0
        self.holds = False
        self.loses = ""
        self.lost: list[Seen] = []
        self.held = threading.Event()
        """Set once a request is being held."""
        self._released = threading.Event()

    def release(self) -> None:
        """Lets go of what is held, and holds nothing more."""
        self.holds = False
        self._released.set()

    def take(self, path: str, headers: Any, body: bytes) -> int:
        """Takes a request, and returns the status to answer."""
        if self.holds:
            self.held.set()
            self._released.wait()
        self.paths.append(path)
        if self.refuses:
            return self.refuses
        if headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            whose = {each.key: each.value.string_value for each in resource.resource.attributes}
            for scope in resource.scope_spans:
                kept = self.lost if whose["service.name"] == self.loses else self.spans
                kept.extend(_seen(span, whose) for span in scope.spans)
        return 200

    def of(self, trace: str) -> list[Seen]:
        """The spans of one trace, by when they began."""
        return sorted((span for span in tuple(self.spans) if span.trace == trace), key=lambda span: span.start)


def _seen(span: trace_pb2.Span, whose: dict[str, str]) -> Seen:
    return Seen(
        whose["service.name"],
        whose["service.instance.id"],
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.name,
        span.start_time_unix_nano // 1_000,
        span.end_time_unix_nano // 1_000,
        span.kind,
        {each.key: _value(each.value) for each in span.attributes},
        tuple((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
        span.status.message if span.status.code == trace_pb2.Status.STATUS_CODE_ERROR else "",
    )


def _value(value: Any) -> Any:
    return getattr(value, value.WhichOneof("value"))


@contextmanager
def collecting(port: int = 0) -> Iterator[Collector]:
    """A collector on a free port, or on one that was free a moment ago."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = collector.take(self.path, self.headers, body)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: Any) -> None:
            """A test says itself what it heard."""

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except OSError:
                self.close_connection = True  # whoever asked did not wait

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    server = Server(("127.0.0.1", port), Handler)
    collector = Collector(server)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        collector.release()
        server.shutdown()
        server.server_close()
        thread.join()
