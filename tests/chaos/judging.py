"""The verdict on a run: the log, the read model and the paper broker's journal, each read by itself and then compared.

The journal is judged by `tradewire_router.paper.judge`, which imports nothing of Tradewire. What became of each signal
and order is folded here anew, from event types alone, so that a mistake in the product's folds cannot hide itself.
"""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field

from tests.chaos.system import System
from tradewire_ledger.check import Verdict, check
from tradewire_router.paper.judge import Judge

_ENDS = {
    "OrderDenied": "denied",
    "OrderLapsed": "lapsed",
    "OrderCanceledLocally": "canceled_locally",
    "OrderRejected": "rejected",
    "OrderCanceled": "canceled",
    "OrderExpired": "expired",
}
_AT_BROKER = {"accepted": "open", "filled": "filled", "canceled": "canceled", "expired": "expired"}
_AT_BROKER |= {"rejected": "rejected", "dropped": "never_arrived", "received": "nothing yet"}


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


class OrderStory(Struct):
    """An order as its events tell it. `attempts` maps each client order id to what became of it."""

    signal: str
    state: str = "requested"
    quantity: Decimal = Decimal(0)
    filled: Decimal = Decimal(0)
    attempts: dict[str, str] = field(default_factory=dict)
    started: dict[str, int] = field(default_factory=dict)
    """Client order id -> when its intent was written down, by the ledger's time; where the ledger's clock was ever
    wrong, by the router's."""
    filled_by: dict[str, Decimal] = field(default_factory=dict)


class Story(Struct):
    """The log, folded for the judge alone."""

    received: dict[str, str] = field(default_factory=dict)
    """Signal uuid -> its id."""
    refused: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)
    orders: dict[str, OrderStory] = field(default_factory=dict)
    executions: dict[str, int] = field(default_factory=dict)
    external: int = 0
    gaps: int = 0


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
    compare(found, fold(rows), acked, system.journal, read)
    for name, codes in system.crashes().items():
        found.findings.append(f"{name} ended by itself with {codes}")
    return found


def compare(
    found: Judgement, story: Story, acked: Mapping[str, str], journal: Path, read: Mapping[str, Iterable[Any]]
) -> None:
    """Notes what the log lacks of the acknowledged signals, and where log, read model and journal differ."""
    _signals(found, story, acked)
    _broker(found, story, journal, read)
    found.orders = len(story.orders)
    outcomes = Counter(order.state for order in story.orders.values())
    found.outcomes = dict(sorted(outcomes.items())) | {"refused": len(story.refused)}


async def _checked(system: System) -> Verdict:
    return await check(system.settings, settled=True, quick=False, progress=lambda *_: None)


def fold(rows: Iterable[Any]) -> Story:
    """Folds rows of the log by their types alone."""
    story, rows = Story(), list(rows)
    clock = "time" if any(row["type"] == "ClockStepped" for row in rows) else "at"
    for row in rows:
        kind, data = row["type"], msgspec.json.decode(row["data"])
        if kind == "SignalReceived":
            story.received[data["signal"]] = data["signal_id"]
        elif kind == "SignalRefused":
            story.refused.add(data.get("signal_id") or "")
        elif kind == "NothingToDo":
            story.answered.add(data["signal"])
        elif kind == "OrderCancelRequested":
            story.answered.add(data["request"])
        elif kind == "SignalsGapSuspected":
            story.gaps += 1
        elif kind == "ExternalFillBooked":
            story.external += 1
        elif row["stream"].startswith("order-"):
            _order(story, row, data, row[clock])
    return story


def _order(story: Story, row: Any, data: dict[str, Any], at: int) -> None:
    kind = row["type"]
    if kind == "OrderRequested":
        story.orders[data["order"]] = OrderStory(data["signal"])
        story.answered.add(data["signal"])
        return
    order = story.orders[data["order"]]
    client = data.get("client_order_id", "")
    if kind == "OrderApproved":
        order.state, order.quantity = "approved", Decimal(str(data["quantity"]))
    elif kind == "OrderSubmitStarted":
        order.state = order.attempts[client] = "submitting"
        order.started[client] = at
    elif kind == "OrderSubmitNeverArrived":
        order.state, order.attempts[client] = "requested", "never_arrived"
    elif kind == "OrderSubmitUnknown" and order.state == "submitting":
        order.state = order.attempts[client] = "unknown"
    elif kind == "OrderAccepted" and order.attempts.get(client) in {"submitting", "unknown"}:
        order.state = order.attempts[client] = "open"
    elif kind == "OrderFilled":
        _fill(story, order, data)
    elif kind in _ENDS:
        order.state = _ENDS[kind]
        if client:
            order.attempts[client] = order.state


def _fill(story: Story, order: OrderStory, data: dict[str, Any]) -> None:
    client, execution = data["client_order_id"], data["execution"]
    quantity = Decimal(str(data["quantity"]))
    story.executions[execution] = story.executions.get(execution, 0) + 1
    order.filled += quantity
    order.filled_by[client] = order.filled_by.get(client, Decimal(0)) + quantity
    if order.state in {"submitting", "unknown", "open"}:
        order.state = order.attempts[client] = "filled" if order.filled >= order.quantity else "open"


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


def _broker(found: Judgement, story: Story, journal: Path, read: Mapping[str, Iterable[Any]]) -> None:
    """The broker's journal by itself, and against the log: orders, fills, positions, cash."""
    lines = [json.loads(line) for line in (journal / "journal.jsonl").read_bytes().splitlines(keepends=False)]
    theirs = Judge()
    for line in lines:
        theirs.read(line)
    verdict = theirs.verdict()
    found.doubled += theirs.doubled
    found.findings += [f"journal: {text}" for text in theirs.violations]
    found.fills = verdict["fills"]
    _compare_orders(found, story, theirs, lines)
    executions = {line["execution"] for line in lines if line["kind"] == "filled"}
    for execution in sorted(executions ^ story.executions.keys()):
        found.findings.append(
            f"execution {execution} is only in {'the log' if execution not in executions else 'the journal'}"
        )
    found.doubled += [f"execution {e} is booked {n} times" for e, n in story.executions.items() if n > 1]
    if story.external:
        found.findings.append(f"{story.external} fills were booked as nobody's")
    ours = {(r["account"], r["symbol"]): Decimal(r["quantity"]) for r in read["positions"]}
    cash = {r["account"]: Decimal(r["cash"]) for r in read["cash"] if r["currency"] == "USD"}
    for name, account in theirs.accounts.items():
        if cash.get(name) != account.cash:
            found.findings.append(f"cash of {name}: ours {cash.get(name)}, the broker's {account.cash}")
        held = {symbol: quantity for symbol, quantity in account.positions.items() if quantity}
        mine = {symbol: quantity for (owner, symbol), quantity in ours.items() if owner == name and quantity}
        if held != mine:
            found.findings.append(f"positions of {name}: ours {mine}, the broker's {held}")


def _compare_orders(found: Judgement, story: Story, theirs: Judge, lines: list[dict[str, Any]]) -> None:
    received_at = {
        line["order"]["client_order_id"]: line["at"] for line in reversed(lines) if line["kind"] == "received"
    }
    attempts = {client: order for order in story.orders.values() for client in order.attempts}
    for (_, client), told in theirs.orders.items():
        order = attempts.get(client)
        if order is None:
            found.findings.append(f"the broker has {client}, and the log never meant it")
            continue
        if received_at[client] < order.started.get(client, 0):
            found.findings.append(f"{client} was sent before its intent was written down")
        state, filled = order.attempts[client], order.filled_by.get(client, Decimal(0))
        if state != _AT_BROKER[told.state] or filled != told.filled:
            found.findings.append(
                f"{client} is {state} with {filled} filled; at the broker it is {told.state} with {told.filled}"
            )
    known = {client for _, client in theirs.orders}
    for client, order in attempts.items():
        if client not in known and order.attempts[client] != "never_arrived":
            found.findings.append(f"{client} is {order.attempts[client]}, and the broker never had it")
