"""What people ask risk on `risk.<shard>.query.<what>`, and what it answers: where it stands, and what it would decide.

The holder of risk's lease answers, and nobody else. Nothing that is asked here changes anything. Times are microseconds
since the epoch, money and quantities are texts, in the account's currency where nothing else is said.
"""

from decimal import Decimal
from typing import Final, Literal

import msgspec
from msgspec import Raw, Struct

from tradewire.domain.orders import Order
from tradewire.messages.vocabulary import CheckResult, Clock, QuoteUsed, Side, SizeInput

MAX_QUESTION_BYTES: Final = 64 * 1024
MOST_ROWS: Final = 1_000
"""Rows of one kind that an answer has at most; it says how many more there are."""


class _Question(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    pass


class StatusQuestion(_Question, frozen=True, kw_only=True):
    """Where risk stands, for one account or for all."""

    account: str = ""


class CheckQuestion(_Question, frozen=True, kw_only=True):
    """What would become of a signal of a strategy now: `signal` is the JSON object that the strategy would publish."""

    strategy: str
    signal: Raw


Question = StatusQuestion | CheckQuestion
QUESTIONS: Final[dict[str, type[Question]]] = {"status": StatusQuestion, "check": CheckQuestion}
_DECODERS = {what: msgspec.json.Decoder(kind) for what, kind in QUESTIONS.items()}


class UseRow(Struct, frozen=True, kw_only=True, gc=False):
    """One limit: what is used of it and the most that is allowed, in money, in percent or as a count.

    `setting` is the limit as it is set: `none` was lifted by name, and "" is not set, which denies. Without `value` or
    `most` nobody can tell. `warns` when more is used than the soft limit allows.
    """

    limit: str
    unit: Literal["money", "percent", "count"]
    setting: str
    value: Decimal | None = None
    most: Decimal | None = None
    percent: Decimal | None = None
    warns: bool = False
    strategy: str = ""
    symbol: str = ""


class InstrumentRow(Struct, frozen=True, kw_only=True, gc=False):
    """When the broker last told a symbol's rules, and what keeps it from being traded, if anything."""

    symbol: str
    at: int
    problem: str = ""


class ProbationRow(Struct, frozen=True, kw_only=True, gc=False):
    """A strategy that has had fewer executions in the account than it needs; its orders are worth `cap` at most."""

    strategy: str
    executions: int
    needed: int
    cap: str


class AccountStanding(Struct, frozen=True, kw_only=True, gc=False):
    """An account at its last marks. What is not known is null; `available` is what new orders may cost.

    On a `dry_run` no order of it is sent.
    """

    account: str
    broker: str
    currency: str
    day: str
    equity: Decimal | None
    loss: Decimal | None
    reconciled: bool
    available: Decimal | None
    balances_at: int | None
    uses: tuple[UseRow, ...]
    probation: tuple[ProbationRow, ...] = ()
    instruments: tuple[InstrumentRow, ...] = ()
    more: int = 0
    dry_run: bool = False


class SwitchRow(Struct, frozen=True, kw_only=True, gc=False):
    """A switch that stands, thrown by a person or by risk itself, which is then a trip."""

    scope: str
    level: str
    by: str
    reason: str
    at: int


class _Reply(Struct, frozen=True, kw_only=True, tag_field="kind", gc=False):
    pass


class RiskRefused(_Reply, frozen=True, kw_only=True, tag="refused"):
    """Why there is no answer, or why the signal would never come to a decision. After UNAVAILABLE ask again."""

    code: str
    message: str
    field: str = ""
    expected: str = ""


class RiskStatus(_Reply, frozen=True, kw_only=True, tag="status"):
    """Where risk stands at position `pos` and its time `at`.

    `undecided` orders wait for a decision, and those in `held` for a person.
    """

    pos: int
    at: int
    clock: Clock
    instance: str
    undecided: int
    accounts: tuple[AccountStanding, ...]
    switches: tuple[SwitchRow, ...]
    held: tuple[Order, ...]
    held_more: int = 0


class Checked(_Reply, frozen=True, kw_only=True, tag="checked"):
    """The decision that an order would get now, with every check and what it rests on. `notes` say what may differ.

    `value` is what the order counts as, `cost` what it may take from the buying power; `until` is when the approval
    would expire, or a person's time to decide be over.
    """

    pos: int
    at: int
    outcome: Literal["approved", "held", "denied"]
    strategy: str
    account: str
    symbol: str
    action: str
    currency: str
    checks: tuple[CheckResult, ...]
    limits: dict[str, int]
    control: dict[str, int]
    side: Side | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    value: Decimal | None = None
    cost: Decimal | None = None
    until: int | None = None
    reason: str = ""
    message: str = ""
    quotes: tuple[QuoteUsed, ...] = ()
    sizing: tuple[SizeInput, ...] = ()
    mid: Decimal | None = None
    notes: tuple[str, ...] = ()


RiskReply = RiskStatus | Checked | RiskRefused

encode = msgspec.json.Encoder().encode
decode_reply = msgspec.json.Decoder(RiskReply).decode


def read_question(what: str, payload: bytes) -> Question | RiskRefused:
    """Reads a question; an empty message asks with every default. Returns why not, where it is none."""
    decoder = _DECODERS.get(what)
    if decoder is None:
        return RiskRefused(
            code="UNKNOWN_QUERY", message=f"risk answers no such question: {what[:32]!r}", expected=", ".join(QUESTIONS)
        )
    if len(payload) > MAX_QUESTION_BYTES:
        return RiskRefused(
            code="INVALID_MESSAGE",
            message=f"the message has {len(payload)} bytes",
            expected=f"{MAX_QUESTION_BYTES} bytes at most",
        )
    try:
        return decoder.decode(payload or b"{}")
    except msgspec.ValidationError as error:
        fields = ", ".join(decoder.type.__struct_fields__)
        return RiskRefused(
            code="INVALID_MESSAGE", message=f"the question cannot be read: {error}", expected=f"fields: {fields}"
        )
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return RiskRefused(
            code="INVALID_MESSAGE", message=f"the message is not JSON: {error}", expected="one JSON object in UTF-8"
        )
