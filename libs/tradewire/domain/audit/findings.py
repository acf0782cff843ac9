"""What the audit finds, and which invariants there are."""

from typing import Any, Protocol

from msgspec import Struct

from tradewire.messages.log import Event

INVARIANTS: dict[str, str] = {
    "L0": "the log's tables refuse every change and every removal",
    "L1": "versions of each stream are gapless",
    "L2": "positions are gapless and the hash chain is intact",
    "L3": "frames are gapless, cover every event and end on the chain",
    "L4": "event ids are unique, and a cause precedes what it caused",
    "L6": "every event is of a known type and schema, and its bytes are what its fields encode to",
    "L7": "the ledger's time never falls",
    "L9": "only permitted writers wrote each type",
    "S3": "every signal is refused, or has an order, a cancel or nothing to do",
    "S5": "an attempt is approved at most once",
    "S6": "every decision names its limits version and lists its checks",
    "O1": "no order is submitted twice under one attempt, and no client order id twice",
    "O2": "every submit has an approval of its own attempt that was unconsumed and had not expired",
    "O3": "nothing is submitted after a halt in its scope",
    "O4": "every order took only steps that its states allow",
    "O5": "what ends an order after its submit carries the broker's evidence",
    "O9": "every submit was made under the lease that was held",
    "O10": "no submit follows an approval of another build",
    "F1": "every execution is booked once",
    "F2": "fills do not exceed the order, or the account was halted",
    "F3": "fills are of the order's account, symbol and side",
    "F4": "fills keep the limit price",
    "M1": "positions are the sum of the fills, corporate actions and adjustments",
    "M2": "cash is what was moved plus what the fills paid, to the last digit",
    "R1": "no approval takes reserved and held exposure above the limits that it names",
    "R3": "a change of limits names who, why and what was before",
    "R4": "a resume has a person and a reason",
    "R5": "whoever approves an order has not sent its signal, unless nobody else may",
    "R7": "whoever answers in the broker's place says who, why and what it rests on, once and while it is open",
    "V1": "nothing is left in flight",
    "P1": "the read model is what a rebuild from the log gives",
}


class Violation(Struct, frozen=True):
    """One finding: which invariant, where, and what is wrong. Position 0 is none."""

    invariant: str
    pos: int
    stream: str
    message: str


class Part(Protocol):
    """A part of the audit, fed every event in order; it reports through the list that it was made with."""

    def feed(self, event: Event, data: Any) -> None: ...

    def finish(self) -> None: ...


class Report(Struct):
    """The findings and how often each invariant was put to the test."""

    violations: list[Violation]
    tested: dict[str, int]

    def test(self, invariant: str, holds: bool, event: Event, message: str = "") -> bool:
        """Counts a test of an invariant at an event, and records a violation when it does not hold."""
        return self.test_at(invariant, holds, event.pos, event.stream, message)

    def test_at(self, invariant: str, holds: bool, pos: int, stream: str, message: str = "") -> bool:
        """Counts a test of an invariant, and records a violation when it does not hold."""
        self.tested[invariant] = self.tested.get(invariant, 0) + 1
        if not holds:
            self.violations.append(Violation(invariant, pos, stream, message))
        return holds
