"""What a signal may ask for that no service does yet, or none for an account at the paper broker.

To enable a feature, delete its line. What other brokers take, their routers tell with the rules of each symbol, and
risk denies the rest.

A field that nobody acts on is refused by name, because a stop loss that is silently dropped is worse than no order.
"""

from typing import Any, Final

from msgspec import Struct

from tradewire.messages.refusals import Code, Refusal
from tradewire.messages.signal import Signal

ANY: Final = "*"
"""Any value but the one that asks for nothing."""
PARTS: Final = "in parts"
"""Targets that are not one for the whole position."""


class NotYet(Struct, frozen=True):
    """A field and the value of it that is not supported, what to do meanwhile, and the fields that only it takes.

    `broker` and `action` say where that is so; empty is everywhere.
    """

    field: str
    value: str
    instead: str
    takes: tuple[str, ...] = ()
    broker: str = ""
    action: str = ""


_PAPER = "paper"
_OWN = "a signal of its own for the exit"
NOT_YET = (
    NotYet("action", "replace", "cancel, and then a new signal", broker=_PAPER),
    NotYet("order_type", "trailing_stop", "market, limit, stop or stop_limit", ("trail",), broker=_PAPER),
    NotYet("stop_loss", ANY, _OWN, broker=_PAPER),
    NotYet("stop_loss", ANY, _OWN, action="target"),
    NotYet("stop_loss.trail", ANY, "price, percent or amount, or a trailing_stop of its own"),
    NotYet("take_profit", ANY, _OWN, broker=_PAPER),
    NotYet("take_profit", ANY, _OWN, action="target"),
    NotYet("take_profit", PARTS, "one target for the whole position, or signals of their own for the exits"),
    NotYet("time_in_force", "opg", "day, gtc, ioc or fok", broker=_PAPER),
    NotYet("time_in_force", "cls", "day, gtc, ioc or fok", broker=_PAPER),
    NotYet("time_in_force", "gtd", "gtc, and a cancel signal at that time", ("expire_at",)),
    NotYet("extended_hours", ANY, "regular hours, without the field", broker=_PAPER),
    NotYet("execution", ANY, "one order, without the field"),
)


def unsupported(signal: Signal, broker: str = "") -> Refusal | None:
    """Returns the refusal of the first thing asked for that no service does yet, or None.

    `broker` is that of the account that the signal is for; empty where it is not known.
    """
    for row in NOT_YET:
        if row.broker not in {"", broker} or row.action not in {"", signal.action}:
            continue
        value = _value(signal, row.field)
        if value == row.value or (row.value == ANY and value) or (row.value == PARTS and _in_parts(signal)):
            return _refusal(row, value)
    return None


def _in_parts(signal: Signal) -> bool:
    return len(signal.take_profit) > 1 or any(target.part != 1 for target in signal.take_profit)


def _value(signal: Signal, field: str) -> Any:
    """What a field holds; of one inside another, such as size.method, only where there is that other."""
    value: Any = signal
    for name in field.split("."):
        value = value and getattr(value, name)
    return value


def _refusal(row: NotYet, value: Any) -> Refusal:
    what = {ANY: row.field, PARTS: f"{row.field} {PARTS}"}.get(row.value, f"{row.field} {value}")
    where = f" in a {row.broker} account" if row.broker else ""
    where += f" with action {row.action}" if row.action else ""
    return Refusal(Code.NOT_SUPPORTED_YET, row.field, f"{what}{where} is not supported yet", row.instead)
