"""What people ask for on `control.<verb>.<person>`, and what they are told; `control_parse` reads it.

The person is proved by the subject and is not in the message. `request` is made by the sender and sent again when it
asks again: the same request has the same effect once and the same answer. A verb that this release does not carry out
is answered by its name, so that nobody takes silence for consent.
"""

from typing import Literal

import msgspec
from msgspec import Struct

from tradewire.errors import InvalidValue

MAX_BYTES = 16 * 1024
MAX_REQUEST = 128
MAX_REASON = 500
MIN_PREFIX = 4

Level = Literal["REDUCE_ONLY", "HALT", "KILL"]
Outcome = Literal["filled", "canceled", "rejected", "expired"]

ControlCode = Literal[
    "OK",
    "ALREADY_IN_FORCE",
    "NOTHING_TO_DO",
    "PROPOSED",
    "INVALID_MESSAGE",
    "MISSING_FIELD",
    "UNKNOWN_FIELD",
    "INVALID_FIELD",
    "UNKNOWN_VERB",
    "UNKNOWN_ACCOUNT",
    "UNKNOWN_BROKER",
    "UNKNOWN_ORDER",
    "AMBIGUOUS_ORDER",
    "ALREADY_TERMINAL",
    "NOT_HALTED",
    "NOT_HELD",
    "TOO_LATE",
    "NOT_ALLOWED",
    "NO_PROPOSAL",
    "NO_BREAK",
    "AMBIGUOUS_BREAK",
    "NOT_UNKNOWN",
    "ALREADY_OPENED",
    "IDEMPOTENCY_CONFLICT",
    "NOT_SUPPORTED_YET",
    "BUSY",
    "LEDGER_REFUSED",
    "UNAVAILABLE",
]
"""The first four say yes; PROPOSED waits for a second person. After UNAVAILABLE the outcome is unknown: send the same
again."""


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


class PauseCommand(_Command, frozen=True, kw_only=True):
    """Let a strategy do nothing but exits until somebody resumes it."""

    strategy: str
    reason: str


class ResumeCommand(_Command, frozen=True, kw_only=True):
    """Lift the switch of a scope, and say why."""

    scope: str
    reason: str


class FlattenCommand(_Command, frozen=True, kw_only=True):
    """Cancel every open order of an account, and close every position."""

    account: str
    reason: str


class ApproveCommand(_Command, frozen=True, kw_only=True):
    """Let a held order pass, by its id or the beginning of it; risk decides it once more."""

    order: str


class DenyCommand(_Command, frozen=True, kw_only=True):
    """Refuse a held order."""

    order: str
    reason: str


class SetLimitCommand(_Command, frozen=True, kw_only=True):
    """Change the named limits of a scope and keep its others; an empty text takes a limit from the scope.

    `until`, a time or a span from now, is when they go back to what they were.
    """

    scope: str
    limits: dict[str, str]
    reason: str
    until: str = ""


class AgreeLimitCommand(_Command, frozen=True, kw_only=True):
    """Agree, as a second person, to limits that another proposed: by their request's id, or by their scope."""

    proposal: str
    reason: str = ""


class AdoptCommand(_Command, frozen=True, kw_only=True):
    """Begin the log of an account with what it has at its broker."""

    account: str
    reason: str


class AcceptCommand(_Command, frozen=True, kw_only=True):
    """Say that the broker is right about a difference, by the break's id or the beginning of it.

    `price` is what a unit of a position is booked at, where the broker does not say it or says it wrongly.
    """

    difference: str
    reason: str
    price: str = ""


class ResolveCommand(_Command, frozen=True, kw_only=True):
    """Say what became of an order of which the broker tells nothing, by its id or the beginning of it.

    `quantity` was filled at `price` a unit, with `fee` in all; left out, `filled` means all that was left.
    """

    order: str
    outcome: Outcome
    evidence: str
    quantity: str = ""
    price: str = ""
    fee: str = ""


ControlCommand = (
    CancelCommand
    | HaltCommand
    | KillCommand
    | PauseCommand
    | ResumeCommand
    | FlattenCommand
    | ApproveCommand
    | DenyCommand
    | SetLimitCommand
    | AgreeLimitCommand
    | AdoptCommand
    | AcceptCommand
    | ResolveCommand
)


class ControlReply(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The answer, given after the commit. `positions` are of the events that the request caused, `orders` theirs.

    `field` is what was wrong in the request, `expected` what would have been right. `warning` is what may not have been
    meant, although it was done.
    """

    ok: bool
    code: ControlCode
    message: str
    field: str = ""
    expected: str = ""
    positions: tuple[int, ...] = ()
    orders: tuple[str, ...] = ()
    warning: str = ""


COMMANDS: dict[str, type[ControlCommand]] = {
    "cancel": CancelCommand,
    "halt": HaltCommand,
    "kill": KillCommand,
    "pause": PauseCommand,
    "resume": ResumeCommand,
    "flatten": FlattenCommand,
    "approve": ApproveCommand,
    "deny": DenyCommand,
    "set-limit": SetLimitCommand,
    "agree-limit": AgreeLimitCommand,
    "adopt": AdoptCommand,
    "accept": AcceptCommand,
    "resolve": ResolveCommand,
}
NOT_SUPPORTED_YET = frozenset({"replace", "close"})
VERBS = frozenset(COMMANDS) | NOT_SUPPORTED_YET

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
