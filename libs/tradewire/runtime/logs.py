"""Structured logs: one JSON object a line, or words on a terminal.

A line about a signal, an order or an event has its ids under these names: `signal` (the uuid), `order`, `event_id`,
`pos`, `account`, `strategy`; whatever has a `signal` has its `trace_id`. Credentials in addresses are never written.
"""

import atexit
import json
import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, Literal, Protocol, TextIO, cast

import structlog
from prometheus_client import CollectorRegistry

from tradewire.runtime.sink import Dropped, Sink
from tradewire.traces.context import trace_of

Log = Any
_STDERR = 2
_sinks: list[Sink] = []
Form = Literal["auto", "json", "text"]
_UUID_LENGTH = 36
_IDS = ("signal", "order", "event_id", "pos", "account", "strategy")
_CREDENTIALS = re.compile(r"(?<=://)[^/\s]*@")
_SECRET = re.compile(r"(?i)\b((?:password|passwd|secret|token|api[_-]?key)\s*=\s*)('[^']*'|\"[^\"]*\"|[^\s,;&'\"]+)")
_BEARER = re.compile(r"(?i)\b(authorization\W{1,4})(?:(?:bearer|basic)\s+)?[^\s,;'\"]+")
_QUOTED = re.compile(
    r"(?i)(['\"](?:\w{0,32}(?:password|passwd|secret|token|seed)\w{0,32}|[\w-]{0,32}(?:api|secret)[_-]?key)['\"]\s*:\s*b?)"
    r"('[^']*'|\"[^\"]*\")"
)
"""A pair as Python or JSON write it, such as a library's headers."""
_HEADER = re.compile(r"(?i)\b([\w-]{1,32}-key(?:-id)?['\"]?\s*[:=]\s*['\"]?)[^\s,;'\"]+")
_SEED = re.compile(r"\bS[UAONCX][A-Z2-7]{56}\b")
"""An nkey's seed, wherever it stands."""
_SEED_LENGTH = 58
_SECRET_NAMES = frozenset(
    {
        "password", "passphrase", "secret", "token", "authorization", "dsn", "seed", "nkey",
        "api_key", "api_secret", "secret_key", "private_key",
    }
)  # fmt: skip
_PLAIN = (bool, int, float, type(None))


class Known(Protocol):
    """An order, as far as a line names it."""

    @property
    def order(self) -> str: ...
    @property
    def signal(self) -> str: ...
    @property
    def account(self) -> str: ...
    @property
    def strategy(self) -> str: ...


def about(order: Known) -> dict[str, str]:
    """The ids with which a line about an order names it."""
    return {"signal": order.signal, "order": order.order, "account": order.account, "strategy": order.strategy}


def configure(service: str, instance: str, level: str, form: Form, buffer_bytes: int = 4 << 20) -> Log:
    """Sets the process's logging up and returns its logger. `level` may be set again later with `set_level`.

    `auto` is JSON, but words where standard output is a terminal. Nothing that is logged waits for its reader: up to
    `buffer_bytes` wait in memory, and what is more is dropped.
    """
    as_text = form == "text" or (form == "auto" and sys.stdout.isatty())
    renderer: Any = structlog.dev.ConsoleRenderer() if as_text else structlog.processors.JSONRenderer()

    def tell(lines: int) -> str:
        said = {"service": service, "instance": instance, "event": "log lines were dropped", "lines": lines}
        return f"{lines} log lines were dropped\n" if as_text else json.dumps({**said, "level": "warning"}) + "\n"

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
            _name_trace,
            _redact,
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


def wants(level: int) -> bool:
    """Whether a line of a level (`logging.INFO` and its like) would be written: for whoever makes many."""
    return level >= _threshold


def _filter(_logger: Any, method: str, event: Any) -> Any:
    names = {"exception": "ERROR", "warn": "WARNING"}
    if logging.getLevelNamesMapping().get(names.get(method, method.upper()), logging.INFO) < _threshold:
        raise structlog.DropEvent
    return event


def _name_trace(_logger: Any, _method: str, event: Any) -> Any:
    for name in _IDS:
        if name in event and event[name] is None:
            del event[name]
    signal = event.get("signal")
    if isinstance(signal, str) and len(signal) == _UUID_LENGTH and "trace_id" not in event:
        event["trace_id"] = trace_of(signal)
    return event


def _redact(_logger: Any, _method: str, event: Any) -> Any:
    for name, value in event.items():
        if type(value) is str:
            event[name] = "***" if name in _SECRET_NAMES else redacted(value)
        elif not isinstance(value, _PLAIN):
            event[name] = _cleaned(name, value)
    return event


def _cleaned(name: object, value: Any) -> Any:
    """What a line may say of a value; whatever JSON has no form for is said as Python writes it."""
    if name in _SECRET_NAMES:
        return "***"
    if isinstance(value, Mapping):
        return {key: _cleaned(key, each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_cleaned("", each) for each in value]
    if isinstance(value, _PLAIN):
        return value
    return redacted(value if isinstance(value, str) else repr(value))


def redacted(text: str) -> str:
    """A text without the credentials in it: an address's, an nkey's seed, what is given as a password, token or key."""
    if "://" in text and "@" in text:
        text = _CREDENTIALS.sub("***@", text)
    if "=" in text:
        text = _SECRET.sub(r"\1***", text)
    if len(text) >= _SEED_LENGTH:
        text = _SEED.sub("***", text)
    if "'" in text or '"' in text:
        text = _QUOTED.sub(r"\1***", text)
    if "key" in text or "KEY" in text or "Key" in text:
        text = _HEADER.sub(r"\1***", text)
    return _BEARER.sub(r"\1***", text) if "uthorization" in text else text
