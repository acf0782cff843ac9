"""How much a strategy trades when its signal does not say: "quantity 10", "notional 1000", "percent_of_equity 5"."""

from decimal import Decimal
from typing import Any, Final, Literal

from msgspec import Struct

from tradewire.domain.money import plain, positive
from tradewire.domain.quoting import quoted
from tradewire.errors import InvalidValue
from tradewire.messages.signal import Size
from tradewire.messages.signal_rules import SIZES
from tradewire.messages.signal_sizes import METHODS

FROM_SIGNAL: Final = "signal"
"""The text of a strategy whose signals must say their size."""
_FIELDS: Final = ("quantity", "notional")
_METHODS: Final = ("percent_of_equity", "kelly")
"""The methods that size an entry by a number alone."""
_EXPECTED: Final = (
    f'{FROM_SIGNAL}, or {", ".join(_FIELDS + _METHODS[:-1])} or {_METHODS[-1]} and a number, such as "notional 1000"'
)


class DefaultSize(Struct, frozen=True):
    """The field of a signal that says how much, and what stands in it."""

    field: Literal["quantity", "notional", "size"]
    value: Decimal | Size


def default_size(text: str) -> DefaultSize | None:
    """Reads a default size; None leaves it to the signal.

    Raises:
        InvalidValue: DEFAULT_SIZE_INVALID, or what is wrong with the number.
    """
    if text == FROM_SIGNAL:
        return None
    method, _, number = text.partition(" ")
    if method not in _FIELDS + _METHODS or not number:
        raise InvalidValue("DEFAULT_SIZE_INVALID", f"{quoted(text)} is not a default size", _EXPECTED)
    value = positive(number)
    if method == "quantity":
        return DefaultSize("quantity", value)
    if method == "notional":
        return DefaultSize("notional", value)
    largest = METHODS[method].largest
    if largest is not None and value > largest:
        problem = f"{quoted(text)} is too large"
        raise InvalidValue("DEFAULT_SIZE_INVALID", problem, f"{method} and at most {plain(largest)}")
    return DefaultSize("size", Size(method=method, value=value))


def fill_size(values: dict[str, Any], default: DefaultSize | None) -> None:
    """Puts the default into a signal's values, where an entry says no size. An exit must say what it closes."""
    if default is None or values["action"] not in {"buy", "sell"} or values.get("reduce_only"):
        return
    if not any(field in values for field in SIZES):
        values[default.field] = default.value
