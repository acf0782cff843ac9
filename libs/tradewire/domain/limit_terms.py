"""A scope's limits taken apart: what is permanent, what is temporary over it, and how each changes.

What is temporary lies over what is permanent. A permanent change of some limits leaves others that are temporary in
force until their time, and nothing ever goes back to what somebody had raised for an hour.
"""

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from tradewire.domain.switches import Limits
from tradewire.messages.account_events import LimitSet

Changes = dict[str, str | None]
"""New texts by name; None takes the limit away."""


class Terms(Struct, frozen=True):
    """A scope's permanent limits, what lies over them, and until when (µs); nothing lies over them without a time."""

    base: dict[str, str]
    over: Changes = {}
    until: int | None = None

    @property
    def in_force(self) -> dict[str, str]:
        """What holds now."""
        return changed(self.base, self.over)


def terms_of(held: Limits, time: int) -> Terms:
    """A scope's limits, taken apart; what was temporary until `time` or before lies over them no more."""
    if held.expires_at is None:
        return Terms(held.limits)
    if held.expires_at <= time:
        return Terms(held.then)
    return Terms(held.then, difference(held.then, held.limits), held.expires_at)


def changed(limits: Mapping[str, str], changes: Changes) -> dict[str, str]:
    """Limits after some changes."""
    new = {name: changes.get(name, text) for name, text in {**limits, **changes}.items()}
    return {name: text for name, text in new.items() if text is not None}


def difference(old: Mapping[str, str], new: Mapping[str, str]) -> Changes:
    """The changes that lead from some limits to others."""
    return {name: new.get(name) for name in {**old, **new} if old.get(name) != new.get(name)}


def events_of(first: LimitSet, held: Limits, after: Terms) -> list[LimitSet]:
    """What says `after` of the scope of `first`: the permanent limits, if they are not in force already or nothing
    lies over them, and then what does."""
    steps = []
    if after.base != held.limits or not after.over:
        steps.append(replace(first, limits=after.base, old=held.limits))
    if after.over:
        steps.append(replace(first, limits=after.in_force, old=after.base, expires_at=after.until))
    return steps
