"""Events of the ledger itself: leases, its clock, and where a restored log begins."""

from decimal import Decimal

from msgspec import Struct


class _Event(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    pass


class LeaseGranted(_Event, frozen=True, kw_only=True):
    """A process may act alone under `name` and this epoch."""

    name: str
    holder: str
    writer: str
    epoch: int


class LeaseReleased(_Event, frozen=True, kw_only=True):
    """The holder gave the lease back, or its supervisor reaped it."""

    name: str
    holder: str
    epoch: int
    by: str


class ClockStepped(_Event, frozen=True, kw_only=True):
    """The ledger's clock jumped by `seconds` against its monotonic clock."""

    seconds: Decimal


class LogRestored(_Event, frozen=True, kw_only=True):
    """The log up to here comes from a backup; what was appended to log `was` after position `pos` is lost.

    `hash` is that log's chain at `pos`, in hex, `made_at` when the backup was made (µs), `seal` the sha256 of its file
    and `build` the one that made it.
    """

    was: str
    pos: int
    hash: str
    made_at: int
    seal: str
    build: str = ""
