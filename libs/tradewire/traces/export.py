"""Spans to an OTLP/HTTP collector, from a thread of their own: nobody waits for a collector, and none is missed.

The OpenTelemetry packages (`pip install 'tradewire[traces]'`) are imported only where there is somewhere to export to.
"""

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

import tradewire
from tradewire.errors import ConfigError
from tradewire.runtime.logs import Log, redacted
from tradewire.settings import Settings
from tradewire.trace_rules import KEY, traces_url
from tradewire.traces.span import Span

QUEUE_SPANS: Final = 4_096
"""How many spans wait for a slow collector; what is more is dropped and counted."""
_BATCH_SPANS: Final = 512
_DELAY_SECONDS: Final = 0.5
_CALL_SECONDS: Final = 5.0
_CLOSE_SECONDS: Final = 1.0
_SAMPLE_DIGITS: Final = 14
_SAMPLE_ALL: Final = 16**_SAMPLE_DIGITS
_LIBRARY: Final = "opentelemetry"


class SpanMetrics:
    """What became of spans."""

    def __init__(self, registry: CollectorRegistry) -> None:
        outcomes = Counter("tradewire_trace_spans", "Spans by what became of them", ["outcome"], registry=registry)
        self.exported, self.dropped, self.failed = (outcomes.labels(each) for each in ("exported", "dropped", "failed"))
        self.waiting = Gauge("tradewire_trace_queue_spans", "Spans that wait to be exported", registry=registry)


class Exporter:
    """Takes spans and sends them on. `offer` is for the loop's thread and costs a queue's put."""

    def __init__(self, settings: Settings, service: str, instance: str, registry: CollectorRegistry, log: Log) -> None:
        """Imports what it needs and starts.

        Raises:
            ConfigError: the OpenTelemetry packages are not installed.
        """
        try:
            from tradewire.traces import otlp  # noqa: PLC0415 - only where spans are exported
        except ImportError as error:
            fix = "Run: pip install 'tradewire[traces]', or unset it (and OTEL_EXPORTER_OTLP_ENDPOINT)."
            raise ConfigError(KEY, f"is set, but a package for it is missing: {error.name}", fix) from None
        self._url = traces_url(settings.traces.otlp_endpoint)
        self._kept = settings.traces.sample * _SAMPLE_ALL
        self._convert = otlp.Converter(service, instance, tradewire.__version__)
        self._sender = otlp.sender(self._url, _CALL_SECONDS)
        self._log = log
        self._queue: queue.Queue[Span | None] = queue.Queue(QUEUE_SPANS)
        self._closing = threading.Event()
        self._said = _Said()
        self._failing = False
        self._metrics = SpanMetrics(registry)
        self._metrics.waiting.set_function(self._queue.qsize)
        self._thread = threading.Thread(target=self._run, name="traces", daemon=True)
        self._thread.start()

    def offer(self, spans: Sequence[Span]) -> None:
        """Takes a trace's spans and what leads to it, as far as there is room and the trace is in the sample."""
        if not spans or int(spans[0].trace[-_SAMPLE_DIGITS:], 16) >= self._kept:
            return
        for span in spans:
            try:
                self._queue.put_nowait(span)
            except queue.Full:
                self._metrics.dropped.inc()

    def close(self) -> None:
        """Sends what waits within a second, and leaves the rest."""
        self._closing.set()
        with contextlib.suppress(queue.Full):
            self._queue.put_nowait(None)
        self._thread.join(_CLOSE_SECONDS)
        self._sender.shutdown()  # type: ignore[no-untyped-call]
        self._said.close()

    def _run(self) -> None:
        while (batch := self._next()) is not None:
            if batch:
                self._send(batch)

    def _next(self) -> list[Span] | None:
        """The next spans, a moment's worth of them; None when it is time to go and nothing waits."""
        batch: list[Span] = []
        end = 0.0
        with contextlib.suppress(queue.Empty):
            while len(batch) < _BATCH_SPANS:
                left = 0.0 if self._closing.is_set() else end - time.monotonic()
                span = self._queue.get(timeout=max(left, 0.0) if batch or self._closing.is_set() else None)
                if span is not None:
                    end = end if batch else time.monotonic() + _DELAY_SECONDS
                    batch.append(span)
        return batch if batch or not self._closing.is_set() else None

    def _send(self, batch: list[Span]) -> None:
        try:
            sent = self._sender.export([self._convert(span) for span in batch]).name == "SUCCESS"
            why = "" if sent else self._said.last
        except Exception as error:  # noqa: BLE001 - whatever a collector answers, the next batch is tried
            sent, why = False, f"{type(error).__name__}: {error}"
        (self._metrics.exported if sent else self._metrics.failed).inc(len(batch))
        if sent and self._failing:
            self._log.info("traces are exported again", url=self._url)
        elif not sent and not self._failing:
            self._log.warning("traces cannot be exported; trading goes on", url=self._url, why=redacted(why)[:300])
        self._failing = not sent


class _Said(logging.Handler):
    """Keeps the last word of the library, which would say the same of each batch for as long as a collector is gone."""

    def __init__(self) -> None:
        super().__init__()
        self.last = "no reason is known"
        library = logging.getLogger(_LIBRARY)
        library.addHandler(self)
        library.propagate = False

    def emit(self, record: logging.LogRecord) -> None:
        """Takes note."""
        self.last = record.getMessage()

    def close(self) -> None:
        """Leaves the library as it was."""
        library = logging.getLogger(_LIBRARY)
        library.removeHandler(self)
        library.propagate = True
        super().close()
