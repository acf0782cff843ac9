"""An order's whole story: what happened when, and every check with its value, limit, margin and result."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tradewire.domain.exact import subtract
from tradewire.domain.money import money, plain
from tradewire.domain.orders import Order
from tradewire.domain.times import SECOND, instant
from tradewire.errors import InvalidValue
from tradewire.messages.answers import PublicEvent
from tradewire.messages.vocabulary import CheckResult
from tradewire.traces.context import trace_of
from tradewire_cli.views import events, text
from tradewire_cli.views import orders as order_views
from tradewire_cli.views.columns import Column, table

_SINCE_WIDTH: Final = 8
_AT_LEAST: Final = frozenset({"qty_min", "val_min", "notional"})
"""Checks whose limit is the least that passes; of the others it is the most."""
_GRIDS: Final = frozenset({"lot", "tick"})
"""Checks whose limit is a step."""
_DECISIONS: Final = frozenset(
    {"OrderApproved", "OrderDenied", "OrderHeld", "OrderReplaceApproved", "OrderReplaceDenied"}
)
_ANSWERS: Final = frozenset(
    {"OrderAccepted", "OrderRejected", "OrderFilled", "OrderCompleted", "OrderCanceled", "OrderExpired"}
)
"""What a broker says of an order that it has or has refused; then it is not unknown, whatever becomes of a call."""


def story(order: Order, told: Sequence[PublicEvent], width: int, now: int) -> RenderableType:
    """The order, then each event with the checks of each decision under it."""
    return Group(heading(order), Text(), *_timeline(told, width, now))


def heading(order: Order) -> Text:
    """The order in a few lines, with the trace under which its log lines and spans are found."""
    much = events.asked(order.size) if order.quantity is None and order.size else text.quantity(order.quantity)
    wanted = f"{much} {order.symbol} {order_views.terms(order)}"
    filled = f", {text.quantity(order.filled)} filled at {text.mean(order.average_price)}" if order.filled else ""
    reason = ": ".join(part for part in (order.reason, order.message) if part)
    return Text.assemble(
        (order.order, "bold"),
        "  ",
        order_views.status(order.status),
        filled,
        "\n",
        order_views.side(order.side or order.action),
        f" {wanted}, in {order.account}, for signal {order.signal_id} of {order.strategy}",
        (f"\ntrace {trace_of(order.signal)}", "dim"),
        f"\n{reason}" if reason else "",
        (f"\n{order.anomaly}" if order.anomaly else "", "bold red"),
    )


def _timeline(told: Sequence[PublicEvent], width: int, now: int) -> Iterator[RenderableType]:
    steps = _steps(told)
    names = max((name.cell_len for name, _ in steps), default=0)
    before: int | None = None
    for event, (name, says) in zip(told, steps, strict=True):
        at = _micros(event)
        since = "" if before is None or at is None else f"+{text.span((at - before) / SECOND)}"
        before = at if at is not None else before
        head = Text.assemble(text.exact_time(event.time, now), "  ", (f"{since:>{_SINCE_WIDTH}}", "dim"), "  ", name)
        gap = " " * (names - name.cell_len + 2)
        if head.cell_len + len(gap) + cell_len(says) <= width:
            yield head.append(gap).append(says)
        else:
            yield head.append("\n").append(events.under(says, width))
        data = events.decoded(event)
        if event.type in _DECISIONS:
            yield Padding(every_check(data.every_check(), width - 4), (0, 0, 1, 4), expand=False)
            yield Padding(rests_on(data, data.state_pos), (0, 0, 1, 4), expand=False)


def _steps(told: Sequence[PublicEvent]) -> list[tuple[Text, str]]:
    """The name of each event, and what it says. A call without an answer leaves an order known that was so by then."""
    known = False
    steps = []
    for event in told:
        if event.type == "OrderSubmitStarted":
            known = False
        known = known or event.type in _ANSWERS
        if known and event.type == "OrderSubmitUnknown":
            says = f"the broker had told of the order by then; {events.short(event)}"
            steps.append((Text("call not answered"), says))
        else:
            steps.append((events.name(event), events.short(event)))
    return steps


def rests_on(data: Any, state_pos: int) -> Text:
    """What a decision rests on beside its checks; `state_pos` is the last position that it knew."""
    quotes = ", ".join(
        f"{q.symbol} {text.price(q.price)} from {q.source}{' (delayed)' if q.delayed else ''}" for q in data.quotes
    )
    rests = [
        f"limits {_versions(data.limits)}",
        f"switches {_versions(data.control)}",
        f"log position {state_pos}",
    ]
    if data.mid is not None:
        rests.insert(0, f"worth {text.price(data.mid)} a unit")
    if data.sizing:
        rests.insert(0, f"size from {', '.join(f'{figure.name} {figure.value}' for figure in data.sizing)}")
    return Text(f"decided on: {'; '.join([f'prices {quotes}', *rests] if quotes else rests)}", "dim")


def _versions(by_scope: dict[str, int]) -> str:
    return ", ".join(f"{scope} v{version}" for scope, version in by_scope.items() if version) or "never set"


def every_check(results: Sequence[CheckResult], width: int) -> RenderableType:
    """All checks of a decision: what was measured as a table, and the names of those that had nothing to measure."""
    measured = [check for check in results if check.value or check.limit or not check.passed]
    quiet = [check.name for check in results if check not in measured]
    found = checks(measured, width)
    return Group(found, Text(f"passed with nothing to measure: {', '.join(quiet)}", "dim")) if quiet else found


def checks(results: Sequence[CheckResult], width: int) -> Table:
    """What checks of a decision measured, with how far each value is from its limit, the failed ones in red."""
    columns: list[Column[CheckResult]] = [
        Column("check", lambda c: Text(c.name, "" if c.passed else "red")),
        Column("value", lambda c: c.value or text.NOTHING, right=True, fold=True),
        Column("limit", lambda c: c.limit or text.NOTHING, right=True, fold=True),
        Column("margin", _margin, right=True, rank=1),
        Column("result", lambda c: Text("passed", "green") if c.passed else Text("failed", "bold red")),
    ]
    return table(results, columns, width)


def margin(check: CheckResult) -> Decimal | None:
    """How far a value may still go to the limit; below zero it is beyond. None where one of them is no number."""
    value, limit = _number(check.value), _number(check.limit)
    if value is None or limit is None or check.name in _GRIDS:
        return None
    return subtract(value, limit) if check.name in _AT_LEAST else subtract(limit, value)


def _margin(check: CheckResult) -> Text:
    found = margin(check)
    if found is None:
        return Text(text.NOTHING)
    # What only closes passes even beyond a limit.
    return Text(trimmed(found), "" if found >= 0 else "yellow" if check.passed else "red")


def trimmed(value: Decimal) -> str:
    """A number without needless zeros."""
    return text.trimmed(plain(value))


def _number(written: str | None) -> Decimal | None:
    try:
        return money(written or "")
    except InvalidValue:
        return None


def _micros(event: PublicEvent) -> int | None:
    try:
        return instant(event.time)
    except InvalidValue:
        return None
