"""One full example of every event type, from which its golden file was made."""

from decimal import Decimal
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import Raw, Struct

from tradewire.messages.registry import EVENT_TYPES

_WORDS: dict[str, Any] = {
    "order": "6041edbb-6f1e-50f6-b689-7187360ccbd6",
    "signal": "7a9b2ba3-e937-518a-8d25-c34beb76f911",
    "client_order_id": "8d40a1bd0a2b5c1c9bd3b5a1de8a1f17",
    "account": "paper",
    "strategy": "momo",
    "symbol": "AAPL",
    "body": Raw(b'{"id":"s-1","symbol":"AAPL","action":"buy","quantity":10}'),
}


def example(kind: type[Struct]) -> Struct:
    """An instance with every field set, by the field's name and type alone."""
    return kind(**{f.name: _value(f.name, f.type) for f in msgspec.structs.fields(kind)})


def _value(name: str, kind: Any) -> Any:
    if name in _WORDS:
        return _WORDS[name]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Union, UnionType}:
        return _value(name, next(a for a in arguments if a is not type(None)))
    if origin is Literal:
        return arguments[-1]
    if origin is tuple:
        return (_value(name, arguments[0]),)
    if origin is dict:
        return {"global": _value(name, arguments[1])}
    if kind is bool:
        return True
    if kind is int:
        return 1_700_000_000_000_001 if name.endswith(("_at", "_time", "deadline", "_until", "at")) else 3
    if kind is Decimal:
        return Decimal("12.340")
    if isinstance(kind, type) and issubclass(kind, Struct):
        return example(kind)
    return f"a {name.replace('_', ' ')}"


EXAMPLES: dict[str, Struct] = {name: example(row.struct) for name, row in EVENT_TYPES.items()}
