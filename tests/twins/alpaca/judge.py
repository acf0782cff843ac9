"""Judges a run of Alpaca's twin by itself: was an order sent twice, and do its books add up.

    python -m tests.twins.alpaca.judge FOLDER --ledger LEDGER [--cash 100000]

FOLDER holds the journal of every frame, LEDGER is what `GET /_twin/ledger` said at the end. Exits with 1 on a
violation.
"""

import argparse
import json
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.twins.kit import judge as kit
from tests.twins.kit.judge import Verdict

OPEN = frozenset({"pending_new", "accepted", "new", "partially_filled", "held", "pending_cancel", "pending_replace"})
SENT_IN = kit.posted("POST /v2/orders", "client_order_id")


def judge(journal: Path, ledger: dict[str, Any], cash: Decimal) -> Verdict:
    """Reads the journal's file and the ledger at the end of an account that began with `cash`."""
    return kit.judge(journal, SENT_IN, books(ledger), cash)


def books(ledger: dict[str, Any]) -> kit.Books:
    """The ledger in the words of all judges."""
    return kit.Books(
        orders=[
            kit.Order(
                client_order_id=order["client_order_id"],
                id=order["id"],
                state="open" if order["status"] in OPEN else order["status"],
                filled=Decimal(order["filled_qty"]),
            )
            for order in ledger["orders"]
        ],
        executions=[
            kit.Execution(
                order=done["order_id"],
                client_order_id=done["client_order_id"],
                symbol=done["symbol"],
                quantity=Decimal(done["qty"]) * (1 if done["side"] == "buy" else -1),
                price=Decimal(done["price"]),
            )
            for done in ledger["executions"]
        ],
        moves=[_move(told) for told in ledger["activities"]],
        cash=Decimal(ledger["cash"]),
        positions={symbol: Decimal(quantity) for symbol, quantity in ledger["positions"].items()},
    )


def _move(told: dict[str, Any]) -> kit.Move:
    """An activity. What is paid for shares names how many there are and moves none of them."""
    amount = Decimal(told["net_amount"])
    return kit.Move(
        cash=amount,
        fee=-amount if told["activity_type"] == "FEE" else kit.ZERO,
        symbol=told.get("symbol", ""),
        quantity=kit.ZERO if amount else Decimal(told.get("qty", "0")),
    )


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Judges a run of the Alpaca twin.")
    parser.add_argument("folder", type=Path, help="the twin's folder, which holds its journal")
    parser.add_argument("--ledger", type=Path, required=True, help="what GET /_twin/ledger said at the end")
    parser.add_argument("--cash", type=Decimal, default=Decimal(100_000), help="what the account began with")
    options = parser.parse_args(arguments)
    verdict = judge(options.folder / "journal.jsonl", json.loads(options.ledger.read_bytes()), options.cash)
    states = Counter(one.state for one in verdict.sent.values())
    lines = [f"{state}: {count}" for state, count in sorted(states.items())]
    lines += [f"executions: {len(verdict.trades)}", f"cash: {verdict.cash}", f"fees: {verdict.fees}"]
    wrong = [f"VIOLATION {text}" for text in (*verdict.doubled, *verdict.violations)]
    sys.stdout.write("\n".join([*lines, *wrong, ""]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
