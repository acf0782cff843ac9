"""Everything that a state holds, as a digest: two pictures are the same when nothing was changed in between."""

from collections.abc import Mapping
from decimal import Decimal
from hashlib import sha256
from typing import Any

from msgspec import Struct

from tradewire_risk.domain.state import RiskState

_NOT_STATE = frozenset({"setup", "rules", "calendars", "values_at_risk", "_losses", "_equities", "_days", "_known"})
"""What is configured, and what is only remembered from being worked out."""


def digest(state: RiskState) -> str:
    """Of all that was folded."""
    return sha256(repr(_picture(state)).encode()).hexdigest()


def _picture(value: Any) -> Any:
    if value is None or isinstance(value, str | bytes | int | Decimal):
        return repr(value)
    if isinstance(value, Struct):
        return type(value).__name__, [_picture(getattr(value, name)) for name in value.__struct_fields__]
    if isinstance(value, Mapping):
        return [(repr(key), _picture(item)) for key, item in value.items()]
    if isinstance(value, set | frozenset):
        return sorted(map(repr, value))
    if hasattr(value, "__dict__"):
        return type(value).__name__, {k: _picture(v) for k, v in vars(value).items() if k not in _NOT_STATE}
    return [_picture(item) for item in value] if hasattr(value, "__iter__") else repr(value)
