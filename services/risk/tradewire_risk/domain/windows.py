"""What risk counts over time: approvals by second and day, executions in a row, entries, the highest equity of a day.

Counts are made from events alone. `WindowsRecorded` holds them as they stood at a position, so that whoever begins at a
snapshot reads that, and then the events since.
"""

from bisect import bisect_left, insort
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tradewire import ids
from tradewire.domain.exact import ZERO
from tradewire.domain.flattening import STRATEGY
from tradewire.domain.results import Results
from tradewire.messages.log import Command, Event
from tradewire.messages.registry import new_event
from tradewire.messages.vocabulary import Side
from tradewire.messages.window_events import Entry, Run, Tally, WindowsRecorded

SECOND = 1_000_000
MINUTE_SECONDS = 60
_MOST_ORDERS = 1_000
"""Executed orders of one strategy, symbol and side that are kept, whatever the window."""


class Executed:
    """Orders that were executed, and when each was last (µs), so that those since a time are counted at once."""

    def __init__(self, orders: Mapping[str, int]) -> None:
        self.orders = dict(orders)
        self._times = sorted(self.orders.values())

    def __len__(self) -> int:
        return len(self.orders)

    def put(self, order: str, at: int) -> None:
        """Notes an execution, and forgets the order that was executed longest ago once there are too many."""
        self._forget(order)
        self.orders[order] = at
        insort(self._times, at)
        if len(self.orders) > _MOST_ORDERS:
            self._forget(next(iter(self.orders)))

    def since(self, at: int) -> int:
        """How many orders were executed at or after a time."""
        return len(self._times) - bisect_left(self._times, at)

    def _forget(self, order: str) -> None:
        if (known := self.orders.pop(order, None)) is not None:
            del self._times[bisect_left(self._times, known)]


class Window:
    """The counts of one account."""

    def __init__(self) -> None:
        self.day = ""
        self.approved: dict[str, int] = {}
        """Orders of the day by strategy."""
        self.tallies: dict[str, dict[int, int]] = {}
        """By strategy: the seconds since the epoch in which orders were approved, and how many."""
        self.runs: dict[tuple[str, str, Side], Executed] = {}
        """By strategy, symbol and side."""
        self.entries: dict[tuple[str, str], int] = {}
        self.highs: dict[str, Decimal] = {}
        self.fills: dict[str, int] = {}
        """All executions by strategy."""
        self.results = Results()
        """What each strategy has won and lost."""
        self.changes = 0
        """How many events were counted since the counts were recorded."""
        self.changed_at = 0
        """When the first of those events was (µs)."""

    def approve(self, approved: Any, at: int, day: str) -> None:
        """Counts an OrderApproved at a time (µs) of a trading day; a close of a wish to flatten counts nowhere."""
        if approved.strategy == STRATEGY and approved.reduce_only:
            return
        if day != self.day:
            self.day, self.approved = day, {}
        strategy, second = approved.strategy, at // SECOND
        self.approved[strategy] = self.approved.get(strategy, 0) + 1
        seconds = self.tallies.setdefault(strategy, {})
        seconds[second] = seconds.get(second, 0) + 1
        if len(seconds) > MINUTE_SECONDS:
            for old in [each for each in seconds if each <= second - MINUTE_SECONDS]:
                del seconds[old]
        if not approved.reduce_only:
            self.entries[strategy, approved.symbol] = at
        self._changed(at)

    def execute(self, filled: Any, at: int) -> None:
        """Counts an OrderFilled."""
        run = self.runs.setdefault((filled.strategy, filled.symbol, filled.side), Executed({}))
        run.put(filled.order, at)
        self.fills[filled.strategy] = self.fills.get(filled.strategy, 0) + 1
        self._changed(at)

    def result(self, event: Event, data: Any, currency: str) -> None:
        """Folds an event into the strategies' results; `currency` is the account's."""
        if self.results.fold(event, data, currency) and event.type != "OrderFilled":  # which `execute` counts
            self._changed(event.time)

    def _changed(self, at: int) -> None:
        if not self.changes:
            self.changed_at = at
        self.changes += 1

    def mark(self, day: str, equity: Decimal, oldest: str, at: int) -> None:
        """Keeps the highest equity of a day, and forgets the days before `oldest`."""
        if equity > self.highs.get(day, ZERO):
            if day not in self.highs:
                self.highs = {each: high for each, high in self.highs.items() if each >= oldest}
            self.highs[day] = equity
            self._changed(at)

    def orders_of_day(self, day: str, strategy: str | None = None) -> int:
        """The orders that were approved on a day, of one strategy or of all."""
        if day != self.day:
            return 0
        return sum(self.approved.values()) if strategy is None else self.approved.get(strategy, 0)

    def in_second(self, strategy: str, now: int) -> int:
        """The orders of a strategy in the second of `now` (µs)."""
        return self.tallies.get(strategy, {}).get(now // SECOND, 0)

    def in_minute(self, strategy: str, now: int) -> int:
        """The orders of a strategy in the 60 seconds that end with the one of `now` (µs)."""
        first = now // SECOND - MINUTE_SECONDS
        return sum(count for second, count in self.tallies.get(strategy, {}).items() if second > first)

    def run(self, strategy: str, symbol: str, side: Side, since: int) -> int:
        """How many orders of a strategy, symbol and side were executed since a time (µs)."""
        run = self.runs.get((strategy, symbol, side))
        return 0 if run is None else run.since(since)

    def high(self, since: str) -> Decimal | None:
        """The highest equity of the days from `since` on."""
        return max((equity for day, equity in self.highs.items() if day >= since), default=None)

    def restore(self, recorded: WindowsRecorded) -> None:
        """Begins at recorded counts."""
        self.day, self.approved, self.highs = recorded.day, dict(recorded.approved), dict(recorded.highs)
        self.tallies = {}
        for tally in recorded.tallies:
            self.tallies.setdefault(tally.strategy, {})[tally.second] = tally.count
        self.runs = {(run.strategy, run.symbol, run.side): Executed(run.orders) for run in recorded.runs}
        self.fills = dict(recorded.fills)
        self.entries = {(entry.strategy, entry.symbol): entry.at for entry in recorded.entries}
        self.results = Results(recorded.results)
        self.changes = 0

    def recorded(self, account: str, state_pos: int, since: int, now: int, longest: int) -> WindowsRecorded:
        """The counts as an event; what is older than `longest` (µs) is left out."""
        first, oldest = now // SECOND - MINUTE_SECONDS, now - longest
        return WindowsRecorded(
            account=account,
            state_pos=state_pos,
            since=since,
            day=self.day,
            approved=dict(sorted(self.approved.items())),
            tallies=tuple(
                Tally(strategy, second, count)
                for strategy, seconds in sorted(self.tallies.items())
                for second, count in sorted(seconds.items())
                if second > first
            ),
            runs=tuple(
                Run(*key, kept)
                for key, run in sorted(self.runs.items(), key=lambda item: item[0])
                if (kept := {order: at for order, at in run.orders.items() if at >= oldest})
            ),
            entries=tuple(Entry(*key, at) for key, at in sorted(self.entries.items()) if at >= oldest),
            highs=dict(sorted(self.highs.items())),
            fills=dict(sorted(self.fills.items())),
            results=self.results.recorded(),
        )


class Windows:
    """The counts of every account."""

    def __init__(self) -> None:
        self._accounts: dict[str, Window] = {}
        self.recorded_pos: dict[str, int] = {}
        """Of each account, the position whose counts were recorded last."""
        self.results_pos: dict[str, int] = {}
        """Of each account, the position whose results were recorded last; a build before this one recorded none."""
        self.since: dict[str, int] = {}
        """Of each account, after which position events tell what its money was taken for."""

    def of(self, account: str) -> Window:
        """The counts of an account; they must be changed by folding alone."""
        window = self._accounts.get(account)
        if window is None:
            window = self._accounts[account] = Window()
        return window

    def restore(self, recorded: WindowsRecorded) -> None:
        """Begins at what was recorded of an account."""
        self.of(recorded.account).restore(recorded)
        self.settle(recorded)

    def settle(self, recorded: WindowsRecorded) -> None:
        """Notes that the counts are in the log."""
        self.of(recorded.account).changes = 0
        self.recorded_pos[recorded.account] = recorded.state_pos
        self.since[recorded.account] = recorded.since
        if recorded.results is not None:
            self.results_pos[recorded.account] = recorded.state_pos

    def changed(self) -> list[str]:
        """The accounts of which something was counted since it was recorded."""
        return [account for account, window in self._accounts.items() if window.changes]


def record(window: Window, account: str, state_pos: int, since: int, now: int, longest: int) -> Command:
    """The command that records an account's counts."""
    stream = f"account-{account}"
    event_id = ids.timer_uuid(stream, "WindowsRecorded", state_pos)
    data = window.recorded(account, state_pos, since, now, longest)
    return Command((new_event(stream, None, event_id, data, time=now, correlation=None),))
