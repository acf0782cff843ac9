"""Sizes of plug-ins: what they are told, that their working is shown, and that no answer of theirs stops risk."""

import decimal
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.risk.asking import known, order_of, shown, worked_out
from tests.unit.risk.builders import NOW
from tests.unit.risk.test_sizing_methods import bars
from tradewire.domain.sizing import SizingFacts, SizingResult
from tradewire.messages.vocabulary import SizeTerms
from tradewire_risk.domain.exposure import Exposure
from tradewire_risk.domain.sizing import Sized
from tradewire_risk.domain.sizing_custom import MOST_CHARACTERS, MOST_ENTRIES


def asked(sizer: Callable[[SizingFacts], Any], **terms: Any) -> Sized:
    """What an order comes to that asks for this plug-in."""
    return worked_out(order_of("buy", "custom:mine", "3", **terms), sizers={"mine": sizer})


def answering(quantity: Any, *working: Any) -> Sized:
    """The same, for a plug-in that always gives this answer."""
    return asked(lambda _facts: SizingResult(quantity, working))


def test_a_plug_in_is_told_everything() -> None:
    told: list[SizingFacts] = []

    def sizer(facts: SizingFacts) -> SizingResult:
        told.append(facts)
        return SizingResult(Decimal(1))

    recorded = bars(3)
    order = order_of("sell", "custom:mine", "3", stop="155", multiple="2", symbol="BTC/EUR")
    worked_out(
        order,
        sizers={"mine": sizer},
        position=Decimal(-4),
        exposure=Exposure(Decimal(1), Decimal(2), 2),
        rate=lambda: Decimal("1.25"),
        unrealized=lambda: Decimal(7),
        bars=lambda: recorded,
        now=NOW,
    )
    assert told == [
        SizingFacts(
            strategy="momo",
            account="paper",
            currency="USD",
            symbol="BTC/EUR",
            action="sell",
            side="sell",
            value=Decimal(3),
            terms=SizeTerms(stop=Decimal(155), multiple=Decimal(2)),
            price=Decimal(150),
            rate=Decimal("1.25"),
            equity=Decimal(100_000),
            unrealized=Decimal(7),
            position=Decimal(-4),
            buys=Decimal(1),
            sells=Decimal(2),
            step=Decimal("0.00000001"),
            bars=recorded,
            now=NOW,
        )
    ]


def test_its_working_is_shown_and_its_answer_rounded_down() -> None:
    sized = answering(Decimal("6.9"), ("share", "1000"), ("price", "145.00"))
    assert (sized.problem, sized.quantity) == ("", Decimal(6))
    assert shown(sized.inputs) == "plug-in mine, value 3, share 1000, price 145.00, answer 6.9, step 1"


def test_the_signals_caps_hold_for_it_as_well() -> None:
    sized = asked(lambda _facts: SizingResult(Decimal(50)), max_notional="1000")
    assert sized.quantity == 6
    assert shown(sized.inputs).endswith("answer 50, uncut 50, max_notional 1000, price 150, step 1")


def test_it_may_size_an_exit() -> None:
    order = order_of("reduce", "custom:mine", "1")
    sized = worked_out(order, position=Decimal(10), sizers={"mine": lambda f: SizingResult(f.position / 2)})
    assert (sized.side, sized.quantity, sized.exit) == ("sell", Decimal(5), True)


def refuse(facts: SizingFacts) -> SizingResult:
    raise ValueError(f"{facts.symbol} is not for me\n\x1b[31m")


def leave(_facts: SizingFacts) -> SizingResult:
    raise SystemExit(3)


def fall_into_itself(facts: SizingFacts) -> SizingResult:
    return fall_into_itself(facts)


class _Mute(Exception):  # noqa: N818 - it is a test's
    def __str__(self) -> str:
        raise RuntimeError("not even this")


def fail_without_words(_facts: SizingFacts) -> SizingResult:
    raise _Mute


@pytest.mark.parametrize(
    ("sizer", "problem"),
    [
        (refuse, r'failed: ValueError "AAPL is not for me\n\u001b[31m"'),
        (leave, 'failed: SystemExit "3"'),
        (fall_into_itself, "failed: RecursionError"),
        (fail_without_words, "failed: _Mute"),
        (lambda: None, "failed: TypeError"),
        (lambda facts: facts.equity / 0, "failed: DivisionByZero"),
        (lambda _facts: None, "answered an object of type NoneType where a SizingResult is due"),
        (lambda _facts: Decimal(5), "answered an object of type Decimal where a SizingResult is due"),
    ],
)
def test_one_that_fails_sizes_nothing(sizer: Callable[[SizingFacts], Any], problem: str) -> None:
    sized = asked(sizer)
    assert sized.quantity is None
    assert sized.problem.startswith(f"the plug-in mine {problem}")
    assert shown(sized.inputs) == "plug-in mine, value 3"


@pytest.mark.parametrize(
    ("quantity", "problem"),
    [
        (5, "an object of type int where a Decimal is due"),
        (5.0, "an object of type float where a Decimal is due"),
        (True, "an object of type bool where a Decimal is due"),
        ("5", "an object of type str where a Decimal is due"),
        (None, "an object of type NoneType where a Decimal is due"),
        (Decimal("NaN"), "what is no finite number"),
        (Decimal("sNaN"), "what is no finite number"),
        (Decimal("Infinity"), "what is no finite number"),
        (Decimal(-1), "a quantity below zero"),
        (Decimal("-0.000000000000000001"), "a quantity below zero"),
        (Decimal("1E+15"), "a quantity of more than 15 digits"),
        (Decimal("1E+999999"), "a quantity of more than 15 digits"),
    ],
)
def test_an_answer_that_is_no_quantity_is_no_order(quantity: Any, problem: str) -> None:
    sized = answering(quantity)
    assert sized.quantity is None
    assert sized.problem == f"the plug-in mine answered {problem}"


@pytest.mark.parametrize("quantity", ["0", "-0", "0E-999999", "1E-999999", "0.4"])
def test_an_answer_of_less_than_a_step_is_nothing(quantity: str) -> None:
    sized = answering(Decimal(quantity))
    assert (sized.quantity, sized.problem) == (Decimal(0), "")
    assert len(shown(sized.inputs)) < 100


@pytest.mark.parametrize(
    "working",
    [
        ("share",),
        (("share", 1),),
        (("share",),),
        ((b"share", "1"),),
        (("", "1"),),
        (("share", "1\n2"),),
        (("share", "\ud800"),),
        (("share", "1" * (MOST_CHARACTERS + 1)),),
        tuple((f"n{n}", "1") for n in range(MOST_ENTRIES + 1)),
    ],
)
def test_working_that_the_log_cannot_keep_is_refused(working: tuple[Any, ...]) -> None:
    sized = answering(Decimal(5), *working)
    assert sized.quantity is None
    assert sized.problem.startswith("the working of the plug-in mine ")


def test_a_plug_in_that_is_not_there_is_named() -> None:
    sized = worked_out(order_of("buy", "custom:mine", "3"))
    assert sized.quantity is None
    assert "no plug-in mine is loaded" in sized.problem


def test_what_it_does_to_the_thread_s_arithmetic_ends_with_it() -> None:
    def coarse(_facts: SizingFacts) -> SizingResult:
        decimal.getcontext().prec = 2
        return SizingResult(Decimal(1))

    before = decimal.getcontext().prec
    assert asked(coarse).quantity == 1
    assert decimal.getcontext().prec == before


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.decimals(allow_nan=True),
    lambda inner: st.lists(inner) | st.tuples(inner, inner),
)


@settings(deadline=None)
@given(st.one_of(st.decimals(allow_nan=True, allow_infinity=True), anything), anything, st.booleans())
def test_whatever_it_answers_is_a_quantity_or_a_sentence(quantity: Any, working: Any, whole: bool) -> None:
    answer: Any = SizingResult(quantity, working) if whole else quantity
    sized = asked(lambda _facts: answer)
    if sized.quantity is None:
        assert sized.problem.startswith(("the plug-in mine ", "the working of the plug-in mine "))
    else:
        assert 0 <= sized.quantity == sized.quantity // 1
        assert all(figure.name.isprintable() and figure.value.isprintable() for figure in sized.inputs)
    assert known().sizers == {}
