"""What people ask for on `control.<verb>.<person>`, and what they are told.

The person is proved by the subject and is not in the message. `request` is made by the sender and sent again when it
asks again: the same request has the same effect once and the same answer. A verb that this release does not carry out
is answered by its name, so that nobody takes silence for consent.
"""

import re
from typing import Literal

import msgspec
from msgspec import Struct

from tradewire.domain import names
from tradewire.errors import InvalidValue
from tradewire.messages.strict_json import JsonInvalid, parse_object

MAX_BYTES = 16 * 1024
MAX_REQUEST = 128
MAX_REASON = 500
MIN_PREFIX = 4

Level = Literal["REDUCE_ONLY", "HALT", "KILL"]

ControlCode = Literal[
    "OK",
    "ALREADY_IN_FORCE",
    "NOTHING_TO_DO",
    "INVALID_MESSAGE",
    "MISSING_FIELD",
    "UNKNOWN_FIELD",
    "INVALID_FIELD",
    "UNKNOWN_VERB",
    "UNKNOWN_ACCOUNT",
    "UNKNOWN_ORDER",
    "AMBIGUOUS_ORDER",
    "ALREADY_TERMINAL",
    "NOT_HALTED",
    "IDEMPOTENCY_CONFLICT",
    "NOT_SUPPORTED_YET",
    "BUSY",
    "LEDGER_REFUSED",
    "UNAVAILABLE",
]
"""OK, ALREADY_IN_FORCE and NOTHING_TO_DO say yes. After UNAVAILABLE the outcome is unknown: send the same again."""


class _Command(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    request: str


class CancelCommand(_Command, frozen=True, kw_only=True):
    """Cancel one order, by its id or the beginning of it, or every open order of an account, strategy or symbol."""

    order: str = ""
    account: str = ""
    strategy: str = ""
    symbol: str = ""
    reason: str = ""


class HaltCommand(_Command, frozen=True, kw_only=True):
    """Throw the switch of a scope."""

    scope: str
    level: Level
    reason: str = ""


class KillCommand(_Command, frozen=True, kw_only=True):
    """Throw the switch of a scope, the whole system's unless another is named, to KILL."""

    scope: str = "global"
    reason: str = ""


class ResumeCommand(_Command, frozen=True, kw_only=True):
    """Lift the switch of a scope, and say why."""

    scope: str
    reason: str


ControlCommand = CancelCommand | HaltCommand | KillCommand | ResumeCommand


class ControlReply(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The answer, given after the commit. `positions` are of the events that the request caused, `orders` theirs.

    `field` is what was wrong in the request, `expected` what would have been right.
    """

    ok: bool
    code: ControlCode
    message: str
    field: str = ""
    expected: str = ""
    positions: tuple[int, ...] = ()
    orders: tuple[str, ...] = ()


COMMANDS: dict[str, type[ControlCommand]] = {
    "cancel": CancelCommand,
    "halt": HaltCommand,
    "kill": KillCommand,
    "resume": ResumeCommand,
}
NOT_SUPPORTED_YET = frozenset({"replace", "close", "flatten", "pause", "approve", "set-limit"})
VERBS = frozenset(COMMANDS) | NOT_SUPPORTED_YET

_SCOPES = "global, account.<name>, strategy.<name> or symbol.<symbol>"
_NAMES = "1 to 32 of a-z, 0-9, _ and -, beginning with a letter"
_ORDER_PREFIX = re.compile(rf"\A[0-9a-f-]{{{MIN_PREFIX},36}}\Z", re.ASCII)
_DECODERS = {verb: msgspec.json.Decoder(kind) for verb, kind in COMMANDS.items()}
encode = msgspec.json.Encoder().encode
decode_reply = msgspec.json.Decoder(ControlReply).decode


class ControlRefused(InvalidValue):
    """A request that cannot be carried out as it stands; `field` is the part of it that is wrong."""

    def __init__(self, code: ControlCode, field: str, message: str, expected: str) -> None:
        super().__init__(code, message, expected)
        self.control_code, self.field = code, field

    def reply(self) -> ControlReply:
        """What its sender is told."""
        return ControlReply(
            ok=False, code=self.control_code, field=self.field, message=self.message, expected=self.expected
        )


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


def _explain(problem: str, kind: type[ControlCommand]) -> ControlRefused:
    what, _, where = problem.partition(" - at `$.")
    field = where.rstrip("`")
    known = {f.name: f for f in msgspec.structs.fields(kind)}
    named = what.split("`")[1] if "`" in what else ""
    if "missing required field" in what:
        return ControlRefused("MISSING_FIELD", named, f"{named} is missing", _expected(named))
    if "unknown field" in what:
        return ControlRefused("UNKNOWN_FIELD", named, f"{named} is not a field of this command", ", ".join(known))
    if field in known:
        return ControlRefused("INVALID_FIELD", field, f"{field}: {what[:1].lower()}{what[1:]}", _expected(field))
    return ControlRefused("INVALID_MESSAGE", "", what, "one JSON object")


def _expected(field: str) -> str:
    return {
        "request": f"an id that you make for this request: 1 to {MAX_REQUEST} printable ASCII characters",
        "scope": _SCOPES,
        "level": "REDUCE_ONLY, HALT or KILL",
        "reason": f"why, in 1 to {MAX_REASON} characters",
        "order": f"an order's id, or the first {MIN_PREFIX} or more characters of it",
        "account": _NAMES,
        "strategy": _NAMES,
        "symbol": "a symbol such as AAPL, BRK.B or BTC/USDT",
    }[field]


def _verify(command: ControlCommand) -> None:
    request = command.request
    if not 1 <= len(request) <= MAX_REQUEST or not request.isascii() or not request.isprintable():
        raise _invalid("request", f"{request!r} is no request id")
    if len(command.reason) > MAX_REASON or "\0" in command.reason:
        raise _invalid("reason", f"the reason has {len(command.reason)} characters")
    if isinstance(command, CancelCommand):
        _verify_cancel(command)
        return
    if isinstance(command, ResumeCommand) and not command.reason.strip():
        raise ControlRefused("MISSING_FIELD", "reason", "a switch is lifted with a reason only", _expected("reason"))
    if not is_scope(command.scope):
        raise _invalid("scope", f"{command.scope!r} is no scope")


def _verify_cancel(command: CancelCommand) -> None:
    several = command.account or command.strategy or command.symbol
    if not command.order and not several:
        raise ControlRefused(
            "MISSING_FIELD", "order", "nothing says what to cancel", "order, or any of account, strategy and symbol"
        )
    if command.order:
        if several:
            raise ControlRefused(
                "INVALID_FIELD", "order", "order names one order and the other fields name several", "one or the other"
            )
        if not _ORDER_PREFIX.match(command.order):
            raise _invalid("order", f"{command.order!r} is no order's id")
    for field, fits in (("account", names.is_name), ("strategy", names.is_name), ("symbol", names.is_symbol)):
        value = getattr(command, field)
        if value and not fits(value):
            raise _invalid(field, f"{value!r} is no {field}")


def _invalid(field: str, message: str) -> ControlRefused:
    return ControlRefused("INVALID_FIELD", field, message, _expected(field))


def is_scope(text: str) -> bool:
    """True for `global`, `account.<name>`, `strategy.<name>` and `symbol.<symbol>`."""
    kind, dot, name = text.partition(".")
    if not dot:
        return text == "global"
    if kind in {"account", "strategy"}:
        return names.is_name(name)
    return kind == "symbol" and names.is_symbol(name)
