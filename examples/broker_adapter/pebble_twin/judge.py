"""What the judge of twins needs to know of Pebble: which call sends an order, and how its ledger is read."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.twins.kit import judge as kit

SENT_IN = kit.posted("POST /orders", "id")


def judge(journal: Path, ledger: dict[str, Any], cash: Decimal) -> kit.Verdict:
    """Reads the journal's file and the ledger at the end of an account that began with `cash`."""
    return kit.judge(journal, SENT_IN, books(ledger), cash)


def books(ledger: dict[str, Any]) -> kit.Books:
    """The ledger in the words of all judges."""
    return kit.Books(
        orders=[
            kit.Order(
                client_order_id=order["id"], id=order["number"], state=order["status"], filled=Decimal(order["filled"])
            )
            for order in ledger["orders"]
        ],
        executions=[
            kit.Execution(
                order=done["number"],
                client_order_id=done["id"],
                symbol=done["symbol"],
                quantity=Decimal(done["quantity"]) * (1 if done["side"] == "buy" else -1),
                price=Decimal(done["price"]),
            )
            for done in ledger["executions"]
        ],
        cash=Decimal(ledger["cash"]),
        positions={symbol: Decimal(quantity) for symbol, quantity in ledger["positions"].items()},
    )
