"""What a replay under other limits found: the decisions that would change, and what that would have come to."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from msgspec import Struct
from rich.console import Group, RenderableType
from rich.text import Text

from tradewire.domain.exact import subtract
from tradewire_cli.views import orders as order_views
from tradewire_cli.views import text
from tradewire_cli.views.columns import Column, table
from tradewire_risk.domain.counterfactual.report import AccountOutcome, Change, Outcome, Report, Tally

_UNREPRODUCED_SHOWN: Final = 5
_STYLES: Final = {"approved": "green", "held": "yellow", "denied": "red"}


class Figure(Struct, frozen=True):
    """One figure of both runs."""

    name: str
    was: str | Text
    would: str | Text
    difference: str | Text = ""


def report(found: Report, width: int, now: int, most: int) -> RenderableType:
    """The whole report, with so many changes, or with all of them for 0."""
    return Group(
        *_heading(found, now),
        Text(),
        *_changes(found, width, now, most),
        *_figures(found, width),
        *_notes(found, width, now, most),
    )


def _heading(found: Report, now: int) -> Iterator[Text]:
    if not found.limits:
        yield Text("the limits are those of the log")
    for changed in found.limits:
        yield Text.assemble(
            f"{changed.scope}: {changed.limit} ", (changed.was or "not set", "dim"), " → ", (changed.would, "bold")
        )
    if not found.first:
        yield Text(f"nothing lies there; the log was read up to position {found.last:,}", "dim")
        return
    times = ""
    if found.since is not None and found.until is not None:
        times = f", {text.short_time(found.since, now)} to {text.short_time(found.until, now)}"
    yield Text(
        f"positions {found.first:,} to {found.last:,}{times}: {_count(found.decisions, 'decision')} made again", "dim"
    )


def _changes(found: Report, width: int, now: int, most: int) -> Iterator[RenderableType]:
    if not found.changes:
        same = "no change: every decision would be the same" if found.decisions else "no order was decided there"
        yield Text(same, "bold")
        return
    count = len(found.changes)
    yield Text(f"{_count(count, 'decision')} would change", "bold")
    shown = found.changes[:most] if most else found.changes
    yield _table(shown, width, now)
    yield from _rest(count - len(shown))


def _rest(count: int) -> Iterator[Text]:
    if count:
        yield Text(f"and {count:,} more; -n 0 shows all", "dim")


def _table(rows: Sequence[Change], width: int, now: int) -> RenderableType:
    ids = text.short_ids(row.order for row in rows)
    columns: list[Column[Change]] = [
        Column("order", lambda c: Text(ids[c.order], "bold")),
        Column("time", lambda c: text.short_time(c.time, now), rank=2),
        Column("strategy", lambda c: c.strategy, rank=3),
        Column("account", lambda c: c.account, rank=5),
        Column("symbol", lambda c: c.symbol),
        Column("side", lambda c: order_views.side(c.was.side or c.would.side or c.action), rank=1),
        Column("asked", lambda c: text.quantity(c.asked), right=True, rank=4),
        Column("was", lambda c: _outcome(c.was)),
        Column("would be", lambda c: _outcome(c.would)),
        Column("why", _why, fold=True),
    ]
    return table(rows, columns, width)


def _outcome(outcome: Outcome) -> Text:
    much = f" {text.quantity(outcome.quantity)}" if outcome.quantity is not None else ""
    return Text(f"{outcome.verdict}{much}", _STYLES[outcome.verdict])


def _why(change: Change) -> str:
    """The reason of the decision that says no; of two, what it would be."""
    if change.would.reason:
        return change.would.reason
    return f"not {change.was.reason}" if change.was.reason else "another size"


def _figures(found: Report, width: int) -> Iterator[RenderableType]:
    if not found.changes:
        return
    yield Text()
    rows = [
        Figure(name, f"{getattr(found.was, name):,}", f"{getattr(found.would, name):,}", _more(found, name))
        for name in Tally.__struct_fields__
    ]
    if found.trips_was or found.trips_would:
        rows.append(Figure("trips", f"{found.trips_was:,}", f"{found.trips_would:,}"))
    for account in found.accounts:
        rows += _account(account)
    columns: list[Column[Figure]] = [
        Column("", lambda row: row.name, fold=True),
        Column("was", lambda row: row.was, right=True),
        Column("would be", lambda row: row.would, right=True),
        Column("difference", lambda row: row.difference, right=True, rank=1),
    ]
    yield table(rows, columns, width)


def _more(found: Report, name: str) -> str:
    difference = getattr(found.would, name) - getattr(found.was, name)
    return f"{difference:+,}" if difference else ""


def _account(account: AccountOutcome) -> Iterator[Figure]:
    """What would be otherwise in an account; nothing where nothing would."""
    if not account.differs:
        return
    name, currency = account.account, account.currency
    was, would = account.peak_was, account.peak_would
    yield Figure(f"{name}: gross peak, {currency}", text.money(was), text.money(would), _difference(was, would))
    yield Figure(
        f"{name}: won or lost, {currency}",
        text.result(account.result_was),
        text.result(account.result_would),
        _difference(account.result_was, account.result_would),
    )
    for held in account.holdings:
        yield Figure(f"{name}: {held.symbol} at the end", text.quantity(held.was), text.quantity(held.would))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _difference(was: Decimal | None, would: Decimal | None) -> Text:
    return text.result(None if was is None or would is None else subtract(would, was))


def _notes(found: Report, width: int, now: int, most: int) -> Iterator[RenderableType]:
    said = []
    if found.unknown:
        orders = _count(found.unknown, "order")
        said.append(
            f"unknown: what would have become of {orders} that would be approved and were not; they trade nothing"
        )
    if found.dropped:
        said.append(f"left out: {_count(found.dropped, 'execution')} of orders that would not have been sent")
    if found.scaled:
        executions = _count(found.scaled, "execution")
        said.append(f"in proportion: {executions} of orders of another size, at the recorded prices")
    if found.other_reason:
        said.append(f"for another reason: {_count(found.other_reason, 'order')} would be denied as before")
    if said:
        yield Text()
    for line in said:
        yield Text(line)
    if found.unreproduced:
        yield Text()
        yield Text(
            f"left as they were: {_count(len(found.unreproduced), 'decision')} that come out otherwise even under the "
            "recorded limits, because they rested on more than the log holds, such as other settings; --config names "
            "the settings",
            "yellow",
        )
        shown = found.unreproduced[:_UNREPRODUCED_SHOWN] if most else found.unreproduced
        yield _table(shown, width, now)
        yield from _rest(len(found.unreproduced) - len(shown))
