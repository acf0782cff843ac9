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
    return structlog.get_logger(service=service, instance=instance)


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
