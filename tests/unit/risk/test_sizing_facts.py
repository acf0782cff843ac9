"""What brokers and packages tell reaches the sizing: bars, an instrument's step, rates and plug-ins, in decisions."""

from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from tests.unit.risk.asking import FRACTIONS, approved, ask, denied, figures, funded
from tests.unit.risk.builders import PAPER, Log
from tests.unit.risk.test_sizing_methods import bars
from tradewire.domain.sizing import SizingFacts, SizingResult
from tradewire.messages import account_events as a
from tradewire.messages.vocabulary import SizeAsked, SizeTerms
from tradewire_risk.domain.reasons import Reason


def instrument(log: Log, symbol: str, step: str, minimum: str = "0", **fields: Any) -> None:
    """A broker tells a symbol's rules."""
    log.write(
        "account-paper",
        a.InstrumentReported(
            account="paper",
            broker="paper",
            symbol=symbol,
            at=log.now,
            asset_class="crypto" if "/" in symbol else "equity",
            currency=symbol.partition("/")[2] or "USD",
            tick=Decimal("0.01"),
            step=Decimal(step),
            min_quantity=Decimal(minimum),
            **fields,
        ),
    )


def half(facts: SizingFacts) -> SizingResult:
    """Half of what the value buys."""
    assert facts.price is not None
    return SizingResult(facts.value / facts.price / 2, (("price", f"{facts.price:f}"),))


def test_recorded_bars_measure_the_volatility() -> None:
    log = funded()
    reported = a.BarsReported(account="paper", broker="paper", symbol="AAPL", at=log.now, bars=bars(20))
    log.write("account-paper", reported)
    data = ask(log, "buy", "volatility", "0.5", multiple="2")
    assert approved(data)[1] == 55
    assert figures(data) | {"bars": "20", "atr": "4.5", "distance": "9.0"} == figures(data)


def test_the_instruments_step_is_what_a_size_is_rounded_to() -> None:
    log = funded(FRACTIONS, price="30")
    instrument(log, "AAPL", "0.01")
    assert approved(ask(log, "buy", "notional", "1000"))[1] == Decimal("33.33")


def test_a_minimum_denies_what_was_rounded_and_enlarges_nothing() -> None:
    log = funded(price="150", min_order_quantity="10")
    instrument(log, "AAPL", "4")
    data = ask(log, "buy", "notional", "1000")
    assert denied(data)[0] == Reason.QTY_BELOW_MIN
    assert {check.name: check.value for check in data.checks}["qty_min"] == "4"


def test_a_stop_in_another_currency_is_taken_at_the_quoted_rate() -> None:
    log = funded(price=None)
    log.quote("BTC/EUR", "40000")
    log.quote("EUR/USD", "1.25")
    data = ask(log, "buy", "risk_amount", "100", symbol="BTC/EUR", stop="39000")
    assert approved(data)[1] == Decimal("0.08")
    assert figures(data)["rate"] == "1.25"


def test_a_plug_in_sizes_an_order_and_every_check_follows() -> None:
    log = funded(replace(PAPER, sizers={"half": half}))
    data = ask(log, "buy", "custom:half", "1000")
    assert approved(data)[1] == 5
    assert figures(data) == {"plug-in": "half", "value": "1000", "price": "100", "answer": "5", "step": "1"}
    log = funded(replace(PAPER, sizers={"half": half}), max_order_quantity="4")
    assert denied(ask(log, "buy", "custom:half", "1000"))[0] == Reason.QTY_ABOVE_MAX


def test_a_plug_in_that_fails_denies_its_order_and_no_other() -> None:
    def fail(facts: SizingFacts) -> SizingResult:
        raise ValueError(facts.symbol)

    log = funded(replace(PAPER, sizers={"fail": fail}))
    log.request("a", "buy", None, size=SizeAsked("custom:fail", Decimal(1)))
    log.request("b", "buy", "10")
    first, second = log.run()
    assert denied(first.data) == (
        Reason.SIZE_UNKNOWN,
        'The order cannot be sized: the plug-in fail failed: ValueError "AAPL".',
    )
    assert second.reason is None


def test_orders_with_other_stops_are_no_duplicates() -> None:
    log = funded()
    sizes = [SizeAsked("risk_amount", Decimal(100), SizeTerms(stop=Decimal(stop))) for stop in (95, 96, 95)]
    log.approve("a", "buy", None, size=sizes[0])
    assert log.decide(log.request("b", "buy", None, size=sizes[1])).reason is None
    assert log.decide(log.request("c", "buy", None, size=sizes[2])).reason is Reason.DUPLICATE_ORDER
