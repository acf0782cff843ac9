"""The verdict on a run: the log, the read model and the broker's records, each read by itself and then compared.

The broker's are judged by `tradewire_router.paper.judge` or `tests.twins.kit.judge`, which import nothing of
Tradewire; the log is folded by `tests.chaos.story`.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from msgspec import Struct, field

from tests.chaos.story import Story, fold
from tests.chaos.system import System
from tests.chaos.theirs import Theirs, Trade, at_paper, at_twin
from tradewire_ledger.check import Verdict, check

_SAID = {"refused": {"rejected", "never_arrived"}}
"""What the log may say of an order that the broker refused and keeps nothing of: its answer may have been lost."""


class Judgement(Struct):
    """What was found. Nothing wrong means no `lost`, no `doubled` and no `findings`."""

    signals: int = 0
    orders: int = 0
    fills: int = 0
    lost: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    """Signals that went with a lost SIGNALS stream, of which the log says that there may be a gap."""
    doubled: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    outcomes: dict[str, int] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.findings)


async def judge(system: System, acked: Mapping[str, str]) -> Judgement:
    """Judges a quiet system. `acked` are the ids of the signals that JetStream took, of all runs of this system."""
    verdict = await asyncio.to_thread(lambda: asyncio.run(_checked(system)))
    connection = await system.database()
    try:
        rows = await connection.fetch(
            "select pos, stream, type, at, time, correlation_id, data from ledger.event order by pos"
        )
        read = {
            "positions": await connection.fetch("select account, symbol, quantity from read.positions"),
            "cash": await connection.fetch("select account, currency, cash from read.cash"),
        }
    finally:
        await connection.close()
    found = Judgement()
    found.findings += [f"{v.invariant}: {v.stream} at {v.pos}: {v.message}" for v in verdict.violations]
    theirs, story = await _theirs(system), fold(rows)
    for client in system.settled_by_people:
        theirs.leave_out(client)
        story.leave_out(client)
    compare(found, story, acked, theirs, read)
    for name, codes in system.crashes().items():
        found.findings.append(f"{name} ended by itself with {codes}")
    return found


async def _theirs(system: System) -> Theirs:
    if "twin" in system.names:
        return at_twin(await system.twin.verdict(), system.account, system.by_hand)
    return at_paper(system.journal, system.by_hand)


def compare(
    found: Judgement, story: Story, acked: Mapping[str, str], theirs: Theirs, read: Mapping[str, Iterable[Any]]
) -> None:
    """Notes what the log lacks of the acknowledged signals, and where log, read model and broker differ."""
    _signals(found, story, acked)
    _broker(found, story, theirs, read)
    found.orders = len(story.orders)
    outcomes = Counter(order.state for order in story.orders.values())
    found.outcomes = dict(sorted(outcomes.items())) | {"refused": len(story.refused)}


async def _checked(system: System) -> Verdict:
    return await check(system.settings, settled=True, quick=False, progress=lambda *_: None)


def _signals(found: Judgement, story: Story, acked: Mapping[str, str]) -> None:
    """Every acknowledged signal is in the log once and came to an end."""
    found.signals = len(acked)
    times: defaultdict[str, int] = defaultdict(int)
    for uuid, name in story.received.items():
        times[name] += 1
        if uuid not in story.answered:
            found.lost.append(f"{name} was received and nothing became of it")
    for name in acked:
        if not times[name] and name not in story.refused:
            missing = found.told if story.gaps else found.lost
            missing.append(f"{name} was acknowledged and is not in the log")
        elif times[name] > 1:
            found.doubled.append(f"{name} was received {times[name]} times")
    per_signal: defaultdict[str, int] = defaultdict(int)
    for name, order in story.orders.items():
        per_signal[order.signal] += 1
        if order.state in {"requested", "approved", "submitting", "unknown"}:
            found.findings.append(f"order {name} is still {order.state}")
    found.doubled += [f"signal {signal} has {count} orders" for signal, count in per_signal.items() if count > 1]


def _broker(found: Judgement, story: Story, theirs: Theirs, read: Mapping[str, Iterable[Any]]) -> None:
    """The broker's records by themselves, and against the log: orders, executions, positions, cash, commission."""
    found.doubled += theirs.doubled
    found.findings += theirs.findings
    found.fills = theirs.trades.total()
    _compare_orders(found, story, theirs)
    _compare_executions(found, story, theirs)
    ours = {(r["account"], r["symbol"]): Decimal(r["quantity"]) for r in read["positions"]}
    cash = {r["account"]: Decimal(r["cash"]) for r in read["cash"] if r["currency"] == "USD"}
    for name, account in theirs.accounts.items():
        if cash.get(name) != account.cash:
            found.findings.append(f"cash of {name}: ours {cash.get(name)}, the broker's {account.cash}")
        mine = {symbol: quantity for (owner, symbol), quantity in ours.items() if owner == name and quantity}
        if account.positions != mine:
            found.findings.append(f"positions of {name}: ours {mine}, the broker's {account.positions}")
        if account.fees != story.commission:
            found.findings.append(f"commission of {name}: ours {story.commission}, the broker's {account.fees}")


def _compare_executions(found: Judgement, story: Story, theirs: Theirs) -> None:
    """By their ids where both sides have the same, and in any case by what they say."""
    found.doubled += [f"execution {e} is booked {n} times" for e, n in story.executions.items() if n > 1]
    if (ids := theirs.executions) is not None:
        for execution in sorted(ids ^ story.executions.keys()):
            where = "the log" if execution not in ids else "the journal"
            found.findings.append(f"execution {execution} is only in {where}")
    else:
        ours = story.trades
        missing, more = theirs.trades - ours, ours - theirs.trades
        found.lost += [f"execution of {_told(trade)} is not in the log" for trade in missing.elements()]
        found.doubled += [f"execution of {_told(trade)} is in the log and not there" for trade in more.elements()]
    if story.external != theirs.by_hand:
        found.findings.append(
            f"{story.external.total()} fills were booked as nobody's, and {theirs.by_hand.total()} are"
        )


def _told(trade: Trade) -> str:
    client, quantity, price = trade
    return f"{client}, {quantity} at {price},"


def _compare_orders(found: Judgement, story: Story, theirs: Theirs) -> None:
    attempts = {client: order for order in story.orders.values() for client in order.attempts}
    for client, told in theirs.orders.items():
        order = attempts.get(client)
        if order is None:
            found.findings.append(f"the broker has {client}, and the log never meant it")
            continue
        if told.at < order.started.get(client, 0):
            found.findings.append(f"{client} was sent before its intent was written down")
        state, filled = order.attempts[client], order.filled_by.get(client, Decimal(0))
        if state not in _SAID.get(told.state, {told.state}) or filled != told.filled:
            found.findings.append(
                f"{client} is {state} with {filled} filled; at the broker it is {told.state} with {told.filled}"
            )
    for client, order in attempts.items():
        if client not in theirs.orders and order.attempts[client] != "never_arrived":
            found.findings.append(f"{client} is {order.attempts[client]}, and the broker never had it")
