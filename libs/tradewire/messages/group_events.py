"""Events of groups: orders that belong together."""

from typing import Literal

from msgspec import Struct


class _Event(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    pass


class GroupOpened(_Event, frozen=True, kw_only=True):
    """A bracket or OCO begins: which orders belong together."""

    group: str
    kind: Literal["bracket", "oco", "oto"]
    orders: tuple[str, ...]


class GroupExitRequested(_Event, frozen=True, kw_only=True):
    """One exit of a group was asked for."""

    group: str
    order: str
    reason: str


class GroupClosed(_Event, frozen=True, kw_only=True):
    """Nothing of the group is left to do."""

    group: str
    reason: str
