"""Structured logs: one JSON object a line, with the signal's id wherever a line is about one."""

import logging
import sys
from typing import Any

import structlog

Log = Any


def configure(service: str, instance: str, level: str, form: str) -> Log:
    """Sets the process's logging up and returns its logger. `level` may be set again later with `set_level`."""
    renderer: Any = structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            _filter,
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stdout),
        cache_logger_on_first_use=False,
    )
    set_level(level)
    log: Log = structlog.get_logger(service=service, instance=instance)
    logging.basicConfig(handlers=[_Forward(log)], level=logging.WARNING, force=True)
    logging.captureWarnings(capture=True)
    return log


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
