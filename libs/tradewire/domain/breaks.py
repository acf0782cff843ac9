"""Differences between a broker and the log that stand, as a fold over the log: since when, and who accepted which.

A difference is known by its gap, which stays the same while both sides trade on. A break is a gap that has been on
record since a time; the same gap that comes again later is another break.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from msgspec import Struct, field

from tradewire import ids
from tradewire.messages.account_events import ReconciliationBroken
from tradewire.messages.vocabulary import Discrepancy

Gap = tuple[str, str, str]
ABSENT = "absent"
"""What a broker says of an order of ours that it knows nothing of."""
WITHOUT_BOOKING = frozenset({"order", "fill"})
"""Kinds whose acceptance moves neither money nor holdings, so that only the acceptance itself ends them."""
FOLDED = frozenset(
    {"ReconciliationBroken", "ReconciliationMended", "BreakAccepted", "AdoptionRequested", "AccountAdopted"}
)


def gap(found: Discrepancy) -> Gap:
    """What stays the same of a difference while both sides trade on."""
    if found.kind in {"position", "cash", "fill"}:
        return found.kind, found.key, str((Decimal(found.theirs) - Decimal(found.ours)).normalize())
    return found.kind, found.key, f"{found.ours} {found.theirs}"


class Break(Struct, frozen=True, kw_only=True):
    """A difference that stands since a time (µs). `price` is what a unit is held at, where that is known."""

    id: str
    account: str
    broker: str
    found: Discrepancy
    since: int
    price: Decimal | None = None

    @property
    def change(self) -> Decimal:
        """What the log would have to book, signed; only for kinds that are booked."""
        return Decimal(self.found.theirs) - Decimal(self.found.ours)


class Standing(Struct):
    """One account: what differs, what was accepted, whether it ever agreed, and the adoption that is to be done."""

    breaks: dict[str, Break] = field(default_factory=dict)
    accepted: dict[str, Any] = field(default_factory=dict)
    """Every BreakAccepted by the break's id."""
    compared: bool = False
    agreed: bool = False
    adoption: Any = None
    """The AdoptionRequested that no AccountAdopted has answered."""
    day: str = ""
    """The last trading day whose end a comparison has named."""
    settled_at: dict[str, int] = field(default_factory=dict)
    """Who has said anything about the account in its broker's place, and when last (µs)."""

    def left(self) -> Iterator[Break]:
        """The breaks that nobody has accepted, in the order of the record."""
        return (each for each in self.breaks.values() if each.id not in self.accepted and not self.passes(each.found))

    def passes(self, found: Discrepancy) -> bool:
        """True for a difference that a person has accepted and that nothing but this acceptance ends."""
        return found.kind in WITHOUT_BOOKING and any(
            gap(Discrepancy(said.kind, said.key, said.ours, said.theirs)) == gap(found)
            for said in self.accepted.values()
        )


class Breaks:
    """Of every account what stands. Folded in place: it holds nothing but what the log said."""

    def __init__(self) -> None:
        self._accounts: dict[str, Standing] = {}

    def of(self, account: str) -> Standing:
        """What stands of an account; it must be changed by folding alone."""
        return self._accounts.setdefault(account, Standing())

    def accounts(self) -> Iterator[str]:
        """The accounts of which anything was told."""
        return iter(self._accounts)

    def left(self) -> list[Break]:
        """The breaks of all accounts that nobody has accepted."""
        return [each for standing in self._accounts.values() for each in standing.left()]

    def fold(self, kind: str, time: int, data: Any) -> None:
        """Folds an event of FOLDED, by its type and its writer's time (µs)."""
        standing = self.of(data.account)
        match kind:
            case "ReconciliationBroken":
                standing.breaks = {each.id: each for each in breaks_of(time, data)}
                standing.compared, standing.day = True, data.day or standing.day
            case "ReconciliationMended":
                standing.breaks = {}
                standing.compared = standing.agreed = True
                standing.day = data.day or standing.day
            case "BreakAccepted":
                standing.accepted[data.id] = data
                standing.settled_at[data.by] = time
            case "AdoptionRequested":
                standing.adoption = data
                standing.settled_at[data.by] = time
            case "AccountAdopted":
                standing.adoption = None


def breaks_of(time: int, data: ReconciliationBroken) -> Iterator[Break]:
    """The breaks that an event of a time (µs) puts on record."""
    since: Iterable[int] = data.since or (time,) * len(data.differences)
    for found, at in zip(data.differences, since, strict=True):
        yield Break(
            id=ids.derive("break", data.account, *gap(found), str(at)),
            account=data.account,
            broker=data.broker,
            found=found,
            since=at,
            price=data.prices.get(found.key) if found.kind == "position" else None,
        )
