"""What is quoted in the bench is a market, and the verdict is what the figures say."""

import time
from io import StringIO

import pytest
from bench import quoting
from bench.quoting import Quoting
from bench.system import Latency
from bench.tradewire.orders import SYMBOL
from bench.tradewire.quoter import SYMBOLS, quote_of
from rich.console import Console

from tradewire import subjects
from tradewire.messages.quotes import decode_quote, fault_of


def test_every_quote_is_of_a_market_and_of_no_symbol_that_is_ordered() -> None:
    at = time.time_ns() // 1000
    for number in range(1_000):
        subject, payload = quote_of(number, at)
        quote = decode_quote(payload)
        assert fault_of(quote, at) == ""
        assert subject == subjects.quotes("bench", quote.symbol)
    assert len(set(SYMBOLS)) == 50
    assert SYMBOL not in SYMBOLS


@pytest.mark.parametrize(("p99", "verdict"), [(30.0, "1.50, within 1.5"), (30.2, "1.51, above 1.5")])
def test_the_verdict_is_of_the_slowest_hundredth(p99: float, verdict: str) -> None:
    found = [Quoting(Latency(5.0, 20.0), Latency(6.0, p99), 11_000)]
    out = StringIO()
    quoting.show(Console(file=out, width=140), found)
    assert verdict in out.getvalue()
    assert "11,000" in out.getvalue()
