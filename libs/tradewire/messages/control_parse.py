"""Reads what people ask for, strictly. Each field has one rule, whichever command it is in: the table is `_RULES`."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import msgspec

from tradewire.domain import limits, names, times
from tradewire.domain.money import money
from tradewire.domain.quoting import quoted
from tradewire.errors import InvalidValue
from tradewire.messages.control import (
    COMMANDS,
    MAX_BYTES,
    MAX_REASON,
    MAX_REQUEST,
    MIN_PREFIX,
    NOT_SUPPORTED_YET,
    CancelCommand,
    ControlCommand,
    ControlRefused,
    SetLimitCommand,
)
from tradewire.messages.strict_json import JsonInvalid, parse_object

_NAMES: Final = "1 to 32 of a-z, 0-9, _ and -, beginning with a letter"
_ORDER_PREFIX = re.compile(rf"\A[0-9a-f-]{{{MIN_PREFIX},36}}\Z", re.ASCII)
_DECODERS = {verb: msgspec.json.Decoder(kind) for verb, kind in COMMANDS.items()}
_SCOPES: Final[dict[str, Callable[[str], bool]]] = {
    "broker": names.is_name,
    "account": names.is_name,
    "strategy": names.is_name,
    "symbol": names.is_symbol,
}
_SEVERAL: Final = ("account", "strategy", "symbol")


def parse(verb: str, payload: bytes) -> ControlCommand:
    """Reads a request.

    Raises:
        ControlRefused: the verb is unknown or not carried out yet, or the message is not what the verb needs.
    """
    decoder = _DECODERS.get(verb)
    if decoder is None:
        if verb in NOT_SUPPORTED_YET:
            raise ControlRefused(
                "NOT_SUPPORTED_YET", "verb", f"{verb} is not carried out by this release", ", ".join(COMMANDS)
            )
        raise ControlRefused("UNKNOWN_VERB", "verb", f"{verb!r} is no command", ", ".join(COMMANDS))
    try:
        parse_object(payload, MAX_BYTES)
        command = decoder.decode(payload)
    except JsonInvalid as error:
        raise ControlRefused("INVALID_MESSAGE", error.key, error.message, error.expected) from None
    except msgspec.ValidationError as error:
        raise _explain(str(error), decoder.type) from None
    _verify(command)
    return command


def is_scope(text: str) -> bool:
    """True for `global`, `broker.<name>`, `account.<name>`, `strategy.<name>` and `symbol.<symbol>`."""
    kind, dot, name = text.partition(".")
    if not dot:
        return text == "global"
    return kind in _SCOPES and _SCOPES[kind](name)


def moment(text: str, now: int) -> int:
    """Returns the time (µs since the epoch) that an RFC 3339 time or a span from `now` names.

    Raises:
        InvalidValue: it is neither, or a span that is negative or too long.
    """
    return now + times.duration(text) if times.is_span(text) else times.instant(text)


def _explain(problem: str, kind: type[ControlCommand]) -> ControlRefused:
    what, _, where = problem.partition(" - at `$.")
    field = re.split(r"[.\[`]", where)[0]
    known = {f.name: f for f in msgspec.structs.fields(kind)}
    named = what.split("`")[1] if "`" in what else ""
    if "missing required field" in what:
        return ControlRefused("MISSING_FIELD", named, f"{named} is missing", _RULES[named][1])
    if "unknown field" in what:
        return ControlRefused("UNKNOWN_FIELD", named, f"{named} is not a field of this command", ", ".join(known))
    if field in known:
        return ControlRefused("INVALID_FIELD", field, f"{field}: {what[:1].lower()}{what[1:]}", _RULES[field][1])
    return ControlRefused("INVALID_MESSAGE", "", what, "one JSON object")


def _verify(command: ControlCommand) -> None:
    """Every field by its rule; one that may be left out is empty then, and one that may not must not be blank."""
    for field in msgspec.structs.fields(type(command)):
        value = getattr(command, field.name)
        if value == "" == field.default:
            continue
        if field.required and field.name != "request" and isinstance(value, str) and not value.strip():
            raise ControlRefused("MISSING_FIELD", field.name, f"{field.name} is empty", _RULES[field.name][1])
        _RULES[field.name][0](field.name, value)
    if isinstance(command, CancelCommand):
        _verify_cancel(command)
    if isinstance(command, SetLimitCommand):
        _verify_scopes(command)


def _verify_scopes(command: SetLimitCommand) -> None:
    """Each limit means something in the scope; one that is taken from it need not."""
    for name, text in command.limits.items():
        if text:
            try:
                limits.verify_scope(name, command.scope)
            except InvalidValue as error:
                raise ControlRefused("INVALID_FIELD", f"limits.{name}", error.message, error.expected) from None


def _verify_cancel(command: CancelCommand) -> None:
    several = any(getattr(command, field) for field in _SEVERAL)
    if not command.order and not several:
        raise ControlRefused(
            "MISSING_FIELD", "order", "nothing says what to cancel", "order, or any of account, strategy and symbol"
        )
    if command.order and several:
        raise ControlRefused(
            "INVALID_FIELD", "order", "order names one order and the other fields name several", "one or the other"
        )


def _invalid(field: str, message: str) -> ControlRefused:
    return ControlRefused("INVALID_FIELD", field, message, _RULES[field][1])


def _fits(test: Callable[[str], object], words: str) -> Callable[[str, str], None]:
    def check(field: str, value: str) -> None:
        if not test(value):
            raise _invalid(field, f"{value!r} is no {words}")

    return check


def _request(field: str, value: str) -> None:
    if not 1 <= len(value) <= MAX_REQUEST or not value.isascii() or not value.isprintable():
        raise _invalid(field, f"{value!r} is no request id")


def _reason(field: str, value: str) -> None:
    if len(value) > MAX_REASON or "\0" in value:
        raise _invalid(field, f"the reason has {len(value)} characters")


def _amount(field: str, value: str) -> None:
    if _number(field, value) <= 0:
        raise _invalid(field, f"{field} {value} is not above zero")


def _price(field: str, value: str) -> None:
    if _number(field, value) < 0:
        raise _invalid(field, f"{field} {value} is below zero")


def _number(field: str, value: str) -> Decimal:
    try:
        return money(value)
    except InvalidValue as error:
        raise _invalid(field, f"{field}: {error.message}") from None


def _until(_field: str, value: str) -> None:
    try:
        moment(value, 0)
    except InvalidValue as error:
        raise _invalid("until", error.message) from None


def _limits(_field: str, value: dict[str, str]) -> None:
    if not value:
        raise ControlRefused("MISSING_FIELD", "limits", "no limit is named", _RULES["limits"][1])
    for name, text in value.items():
        known = name in limits.KINDS
        if known and not text:
            continue
        field = f"limits.{name}"
        try:
            sets = limits.verify(name, text) is not None
        except InvalidValue as error:
            if not known:
                raise ControlRefused("INVALID_FIELD", "limits", error.message, error.expected) from None
            raise ControlRefused("INVALID_FIELD", field, f"{name}: {error.message}", error.expected) from None
        if not sets:
            raise ControlRefused(
                "INVALID_FIELD", field, f"{name}: {quoted(text)} names nothing", "an empty text, to take it away"
            )


_RULES: Final[dict[str, tuple[Callable[[str, Any], None], str]]] = {
    "request": (_request, f"an id that you make for this request: 1 to {MAX_REQUEST} printable ASCII characters"),
    "scope": (
        _fits(is_scope, "scope"),
        "global, broker.<name>, account.<name>, strategy.<name> or symbol.<symbol>",
    ),
    "level": (lambda _field, _value: None, "REDUCE_ONLY, HALT or KILL"),
    "reason": (_reason, f"why, in 1 to {MAX_REASON} characters"),
    "order": (
        _fits(_ORDER_PREFIX.match, "order's id"),
        f"an order's id, or the first {MIN_PREFIX} or more characters of it",
    ),
    "account": (_fits(names.is_name, "account"), _NAMES),
    "strategy": (_fits(names.is_name, "strategy"), _NAMES),
    "symbol": (_fits(names.is_symbol, "symbol"), "a symbol such as AAPL, BRK.B or BTC/USDT"),
    "difference": (
        _fits(_ORDER_PREFIX.match, "break's id"),
        f"a break's id from `reconcile show`, or the first {MIN_PREFIX} or more characters of it",
    ),
    "outcome": (lambda _field, _value: None, "filled, canceled, rejected or expired"),
    "evidence": (_reason, f"where you have it from, in 1 to {MAX_REASON} characters"),
    "quantity": (_amount, 'a number above zero, such as "10"'),
    "price": (_price, 'a number from zero up, such as "101.25"'),
    "fee": (_price, 'a number from zero up, such as "0.35"'),
    "limits": (_limits, 'texts by name, such as {"max_order_value": "5000"}'),
    "until": (_until, 'a time such as "2026-03-09T14:30:00Z", or a span such as "4h"'),
    "proposal": (_request, "a scope, or the id of the request that proposed it"),
}
