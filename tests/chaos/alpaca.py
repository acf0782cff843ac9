"""Alpaca's twin in the system, and the calls and messages of its that faults are armed on."""

from typing import Any

from tests.chaos.twin import CASH, TwinOf
from tests.twins.alpaca.judge import judge
from tradewire.messages.quotes import Quote

POST = "POST /v2/orders"
LISTS = "GET /v2/orders"
STREAM = "GET /stream"
UPDATES = "push trade_updates *"
_RATE_PER_MINUTE = "100000"


def _quote(quote: Quote, size: int) -> dict[str, Any]:
    sizes = {"bid_size": str(size), "ask_size": str(size)}
    return {"symbol": quote.symbol, "bid": str(quote.bid), "ask": str(quote.ask), **sizes}


ALPACA = TwinOf(
    name="alpaca",
    title="Alpaca",
    module="tests.twins.alpaca",
    options={"rate_per_min": _RATE_PER_MINUTE, "cash": CASH, "multiplier": "4", "fees": "activities"},
    keys={"key": "twin-key", "secret": "twin-secret"},
    settings=f"""\
url_override = "{{url}}"
api_key_file = "{{keys}}/key"
api_secret_file = "{{keys}}/secret"
rate_per_min = "{_RATE_PER_MINUTE}"
""",
    channel="trade_updates",
    quote=_quote,
    judge=judge,
)
