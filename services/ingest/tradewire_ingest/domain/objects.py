"""What a command is about, in a few words for the log lines, whether it is carried out or refused."""

from typing import Any, Final

import msgspec

from tradewire.messages.control import MAX_BYTES

_FIELDS: Final = ("scope", "order", "account", "strategy", "symbol", "proposal", "difference", "outcome")
_LENGTH: Final = 64


def named_in(payload: bytes) -> dict[str, str]:
    """What a message names, by field, as far as it can be read; nothing of one that is no JSON object or too long."""
    if len(payload) > MAX_BYTES:
        return {}
    try:
        found: Any = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    named = {field: found.get(field) for field in _FIELDS}
    return {field: value[:_LENGTH] for field, value in named.items() if isinstance(value, str) and value}
