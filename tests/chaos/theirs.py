"""The broker's side of a run, told by a judge that imports nothing of Tradewire: of a paper broker, or of a twin."""

import json
from collections import Counter
from collections.abc import Collection
from decimal import Decimal
from pathlib import Path

from msgspec import Struct, field

from tests.twins.kit.judge import Verdict
from tradewire_router.paper.judge import Judge

_AT_PAPER = {"accepted": "open", "dropped": "never_arrived", "received": "nothing yet"}
Trade = tuple[str, Decimal, Decimal]
"""Client order id, quantity and price."""


class There(Struct):
    """An order that was sent to the broker: since when it is there (µs), and what became of it."""

    at: int
    state: str
    filled: Decimal = Decimal(0)


class Books(Struct):
    """An account as the broker has it."""

    cash: Decimal
    fees: Decimal
    positions: dict[str, Decimal]


class Theirs(Struct):
    """Everything that a broker says. `executions` are ids where both sides call an execution by the same one."""

    orders: dict[str, There] = field(default_factory=dict)
    trades: Counter[Trade] = field(default_factory=Counter)
    """The executions that stand, of our orders."""
    by_hand: Counter[tuple[Decimal, Decimal]] = field(default_factory=Counter)
    """Quantity and price of the others."""
    executions: set[str] | None = None
    accounts: dict[str, Books] = field(default_factory=dict)
    doubled: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)

    def trade(self, client_order_id: str, quantity: Decimal, price: Decimal, by_hand: Collection[str]) -> None:
        """Counts an execution."""
        if client_order_id in by_hand:
            self.by_hand[quantity, price] += 1
        else:
            self.trades[client_order_id, quantity, price] += 1

    def leave_out(self, client_order_id: str) -> None:
        """Forgets an order and its executions, but not what they did to positions and cash."""
        self.orders.pop(client_order_id, None)
        self.trades = Counter({trade: n for trade, n in self.trades.items() if trade[0] != client_order_id})


def at_paper(journal: Path, by_hand: Collection[str] = ()) -> Theirs:
    """What the paper broker's journal says. `by_hand` are the orders that were sent past the system."""
    lines = [json.loads(line) for line in (journal / "journal.jsonl").read_bytes().splitlines(keepends=False)]
    judge = Judge()
    for line in lines:
        judge.read(line)
    found = Theirs(doubled=judge.doubled, findings=[f"journal: {text}" for text in judge.violations])
    received_at = {
        line["order"]["client_order_id"]: line["at"] for line in reversed(lines) if line["kind"] == "received"
    }
    for (_, client), order in judge.orders.items():
        if client not in by_hand:
            found.orders[client] = There(received_at[client], _AT_PAPER.get(order.state, order.state), order.filled)
    fills = [line for line in lines if line["kind"] == "filled"]
    found.executions = {line["execution"] for line in fills if line["client_order_id"] not in by_hand}
    for line in fills:
        found.trade(line["client_order_id"], Decimal(line["quantity"]), Decimal(line["price"]), by_hand)
    for name, account in judge.accounts.items():
        held = {symbol: quantity for symbol, quantity in account.positions.items() if quantity}
        found.accounts[name] = Books(account.cash, account.fees, held)
    return found


def at_twin(verdict: Verdict, account: str, by_hand: Collection[str] = ()) -> Theirs:
    """What the judge of twins found."""
    found = Theirs(doubled=list(verdict.doubled), findings=[f"twin: {text}" for text in verdict.violations])
    found.orders = {client: There(sent.at, sent.state, sent.filled) for client, sent in verdict.sent.items()}
    strange = verdict.others.keys() - set(by_hand)
    found.findings += [f"the broker has {client}, which nobody sent" for client in sorted(strange)]
    for trade in verdict.trades:
        found.trade(trade.client_order_id, trade.quantity, trade.price, by_hand)
    found.accounts[account] = Books(verdict.cash, verdict.fees, verdict.positions)
    return found
