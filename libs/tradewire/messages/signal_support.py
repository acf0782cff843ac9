"""What a signal may ask for that no service does yet. To enable a feature, delete its line.

A field that nobody acts on is refused by name, because a stop loss that is silently dropped is worse than no order.
"""

from typing import Any, Final

from msgspec import Struct

from tradewire.messages.refusals import Code, Refusal
from tradewire.messages.signal import Signal

ANY: Final = "*"
"""Any value but the one that asks for nothing."""


class NotYet(Struct, frozen=True):
    """A field and the value of it that is not supported, what to do meanwhile, and the fields that only it takes."""

    field: str
    value: str
    instead: str
    takes: tuple[str, ...] = ()


NOT_YET = (
    NotYet("action", "replace", "cancel, and then a new signal"),
    NotYet("order_type", "trailing_stop", "market, limit, stop or stop_limit", ("trail",)),
    NotYet("stop_loss", ANY, "a signal of its own for the exit"),
    NotYet("take_profit", ANY, "a signal of its own for the exit"),
    NotYet("time_in_force", "opg", "day, gtc, ioc or fok"),
    NotYet("time_in_force", "cls", "day, gtc, ioc or fok"),
    NotYet("time_in_force", "gtd", "gtc, and a cancel signal at that time", ("expire_at",)),
    NotYet("extended_hours", ANY, "regular hours, without the field"),
    NotYet("execution", ANY, "one order, without the field"),
)


def unsupported(signal: Signal) -> Refusal | None:
    """Returns the refusal of the first thing asked for that no service does yet, or None."""
    for row in NOT_YET:
        value = _value(signal, row.field)
        if value == row.value or (row.value == ANY and value):
            return _refusal(row, value)
    return None


def _value(signal: Signal, field: str) -> Any:
    """What a field holds; of one inside another, such as size.method, only where there is that other."""
    value: Any = signal
    for name in field.split("."):
        value = value and getattr(value, name)
    return value


def _refusal(row: NotYet, value: Any) -> Refusal:
    what = row.field if row.value == ANY else f"{row.field} {value}"
    return Refusal(Code.NOT_SUPPORTED_YET, row.field, f"{what} is not supported yet", row.instead)
