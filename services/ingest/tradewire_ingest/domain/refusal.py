"""Why ingest refuses a message: the parser's reasons, and the few that only ingest can know."""

from enum import StrEnum

from msgspec import Struct

from tradewire.domain.quoting import quoted
from tradewire.messages.refusals import Code, Refusal


class DoorCode(StrEnum):
    """The stable codes of refusals that no parser can give."""

    ACCOUNT_UNKNOWN = "ACCOUNT_UNKNOWN"
    """The account is not configured."""
    IDEMPOTENCY_CONFLICT = "IDEMPOTENCY_CONFLICT"
    """The id was used before, for a message with other bytes."""
    PARSER_FAILED = "PARSER_FAILED"
    """The parser broke on the message; this should not happen."""
    LEDGER_REFUSED = "LEDGER_REFUSED"
    """The ledger does not take what the message leads to; this should not happen."""


class Refused(Struct, frozen=True):
    """Why, in which field, and what would have been right."""

    code: Code | DoorCode
    field: str
    message: str
    expected: str


def of_parser(refusal: Refusal) -> Refused:
    """The parser's refusal as ingest's."""
    return Refused(refusal.code, refusal.field, refusal.message, refusal.expected)


def unknown_account(account: str, known: str) -> Refused:
    """The signal's account, or its strategy's, is not configured."""
    return Refused(DoorCode.ACCOUNT_UNKNOWN, "account", f"account: {account} is not configured", known)


def id_reused() -> Refused:
    """The strategy has used the id for another message."""
    return Refused(
        DoorCode.IDEMPOTENCY_CONFLICT,
        "id",
        "id: was used before for another message",
        "a new id, or the same message again, byte by byte",
    )


def parser_failed(problem: str) -> Refused:
    """The parser broke on the message."""
    return Refused(
        DoorCode.PARSER_FAILED, "body", f"body: broke the parser: {quoted(problem)}", "a message that can be read"
    )


def ledger_refused(problem: str) -> Refused:
    """The ledger will not take it."""
    return Refused(DoorCode.LEDGER_REFUSED, "body", f"body: the ledger answers {problem}", "a message that it takes")
