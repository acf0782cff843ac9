"""Structured logs: one JSON object a line, with the signal's id wherever a line is about one."""

import atexit
import json
import logging
import sys
from typing import Any, TextIO, cast

import structlog
from prometheus_client import CollectorRegistry

from tradewire.runtime.sink import Dropped, Sink

Log = Any
_STDERR = 2
_sinks: list[Sink] = []


def configure(service: str, instance: str, level: str, form: str, buffer_bytes: int = 4 << 20) -> Log:
    """Sets the process's logging up and returns its logger. `level` may be set again later with `set_level`.

    Nothing that is logged waits for its reader: up to `buffer_bytes` wait in memory, and what is more is dropped.
    """
    renderer: Any = structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer()

    def tell(lines: int) -> str:
        said = {"service": service, "instance": instance, "event": "log lines were dropped", "lines": lines}
        return (
            json.dumps({**said, "level": "warning"}) + "\n" if form == "json" else f"{lines} log lines were dropped\n"
        )

    sink = Sink(sys.stdout.fileno(), buffer_bytes, tell)
    atexit.register(sink.close)
    _sinks.append(sink)
    structlog.configure(
        processors=[
            _filter,
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        logger_factory=structlog.WriteLoggerFactory(file=cast("TextIO", sink)),
        cache_logger_on_first_use=False,
    )
    set_level(level)
    log: Log = structlog.get_logger(service=service, instance=instance)
    logging.basicConfig(handlers=[_Forward(log)], level=logging.WARNING, force=True)
    logging.captureWarnings(capture=True)
    return log


def count_dropped(registry: CollectorRegistry) -> None:
    """Adds the metric of the lines that nobody took."""
    registry.register(Dropped(lambda: sum(sink.dropped for sink in _sinks)))


def last_words(line: str) -> None:
    """Says a line on stderr for people, without waiting long for somebody to read it."""
    sink = Sink(_STDERR, 1 << 20)
    sink.write(line + "\n")
    sink.close()


def set_buffer(buffer_bytes: int) -> None:
    """Changes how much may wait in memory from now on."""
    for sink in _sinks:
        sink.max_bytes = buffer_bytes


class _Forward(logging.Handler):
    """Gives what libraries log the same form."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Says what a library said, and which one it was."""
        exc_info = record.exc_info or None
        self._log.log(record.levelno, record.getMessage(), logger=record.name, exc_info=exc_info)


_threshold = logging.INFO


def set_level(level: str) -> None:
    """Changes what is logged from now on."""
    global _threshold  # noqa: PLW0603 - the one level of the one process
    _threshold = logging.getLevelNamesMapping()[level.upper()]


def _filter(_logger: Any, method: str, event: Any) -> Any:
    names = {"exception": "ERROR", "warn": "WARNING"}
    if logging.getLevelNamesMapping().get(names.get(method, method.upper()), logging.INFO) < _threshold:
        raise structlog.DropEvent
    return event
