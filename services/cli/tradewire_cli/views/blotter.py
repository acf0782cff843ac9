"""The demo's last page: what became of every signal, what is held, what it brought, and whether the log holds."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

from msgspec import Struct
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from tradewire.domain.orders import Order, Status
from tradewire.messages.answers import FillRow, PositionRow
from tradewire_cli.demo.blotter import Blotter
from tradewire_cli.demo.play import Played
from tradewire_cli.views import text
from tradewire_cli.views.columns import Column, table

_ZERO: Final = Decimal(0)
_WIDTH_MAX: Final = 110
_INDENT: Final = 2
_SHOWN_VIOLATIONS: Final = 3


class _Refusals(Struct, frozen=True):
    """Orders that were refused for one reason, by us or by the broker, and the words of the last one."""

    by: str
    reason: str
    count: int
    words: str


class _Line(Struct, frozen=True):
    """A symbol's position, and how many executions led to it; the last line adds up."""

    symbol: str
    fills: int
    position: PositionRow | None
    value: Decimal
    unrealized: Decimal
    realized: Decimal
    fees: Decimal


def page(played: Played, starting_cash: Decimal, width: int) -> RenderableType:
    """The whole page, for a terminal of so many columns."""
    found = played.blotter
    width = min(width, _WIDTH_MAX)
    lines = _lines(found)
    inner = width - _INDENT
    parts = [
        _section("The replay", _replay(played), width),
        _section("From signals to fills", _funnel(found, inner), width),
        _section("Refused, and why", _refusals(found.orders, inner), width),
        _section("Positions at the last prices", _positions(lines, inner), width),
        _section("Account", _account(found, lines[-1], starting_cash), width),
        _section("On the record", _record(found), width),
    ]
    return Group(*parts)


def _section(title: str, content: RenderableType, width: int) -> RenderableType:
    rule = Rule(Text(title, "bold"), align="left", style="dim", characters="─")
    heading = Table.grid(expand=False)
    heading.add_column(width=width)
    heading.add_row(rule)
    return Group(Text(), heading, Padding(content, (0, 0, 0, _INDENT), expand=False))


def _replay(played: Played) -> RenderableType:
    progress, found = played.progress, played.blotter
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_row("days", f"{progress.number:,}, {played.first.isoformat()} to {progress.day.isoformat()}")
    grid.add_row("quotes", f"{progress.quotes:,} of {' '.join(sorted(found.prices))}")
    grid.add_row("took", text.span(played.seconds))
    if (speed := found.speed) is not None:
        most = f"99 of 100 within {text.span(speed.slowest_percent)}"
        grid.add_row("speed", f"signal received to order filled: median {text.span(speed.median)}, {most}")
    return grid


def _funnel(found: Blotter, width: int) -> Table:
    statuses = found.statuses
    denied, rejected = statuses[Status.DENIED], statuses[Status.REJECTED]
    steps: list[tuple[str, int, str]] = [
        ("signals", found.signals + found.refused, "cyan"),
        ("orders", len(found.orders), "cyan"),
        ("approved by risk", len(found.orders) - denied, "cyan"),
        ("filled", statuses[Status.FILLED], "green"),
        ("denied by risk", denied, "red"),
        ("rejected by the broker", rejected, "red"),
    ]
    counted = {Status.FILLED, Status.DENIED, Status.REJECTED}
    steps += [(text.words(s.value), n, "yellow") for s, n in statuses.items() if s not in counted]
    most = max(count for _, count, _ in steps) or 1
    room = max(width - 36, 8)
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column()
    grid.add_column(justify="right")
    grid.add_column()
    for name, count, style in steps:
        grid.add_row(name, f"{count:,}", Text("█" * round(count / most * room) or ("▏" if count else ""), style))
    return grid


def _refusals(orders: Sequence[Order], width: int) -> RenderableType:
    rows: dict[tuple[str, str], _Refusals] = {}
    for order in reversed(orders):
        if order.status in {Status.DENIED, Status.REJECTED}:
            key = ("risk" if order.status is Status.DENIED else "the broker", order.reason)
            count = rows[key].count if key in rows else 0
            rows[key] = _Refusals(*key, count + 1, order.message)
    if not rows:
        return Text("nothing was refused")
    columns: list[Column[_Refusals]] = [
        Column("by", lambda r: r.by),
        Column("reason", lambda r: Text(r.reason, "red")),
        Column("orders", lambda r: f"{r.count:,}", right=True),
        Column("the last one", lambda r: r.words, fold=True),
    ]
    return table(sorted(rows.values(), key=lambda r: -r.count), columns, width)


def _lines(found: Blotter) -> list[_Line]:
    lines = [
        _Line(
            p.symbol,
            _fills_of(found.fills, p.symbol),
            p,
            p.value or _ZERO,
            p.unrealized or _ZERO,
            p.realized,
            p.fees,
        )
        for p in found.positions
    ]
    total = _Line(
        "total",
        sum(line.fills for line in lines),
        None,
        sum((line.value for line in lines), _ZERO),
        sum((line.unrealized for line in lines), _ZERO),
        sum((line.realized for line in lines), _ZERO),
        sum((line.fees for line in lines), _ZERO),
    )
    return [*lines, total]


def _fills_of(fills: Sequence[FillRow], symbol: str) -> int:
    return sum(1 for fill in fills if fill.symbol == symbol)


def _positions(lines: Sequence[_Line], width: int) -> RenderableType:
    columns: list[Column[_Line]] = [
        Column("symbol", lambda line: Text(line.symbol, "bold" if line.position else "dim")),
        Column("fills", lambda line: f"{line.fills:,}", right=True),
        Column("position", lambda line: text.quantity(line.position.quantity) if line.position else "", right=True),
        Column(
            "average", lambda line: text.mean(line.position.average_price) if line.position else "", right=True, rank=2
        ),
        Column("last", lambda line: text.price(line.position.price) if line.position else "", right=True, rank=3),
        Column("value", lambda line: text.money(line.value), right=True),
        Column("unrealised", lambda line: text.result(line.unrealized), right=True),
        Column("realised", lambda line: text.result(line.realized), right=True),
        Column("fees", lambda line: text.money(line.fees), right=True, rank=1),
    ]
    return table(lines, columns, width)


def _of(line: _Line, say: Callable[[PositionRow], str]) -> str:
    return say(line.position) if line.position else ""


def _account(found: Blotter, total: _Line, starting_cash: Decimal) -> Table:
    cash = sum((each.cash for each in found.account.cash if each.currency == found.account.currency), _ZERO)
    equity = cash + total.value
    gain = equity / starting_cash - 1
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column()
    grid.add_column(justify="right")
    grid.add_column(style="dim")
    grid.add_row("started with", text.money(starting_cash), found.account.currency)
    grid.add_row("realised", text.result(total.realized), "profits and losses of what was sold")
    grid.add_row("unrealised", text.result(total.unrealized), "of what is still held")
    grid.add_row("fees", text.result(-total.fees), "what the paper broker charged")
    grid.add_row(
        Text("equity", "bold"),
        Text(text.money(equity), "bold"),
        Text.assemble(
            text.result(gain * 100), " %: ", text.money(cash), " in cash, ", text.money(total.value), " held"
        ),
    )
    return grid


def _record(found: Blotter) -> RenderableType:
    verdict, log = found.verdict, found.log
    tests = sum(verdict.tested.values())
    kinds = sum(1 for count in verdict.tested.values() if count)
    checked = f"check: {kinds} invariants tested {tests:,} times over {verdict.pos:,} events: "
    result = ("clean", "bold green") if verdict.clean else (f"{len(verdict.violations)} violations", "bold red")
    lines = [
        Text(f"{log.head:,} events in {log.frame:,} commits, each with the hash of all before it"),
        Text.assemble(checked, result),
        Text(f"the read model {verdict.read_model}"),
    ]
    lines += [
        Text(" ".join(f"{name}={value}" for name, value in violation.items()), "red")
        for violation in verdict.violations[:_SHOWN_VIOLATIONS]
    ]
    return Group(*lines)


def next_steps(folder: str, *, kept: bool) -> RenderableType:
    """Where to look next."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    if kept:
        grid.add_row("tradewire up --data …", f"starts it again; the session is in {folder}")
        grid.add_row("tradewire orders --data …", "then shows the orders, and `why ORDER` the story of one")
    else:
        grid.add_row("tradewire demo --keep", "keeps the session, to look into with `orders`, `why`, `events`")
    grid.add_row("docs/tutorial/first-signal.md", "your own first signal, in ten minutes")
    grid.add_row("examples/README.md", "a strategy in any language")
    return Group(Text("Where to look next", "dim"), Padding(grid, (0, 0, 0, _INDENT), expand=False))
