"""What risk records because of time alone: its counts, limits that were set for a while, and use that nears a limit."""

from tradewire import ids
from tradewire.domain.switches import limits_stream
from tradewire.messages.account_events import LimitSet, LimitWarning
from tradewire.messages.log import Command
from tradewire.messages.registry import new_event
from tradewire_risk.domain.due import Due
from tradewire_risk.domain.state import RiskState
from tradewire_risk.domain.usage import usage_of
from tradewire_risk.domain.windows import record

AUTHOR = "risk"
RECORD_MICROS = 60_000_000
"""How long counts may go unrecorded."""
MOST_UNRECORDED = 5_000
"""How many events may be counted before that is recorded, so that a restart has few to read."""


def due_counts(state: RiskState, now: int) -> list[Due]:
    """Records what was counted: a minute after it was last recorded, or when much was counted since."""
    found = []
    for account in state.windows.changed():
        window = state.windows.of(account)
        if window.changes < MOST_UNRECORDED and now - window.changed_at < RECORD_MICROS:
            continue
        longest = state.rules.longest("repeated_execution_window", "cooldown")
        command = record(window, account, state.pos, state.orders.needed_since(account, state.pos), now, longest)
        found.append(Due(command.events[0].event_id, command, account, "counts"))
    return found


def due_expiries(state: RiskState, now: int) -> list[Due]:
    """Sets the limits of before again, where limits were set for a while that is over."""
    found = []
    for scope, held in state.controls.limits.items():
        if held.expires_at is None or now < held.expires_at:
            continue
        stream = limits_stream(scope)
        data = LimitSet(
            scope=scope, limits=held.then, old=held.limits, by=AUTHOR, reason=f"what {held.by} set was for a while only"
        )
        event_id = ids.timer_uuid(stream, "LimitSet", held.expires_at)
        event = new_event(stream, held.version + 1, event_id, data, time=now, correlation=None)
        found.append(Due(event_id, Command((event,)), scope, "expiry"))
    return found


def due_warnings(state: RiskState, now: int) -> list[Due]:
    """Tells once a trading day of each limit of an account of which more is used than the soft limit allows."""
    found = []
    for account, book in state.accounts.books.items():
        for use in usage_of(state, account, now):
            if not use.warns:
                continue
            stream = f"account-{account}"
            place = f"{use.limit} {use.strategy} {use.symbol} {book.day}"
            event_id = ids.derive("warning", stream, place)
            data = LimitWarning(
                account=account,
                strategy=use.strategy,
                symbol=use.symbol,
                order="",
                check=use.limit,
                value=use.value_text,
                limit=use.most_text,
                day=book.day,
            )
            event = new_event(stream, None, event_id, data, time=now, correlation=None)
            found.append(Due(event_id, Command((event,)), account, f"warning {use.limit}"))
    return found
