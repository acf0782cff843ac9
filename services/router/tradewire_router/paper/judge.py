"""Judges a paper broker's journal by itself: was an order sent twice, does the money add up.

    python judge.py JOURNAL [--json]

It imports nothing of Tradewire and trusts no total that it can recompute. JOURNAL is the file or its folder. A second
submit that was *received* with the same client order id, or for the same order, counts as doubled, whatever became of
it; only one that the broker lost in a crash before placing it does not count as the first. Exits with 1 on a violation,
2 when the journal cannot be read; a torn last line is left out.
"""

import argparse
import json
import sys
from dataclasses import dataclass, field
from decimal import Context, Decimal, localcontext
from pathlib import Path
from typing import Any

_DIGITS = 200

ENDS = {"rejected", "canceled", "expired"}


@dataclass
class Order:
    """What the journal says of one client order id."""

    account: str
    side: str
    symbol: str
    limit: Decimal | None
    quantity: Decimal | None
    reference: str
    filled: Decimal = Decimal(0)
    state: str = "received"


@dataclass
class Account:
    """Cash and holdings, recomputed from the fills."""

    cash: Decimal
    currency: str
    fees: Decimal = Decimal(0)
    positions: dict[str, Decimal] = field(default_factory=dict)


class Judge:
    """Reads lines in order and collects what is wrong."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.violations: list[str] = []
        self.doubled: list[str] = []
        self.accounts: dict[str, Account] = {}
        self.orders: dict[tuple[str, str], Order] = {}
        self._references: dict[tuple[str, str], str] = {}
        self._executions: set[tuple[str, str]] = set()
        self._seq = 0
        self._at = 0

    def read(self, line: dict[str, Any]) -> None:
        """Takes the next line."""
        with localcontext(Context(prec=_DIGITS)):
            self._read(line)

    def _read(self, line: dict[str, Any]) -> None:
        kind = line["kind"]
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if line["seq"] != self._seq + 1:
            self._wrong(line, f"line {line['seq']} follows line {self._seq}")
        if line["at"] < self._at:
            self._wrong(line, "time goes back")
        self._seq, self._at = line["seq"], line["at"]
        if kind == "opened":
            self.accounts[line["account"]] = Account(Decimal(line["cash"]), line["currency"])
        elif kind == "received":
            self._received(line)
        elif kind == "filled":
            self._filled(line)
        elif kind == "happened":
            self._happened(line)
        elif kind in {"accepted", "dropped", *ENDS}:
            self._moved(line, kind)

    def _received(self, line: dict[str, Any]) -> None:
        order = line["order"]
        key = (line["account"], order["client_order_id"])
        reference = (line["account"], order["order"])
        if key in self.orders:
            self._double(line, f"client order id {key[1]} was received again")
            return
        if order["order"] and reference in self._references:
            first = self._references[reference]
            self._double(line, f"order {order['order']} was received as {first} and again as {key[1]}")
        self._references.setdefault(reference, key[1])
        limit = order.get("limit_price")
        self.orders[key] = Order(
            line["account"],
            order["side"],
            order["symbol"],
            _decimal(limit),
            _decimal(order.get("quantity")),
            order["order"],
        )

    def _moved(self, line: dict[str, Any], kind: str) -> None:
        order = self._order(line)
        if order is None:
            return
        allowed = {"received"} if kind in {"accepted", "rejected", "dropped"} else {"accepted"}
        if order.state not in allowed:
            self._wrong(line, f"{line['client_order_id']} is {order.state} and becomes {kind}")
        order.state = kind
        if kind == "dropped":
            self._references.pop((order.account, order.reference), None)

    def _filled(self, line: dict[str, Any]) -> None:
        order, account = self._order(line), self.accounts.get(line["account"])
        if order is None or account is None:
            return
        name = line["client_order_id"]
        quantity, price, fee = Decimal(line["quantity"]), Decimal(line["price"]), Decimal(line["fee"])
        execution = (line["account"], line["execution"])
        if execution in self._executions:
            self._wrong(line, f"execution {line['execution']} is there twice")
        self._executions.add(execution)
        if order.state != "accepted":
            self._wrong(line, f"{name} is {order.state} and fills")
        if (order.side, order.symbol) != (line["side"], line["symbol"]):
            self._wrong(line, f"{name} is {order.side} {order.symbol} and fills as {line['side']} {line['symbol']}")
        if quantity <= 0 or price <= 0 or fee < 0:
            self._wrong(line, f"{name} fills {quantity} at {price} with fee {fee}")
        if order.limit is not None and (price > order.limit if order.side == "buy" else price < order.limit):
            self._wrong(line, f"{name} fills at {price}, beyond its limit {order.limit}")
        order.filled += quantity
        if order.quantity is None or order.filled > order.quantity:
            self._wrong(line, f"{name} has filled {order.filled} of {order.quantity}")
        if (line.get("closed") is not None) != (order.filled == order.quantity):
            self._wrong(line, f"{name} has filled {order.filled} of {order.quantity}, and its end says otherwise")
        if order.filled == order.quantity:
            order.state = "filled"
        self._book(line, account, quantity if order.side == "buy" else -quantity, price, fee)

    def _book(self, line: dict[str, Any], account: Account, signed: Decimal, price: Decimal, fee: Decimal) -> None:
        account.cash -= signed * price + fee
        account.fees += fee
        held = account.positions.get(line["symbol"], Decimal(0)) + signed
        account.positions[line["symbol"]] = held
        if account.cash != Decimal(line["cash"]):
            self._wrong(line, f"cash of {line['account']} is {account.cash}, and the journal says {line['cash']}")
        if held != Decimal(line["position"]):
            self._wrong(line, f"{line['account']} holds {held} {line['symbol']}, the journal says {line['position']}")

    def _happened(self, line: dict[str, Any]) -> None:
        account, symbol = self.accounts[line["account"]], line.get("symbol", "")
        account.cash += Decimal(line["amount"])
        if account.cash != Decimal(line["cash"]):
            self._wrong(line, f"cash of {line['account']} is {account.cash}, and the journal says {line['cash']}")
        if symbol:
            held = account.positions.get(symbol, Decimal(0)) + Decimal(line.get("change", "0"))
            account.positions[symbol] = held
            if held != Decimal(line.get("position", "0")):
                self._wrong(line, f"{line['account']} holds {held} {symbol}, the journal says {line['position']}")

    def _order(self, line: dict[str, Any]) -> Order | None:
        order = self.orders.get((line["account"], line["client_order_id"]))
        if order is None:
            self._wrong(line, f"{line['client_order_id']} was never received")
        return order

    def _double(self, line: dict[str, Any], text: str) -> None:
        self.doubled.append(f"line {line['seq']}: {text}")

    def _wrong(self, line: dict[str, Any], text: str) -> None:
        self.violations.append(f"line {line['seq']}: {text}")

    def verdict(self) -> dict[str, Any]:
        """Everything that was found, as JSON can hold it."""
        states: dict[str, int] = {}
        for order in self.orders.values():
            states[order.state] = states.get(order.state, 0) + 1
        return {
            "ok": not self.violations and not self.doubled,
            "lines": self._seq,
            "submits_received": self.counts.get("received", 0),
            "client_order_ids": len(self.orders),
            "orders": len(self._references),
            "doubled": len(self.doubled),
            "fills": self.counts.get("filled", 0),
            "orders_by_state": dict(sorted(states.items())),
            "accounts": {
                name: {
                    "cash": str(account.cash),
                    "currency": account.currency,
                    "fees": str(account.fees),
                    "positions": {symbol: str(held) for symbol, held in sorted(account.positions.items()) if held},
                }
                for name, account in sorted(self.accounts.items())
            },
            "violations": [*self.doubled, *self.violations],
        }


def _decimal(text: str | None) -> Decimal | None:
    """The amount, or None for what is no amount: such an order must be refused and so can have no fill."""
    try:
        return None if text is None else Decimal(text)
    except ArithmeticError:
        return None


def judge(path: Path) -> dict[str, Any]:
    """Returns the verdict on a journal.

    Raises:
        ValueError: a line before the last cannot be read.
        OSError: the file cannot be read.
    """
    found = Judge()
    with (path / "journal.jsonl" if path.is_dir() else path).open("rb") as file:
        for number, data in enumerate(file, 1):
            if not data.endswith(b"\n"):
                break
            try:
                found.read(json.loads(data))
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"line {number} cannot be read: {error!r}") from None
    return found.verdict()


def table(verdict: dict[str, Any]) -> str:
    """The verdict for people."""
    rows = [(key.replace("_", " "), str(value)) for key, value in verdict.items() if isinstance(value, int | str)]
    rows += [(f"orders {state}", str(count)) for state, count in verdict["orders_by_state"].items()]
    for name, account in verdict["accounts"].items():
        rows.append((f"cash of {name}", f"{account['cash']} {account['currency']}, {account['fees']} paid in fees"))
        rows += [(f"position of {name}", f"{held} {symbol}") for symbol, held in account["positions"].items()]
    width = max(len(name) for name, _ in rows)
    lines = [f"{name:<{width}}  {value}" for name, value in rows]
    return "\n".join([*lines, *(f"VIOLATION {text}" for text in verdict["violations"])])


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Judges the journal of a paper broker.")
    parser.add_argument("journal", type=Path, help="the journal, or the folder that holds it")
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON")
    options = parser.parse_args(arguments)
    try:
        verdict = judge(options.journal)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{options.journal}: {error}\n")
        return 2
    sys.stdout.write((json.dumps(verdict, indent=2) if options.json else table(verdict)) + "\n")
    return 0 if verdict["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
