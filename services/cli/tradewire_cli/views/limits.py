"""Limits as people see them: what holds where, since when, by whom and why, and what waits for a second person."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from rich.table import Table
from rich.text import Text

from tradewire.domain.limit_terms import difference
from tradewire.domain.limits import KINDS, is_own, read
from tradewire.domain.switches import GLOBAL, Limits
from tradewire.errors import InvalidValue
from tradewire.messages.answers import PublicEvent
from tradewire_cli.views import text
from tradewire_cli.views.columns import Column, table
from tradewire_cli.views.events import decoded


class Origin(Struct, frozen=True):
    """Which version of its scope set a limit, by whom, when (µs) and why. `seconded_by` agreed to it."""

    version: int
    by: str
    seconded_by: str
    at: int
    reason: str


class Row(Struct, frozen=True):
    """A limit that a scope sets. At `expires_at` (µs) it becomes `then`, which is empty where nothing is set then."""

    limit: str
    value: str
    scope: str
    origin: Origin | None = None
    expires_at: int | None = None
    then: str = ""
    problem: str = ""


def origins(events: Iterable[PublicEvent]) -> dict[str, Origin]:
    """Where each limit of a scope comes from, by the LimitSet events of its stream in their order.

    A change below what is temporary is told in two events; only what they come to together has changed.
    """
    found: dict[str, Origin] = {}
    before: dict[str, Origin] = {}
    last: Any = None
    old: dict[str, str] = {}
    for event in events:
        data = decoded(event)
        goes_on = last is not None and data.expires_at is not None and _author(data) == _author(last)
        if not goes_on or data.old != last.limits or last.expires_at is not None:
            before, old = dict(found), data.old
        origin = Origin(event.version, data.by, data.seconded_by, event.at, data.reason)
        found = before | dict.fromkeys(difference(old, data.limits), origin)
        last = data
    return found


def _author(data: Any) -> tuple[str, str, str]:
    return data.by, data.request, data.reason


def rows_of(limits: Mapping[str, Limits], history: Mapping[str, Mapping[str, Origin]]) -> list[Row]:
    """Every limit of every scope, in the order of the reference, widest scope first."""
    scopes = sorted(limits, key=lambda scope: (scope != GLOBAL, scope))
    places = {name: place for place, name in enumerate(KINDS)}
    rows = [
        _row(scope, name, value, limits[scope], history.get(scope, {}).get(name))
        for scope in scopes
        for name, value in limits[scope].limits.items()
        if value
    ]
    return sorted(rows, key=lambda row: places.get(row.limit, len(places)))


def tightest(rows: Sequence[Row], in_scope: Sequence[str]) -> list[Row]:
    """What holds for whatever lies in some scopes: of each limit the tightest, or what several lists come to.

    What the scope of a strategy sets for the strategy's own results holds beside what the others set for the account's.
    """
    held: dict[tuple[str, bool], tuple[Row, Any]] = {}
    for row in rows:
        place = (row.limit, is_own(row.scope, row.limit))
        before = held.get(place)
        if row.scope in in_scope and not (before and before[0].problem):
            held[place] = _tighter(before, row)
    return [row for row, _ in held.values()]


def limits(rows: Sequence[Row], width: int, now: int) -> Table:
    """The table of some limits."""
    columns: list[Column[Row]] = [
        Column("limit", lambda r: Text(r.limit, "bold")),
        Column("value", _value, fold=True),
        Column("scope", lambda r: r.scope),
        Column("until", lambda r: _until(r, now), rank=1),
        Column("version", lambda r: str(r.origin.version) if r.origin else "", right=True, rank=5),
        Column("set by", lambda r: _by(r.origin), rank=3),
        Column("when", lambda r: text.short_time(r.origin.at if r.origin else None, now), rank=4),
        Column("why", lambda r: r.origin.reason if r.origin else "", rank=2, fold=True),
    ]
    return table(rows, columns, width)


def proposals(held: Mapping[str, Limits], now: int) -> Iterator[Text]:
    """A line for each proposal that waits for a second person."""
    for scope, limits in held.items():
        if limits.proposal is not None:
            waits = limits.proposal
            yield Text(
                f"{scope}: {waits.by} proposes {_proposed(limits, waits.limits, now)} since "
                f"{text.short_time(waits.at, now)}: {waits.reason}; another person agrees with "
                f"`tradewire limits agree {scope}`",
                "yellow",
            )


def changes(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    """What changes from some limits to others, in words."""
    said = [
        f"{name} {old.get(name) or 'not set'} → {new.get(name) or 'not set'}"
        for name in {**old, **new}
        if old.get(name) != new.get(name)
    ]
    return ", ".join(said) or "nothing else"


def _proposed(held: Limits, new: Mapping[str, str], now: int) -> str:
    """What would change for good, and what is in force instead of that for a while."""
    if held.expires_at is None:
        return changes(held.limits, new)
    said = []
    for name in {**held.then, **held.limits, **new}:
        base, current = held.then.get(name), held.limits.get(name)
        if (base, current) == (new.get(name), new.get(name)):
            continue
        until = text.short_time(held.expires_at, now)
        meanwhile = f" (until {until} {current or 'not set'})" if current != base else ""
        said.append(f"{name} {base or 'not set'}{meanwhile} → {new.get(name) or 'not set'}")
    return ", ".join(said) or "nothing else"


def _row(scope: str, name: str, value: str, held: Limits, origin: Origin | None) -> Row:
    problem = ""
    try:
        read(name, value)
    except InvalidValue as error:
        problem = error.message
    ends = held.expires_at is not None and held.then.get(name) != value
    return Row(
        name,
        value,
        scope,
        origin,
        held.expires_at if ends else None,
        held.then.get(name, "") if ends else "",
        problem,
    )


def _tighter(before: tuple[Row, Any] | None, row: Row) -> tuple[Row, Any]:
    """Of two the tighter, with what its text says; one that cannot be read denies, so nothing is tighter."""
    value = None if row.problem else read(row.limit, row.value)
    if before is None or row.problem:
        return row, value
    found = KINDS[row.limit].tighter(before[1], value)
    if found == before[1]:
        return before
    if found == value:
        return row, value
    both = replace(before[0], value=",".join(sorted(found)), scope=f"{before[0].scope} and {row.scope}", origin=None)
    return both, found


def _value(row: Row) -> Text:
    return Text(f"{row.value}: {row.problem}, so every order is denied", "red") if row.problem else Text(row.value)


def _until(row: Row, now: int) -> str:
    return f"{text.short_time(row.expires_at, now)}, then {row.then or 'not set'}" if row.expires_at else ""


def _by(origin: Origin | None) -> str:
    return " and ".join(filter(None, (origin.by, origin.seconded_by))) if origin else ""
