"""How a message comes to its end: what is asked of the ledger, and what each answer means for the next question.

Most messages need one question. A signal whose id the ledger knows is asked about once more by itself, because its
reaction may rightly differ from the first time (other open orders, another account); only a different body is refused.
"""

from enum import StrEnum

from tradewire.errors import TradewireError
from tradewire.messages.log import Command, Guard, NewEvent, Result
from tradewire_ingest.domain.refusal import Refused, id_reused, ledger_refused

NEVER = Guard("system", -1)
"""No stream is ever at this version: under it a command is answered from the log, or not at all."""


class Asked(StrEnum):
    """Which question was put to the ledger."""

    REACTION = "reaction"
    WHETHER_KNOWN = "whether known"
    REFUSAL = "refusal"


class Unsettled(TradewireError):  # noqa: N818 - named for what it says
    """The ledger will not take what must be recorded; the message stays in SIGNALS."""


class Step(StrEnum):
    """What follows: the message is at its end, newly or from before, or one more question is to be asked."""

    RECORDED = "recorded"
    KNOWN = "known"
    ASK = "ask"


def whether_known(received: NewEvent) -> Command:
    """A question that appends nothing: `replayed` says the same signal is in the log, `id_reused` another body."""
    return Command((received,), (NEVER,))


def settle(asked: Asked, result: Result) -> Step | Refused:
    """Returns what follows from an answer; a refusal is to be recorded.

    Raises:
        Unsettled: not even the refusal can be recorded.
    """
    match asked, result.code:
        case Asked.REACTION, "appended":
            return Step.RECORDED
        case Asked.REACTION, "replayed":
            return Step.KNOWN
        case Asked.REACTION, ("id_reused" | "version_conflict"):
            return Step.ASK
        case Asked.WHETHER_KNOWN, "replayed":
            return Step.KNOWN
        case Asked.WHETHER_KNOWN, "id_reused":
            return id_reused()
        case ((Asked.REACTION | Asked.WHETHER_KNOWN), _):
            return ledger_refused(f"{result.code}: {result.message}")
        case Asked.REFUSAL, ("appended" | "replayed" | "id_reused"):
            return Step.RECORDED  # it is known by where it lay, so a known one is this one
        case _:
            raise Unsettled(f"the ledger answers {result.code} to a refusal: {result.message}")
