"""The same data for programs: JSON with decimals as texts and times as RFC 3339.

What an event carries in `data` stays exactly as the log has it, with its times in microseconds since the epoch.
"""

from decimal import Decimal
from typing import Any, Final

import msgspec
from msgspec import Raw

from tradewire.domain.money import plain
from tradewire.domain.times import instant_text
from tradewire.errors import InvalidValue

_TIMES: Final = frozenset(
    {
        "at",
        "time",
        "since",
        "requested_at",
        "updated_at",
        "signal_time",
        "valid_until",
        "expires_at",
        "deadline",
        "broker_time",
        "priced_at",
        "balances_at",
        "until",
    }
)
"""The fields of answers that hold microseconds since the epoch."""


def document(value: Any) -> str:
    """Returns one JSON document on one line."""
    return msgspec.json.encode(builtins(value)).decode()


def builtins(value: Any) -> Any:
    """Returns a value as dicts, lists and texts."""
    return _timed(msgspec.to_builtins(value, builtin_types=(Raw, Decimal)))


def _timed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _time(item) if key in _TIMES else _timed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_timed(item) for item in value]
    return plain(value) if isinstance(value, Decimal) else value


def _time(value: Any) -> Any:
    if not isinstance(value, int):
        return value
    try:
        return instant_text(value)
    except InvalidValue:
        return value
