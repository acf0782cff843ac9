"""What a replay with other limits found."""

from decimal import Decimal
from typing import Literal

from msgspec import Struct

from tradewire.messages.order_events import OrderApproved, OrderDenied, OrderHeld
from tradewire.messages.vocabulary import Side

Decision = OrderApproved | OrderDenied | OrderHeld
Verdict = Literal["approved", "held", "denied"]
_VERDICTS: dict[type[Decision], Verdict] = {OrderApproved: "approved", OrderHeld: "held", OrderDenied: "denied"}


class Outcome(Struct, frozen=True, kw_only=True):
    """What a decision says: a side and a quantity where it approves, a reason and its words where it does not."""

    verdict: Verdict
    side: Side | None = None
    quantity: Decimal | None = None
    reason: str = ""
    message: str = ""

    def differs(self, other: "Outcome") -> bool:
        """True where something else would be traded; another reason alone is no difference."""
        ours, theirs = (self.verdict, self.side, self.quantity), (other.verdict, other.side, other.quantity)
        return ours != theirs


def outcome_of(data: Decision) -> Outcome:
    """What a decision says."""
    if isinstance(data, OrderApproved):
        return Outcome(verdict="approved", side=data.side, quantity=data.quantity)
    return Outcome(verdict=_VERDICTS[type(data)], reason=data.reason, message=getattr(data, "message", ""))


class Change(Struct, frozen=True, kw_only=True):
    """A decision that would have been another one; `pos` and `time` (µs) are of the recorded one.

    `asked` is the quantity that was asked for, where one was.
    """

    pos: int
    time: int
    order: str
    strategy: str
    account: str
    symbol: str
    action: str
    asked: Decimal | None
    was: Outcome
    would: Outcome


class Tally(Struct):
    """How many decisions there were of each kind."""

    approved: int = 0
    held: int = 0
    denied: int = 0

    def count(self, outcome: Outcome) -> None:
        """Counts one."""
        setattr(self, outcome.verdict, getattr(self, outcome.verdict) + 1)


class Holding(Struct, frozen=True, kw_only=True):
    """A position at the end that would be another one; quantities are signed."""

    symbol: str
    was: Decimal
    would: Decimal


class LimitChange(Struct, frozen=True, kw_only=True):
    """A limit that another one took the place of; `was` is the log's last, empty where the scope set none."""

    scope: str
    limit: str
    was: str
    would: str


class AccountOutcome(Struct, frozen=True, kw_only=True):
    """An account: its highest gross exposure, and what it won or lost with both books at the newest prices of the log.

    Both are in its currency and None where a price is missing.
    """

    account: str
    currency: str
    peak_was: Decimal
    peak_would: Decimal
    result_was: Decimal | None
    result_would: Decimal | None
    holdings: tuple[Holding, ...]

    @property
    def differs(self) -> bool:
        """True where anything would be otherwise."""
        figures = (self.peak_was, self.result_was) != (self.peak_would, self.result_would)
        return figures or bool(self.holdings)


class Report(Struct, frozen=True, kw_only=True):
    """All that a replay found between two positions of the log; `since` and `until` are times (µs) of events.

    `unreproduced` decisions come out otherwise even under the recorded limits, because the log does not hold all that
    they rested on; they stay as they were. `other_reason` counts those denied for another reason. `unknown` orders
    would have been approved, and nobody can say what would have become of them. `dropped` executions are left out,
    `scaled` ones are counted in proportion, and `trips` switches would have been thrown, of which `trips_was` were.
    """

    first: int
    last: int
    since: int | None
    until: int | None
    limits: tuple[LimitChange, ...]
    decisions: int
    was: Tally
    would: Tally
    changes: tuple[Change, ...]
    unreproduced: tuple[Change, ...]
    other_reason: int
    unknown: int
    dropped: int
    scaled: int
    trips_was: int
    trips_would: int
    accounts: tuple[AccountOutcome, ...]
