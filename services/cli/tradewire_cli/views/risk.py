"""Where risk stands: what is used of every limit, which switches stand, and what waits for a person."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from tradewire.domain.limits import LIFTED
from tradewire.domain.times import SECOND
from tradewire.messages.risk_queries import AccountStanding, RiskStatus, SwitchRow, UseRow
from tradewire_cli.views import text
from tradewire_cli.views.approvals import approvals
from tradewire_cli.views.columns import Column, table

_BAR_WIDTH: Final = 12
_FULL, _EMPTY = "█", "░"
_AUTHOR: Final = "risk"
"""Who throws the switches that trip."""
_OF_EQUITY: Final = frozenset(
    {
        "max_gross_exposure",
        "max_net_exposure",
        "max_open_exposure",
        "max_daily_loss_percent",
        "max_drawdown",
        "max_concentration",
        "max_group_concentration",
        "max_value_at_risk",
    }
)
"""Limits that are set in percent."""


def status(found: RiskStatus, width: int, now: int) -> RenderableType:
    """Everything that risk tells, account by account. `now` is the reader's time (µs)."""
    parts: list[RenderableType] = []
    for account in found.accounts:
        parts += [*_account(account, found, width, now), Text()]
    parts += _switches(found.switches, now)
    if found.held:
        parts += [Text(), Text("orders that wait for a person", "bold"), approvals(found.held, width, now)]
        if found.held_more:
            parts.append(Text(f"and {found.held_more:,} more", "dim"))
    waiting = f"; {found.undecided:,} orders wait to be decided" if found.undecided else ""
    parts += [Text(), Text(f"told by {found.instance} at position {found.pos:,}{waiting}", "dim")]
    return Group(*parts)


def _account(account: AccountStanding, found: RiskStatus, width: int, now: int) -> Iterator[RenderableType]:
    broker = f" at {account.broker}" if account.broker else ""
    yield Text.assemble((account.account, "bold"), f"{broker}, {account.currency}, day {account.day}")
    for line in _figures(account, found, now):
        yield Padding(line, (0, 0, 0, 2), expand=False)
    shown = [use for use in account.uses if use.setting != LIFTED]
    if shown:
        yield Text()
        yield uses(shown, width)
    if account.more:
        yield Text(f"and {account.more:,} more rows; ask for one account", "dim")
    lifted = sorted({use.limit for use in account.uses if use.setting == LIFTED})
    if lifted:
        yield Text(f"lifted by name: {', '.join(lifted)}", "dim")
    yield from _probation(account)


def _probation(account: AccountStanding) -> Iterator[Text]:
    """A line for the strategies that are new to the account, by the cap that holds for them."""
    caps: dict[str, list[str]] = {}
    for new in account.probation:
        caps.setdefault(new.cap, []).append(f"{new.strategy} ({new.executions} of {new.needed} executions)")
    for cap, strategies in caps.items():
        yield Text(f"on probation, orders worth {cap} at most: {', '.join(strategies)}", "yellow")


def _figures(account: AccountStanding, found: RiskStatus, now: int) -> Iterator[Text]:
    yield Text.assemble(
        f"equity {text.money(account.equity)}, lost today {text.money(account.loss)}, to buy with ",
        text.money(account.available),
        _balances(account, found, now),
    )
    if account.dry_run:
        yield Text("on a dry run: what passes every check is denied all the same, and nothing is sent", "yellow")
    if not account.reconciled:
        yield Text("the log and the broker disagree; only exits pass", "bold red")
    if account.instruments:
        oldest = min(account.instruments, key=lambda told: told.at)
        count = len(account.instruments)
        symbols = f"of {count:,} symbols, the oldest of {oldest.symbol}" if count > 1 else f"of {oldest.symbol}"
        yield Text(f"the broker's rules {symbols}, told {_ago(oldest.at, found, now)}")
        for told in account.instruments:
            if told.problem:
                yield Text(f"{told.symbol} is {told.problem} at the broker", "yellow")


def _balances(account: AccountStanding, found: RiskStatus, now: int) -> str:
    if account.balances_at is None:
        return "; the broker has told no balances"
    return f", told {_ago(account.balances_at, found, now)}"


def _ago(at: int, found: RiskStatus, now: int) -> str:
    """How long ago a time was; where quotes are the clock, when it was."""
    if found.clock == "quotes":
        return f"at {text.short_time(at, now)}"
    return f"{text.span(max(found.at - at, 0) / SECOND)} ago"


def uses(rows: Sequence[UseRow], width: int) -> RenderableType:
    """A line for each limit: how much of it is used, and a bar."""
    columns: list[Column[UseRow]] = [
        Column("limit", lambda u: Text(u.limit, _style(u))),
        Column("for", lambda u: u.symbol or u.strategy, rank=1),
        Column("used", lambda u: _amount(u, u.value), right=True),
        Column("most", _most, right=True),
        Column("set to", lambda u: f"{u.setting} %" if u.limit in _OF_EQUITY and u.setting else "", right=True, rank=3),
        Column("", lambda u: "" if u.percent is None else f"{u.percent:,.0f} %", right=True),
        Column("", _bar, rank=2),
    ]
    return table(rows, columns, width)


def _amount(use: UseRow, number: Decimal | None) -> str:
    if number is None:
        return text.NOTHING
    if use.unit == "count":
        return text.quantity(number)
    return f"{text.money(number)} %" if use.unit == "percent" else text.money(number)


def _most(use: UseRow) -> str | Text:
    return Text("not set: denies", "bold red") if not use.setting else _amount(use, use.most)


def _style(use: UseRow) -> str:
    if use.percent is not None and use.percent >= 100:
        return "bold red"
    return "yellow" if use.warns else ""


def _bar(use: UseRow) -> Text:
    if use.percent is None:
        return Text()
    full = min(int(use.percent * _BAR_WIDTH / 100), _BAR_WIDTH)
    if use.percent > 0:
        full = max(full, 1)
    return Text.assemble((_FULL * full, _style(use) or "green"), (_EMPTY * (_BAR_WIDTH - full), "dim"))


def _switches(rows: Sequence[SwitchRow], now: int) -> Iterator[Text]:
    if not rows:
        yield Text("switches: none is thrown")
    for row in rows:
        how = "tripped" if row.by == _AUTHOR else f"by {row.by}"
        since = text.short_time(row.at, now)
        paused = row.level == "PAUSED"
        says = f"{row.scope} is at {row.level} since {since}, {how}: {row.reason or 'no reason'}"
        yield Text(says, "yellow" if paused else "red")
