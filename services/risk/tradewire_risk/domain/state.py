"""Everything that risk knows, as a fold over the log from a snapshot on. The table at the foot says what counts."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from msgspec import Raw

from tradewire.domain.switches import GLOBAL, Controls
from tradewire.errors import LogCorrupt, TransitionError, UnknownEvent
from tradewire.messages.books import join
from tradewire.messages.log import Event, Frame
from tradewire.messages.registry import EVENT_TYPES, decode_for_state
from tradewire_risk.domain.accounts import Accounts
from tradewire_risk.domain.limits import Compiled
from tradewire_risk.domain.open_orders import OpenOrders
from tradewire_risk.domain.profile import Setup

CONFIGURATION = "configuration"
"""The author of limits that come from the settings."""


class RiskState:
    """The state machine. It changes only in `restore` and `apply`, and only by what the log says."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self._clear()

    def _clear(self) -> None:
        self.pos = 0
        self.orders = OpenOrders()
        self.accounts = Accounts()
        self.controls = Controls()
        self.rules = Compiled(self.controls)
        self.configured: dict[str, str] | None = None
        """The limits that the configuration set last, whatever people have set since."""
        self._window = 0

    def restore(self, events: Iterable[Event], books: Iterable[Raw], pos: int) -> None:
        """Forgets everything and begins at the snapshot of position `pos`, whose books hold its events already.

        Raises:
            LogCorrupt: the snapshot contradicts itself.
        """
        self._clear()
        for event in sorted(events, key=lambda event: event.pos):
            self._fold(event, booked=True)
        try:
            self.accounts.books = join(books)
        except msgspec.DecodeError as error:
            raise LogCorrupt(f"a book of the snapshot cannot be read: {error}") from error
        self.pos = pos

    def apply(self, frame: Frame) -> None:
        """Folds one frame.

        Raises:
            LogError: the log contradicts itself, or holds what this build does not know.
        """
        for event in frame.events:
            self._fold(event)
            self.pos = event.pos

    @property
    def limited(self) -> bool:
        """True once somebody has set limits; until then nothing may be decided."""
        return GLOBAL in self.controls.limits

    def _fold(self, event: Event, *, booked: bool = False) -> None:
        folds = _FOLDS.get(event.type)
        if folds is None:
            row = EVENT_TYPES.get(event.type)
            if row is None or row.schema != event.schema:
                raise UnknownEvent(f"{event.type} schema {event.schema} at position {event.pos}")
            return
        try:
            data = decode_for_state(event)
            for fold in folds:
                if not (booked and fold is _book):
                    fold(self, event, data)
        except (TransitionError, msgspec.DecodeError) as error:
            raise LogCorrupt(f"{event.stream}: {event.type} at position {event.pos}: {error}") from error

    def fold_order(self, event: Event, data: Any) -> None:
        """Folds an event of an order."""
        self.orders.fold(event, data, self._window)

    def fold_control(self, event: Event, data: Any) -> None:
        """Folds a switch or limits."""
        self.controls.fold(event, data)
        if event.type == "LimitSet":
            self._window = self.rules.longest_window()
            if data.by == CONFIGURATION and data.scope == GLOBAL:
                self.configured = data.limits


_Fold = Callable[[RiskState, Event, Any], None]


def _order(state: RiskState, event: Event, data: Any) -> None:
    state.fold_order(event, data)


def _control(state: RiskState, event: Event, data: Any) -> None:
    state.fold_control(event, data)


def _book(state: RiskState, event: Event, data: Any) -> None:
    state.accounts.fold(event, data)


def _marks(state: RiskState, event: Event, data: Any) -> None:
    state.accounts.marks(event, data)


_FOLDS: dict[str, tuple[_Fold, ...]] = {
    **{row.name: (_order,) for row in EVENT_TYPES.values() if row.stream == "order-"},
    "OrderFilled": (_order, _book),
    "FillCorrected": (_order, _book),
    "FillBusted": (_order, _book),
    "ExternalFillBooked": (_book,),
    "CashMoved": (_book,),
    "MarksRecorded": (_book, _marks),
    "CorporateAction": (_book,),
    "AccountHalted": (_control,),
    "Halted": (_control,),
    "Resumed": (_control,),
    "LimitSet": (_control,),
}
