"""What is refused before money is looked at, text by text: a client of another kind may send anything."""

from decimal import Decimal

import msgspec
import pytest

from tradewire.errors import InvalidValue
from tradewire_router.brokers.values import OrderRequest
from tradewire_router.paper.checks import Problem, Terms, amount, check
from tradewire_router.paper.wire import PaperOrder


@pytest.mark.parametrize(
    ("text", "value"), [("1", "1"), ("0.25", "0.25"), ("1E-7", "0.0000001"), ("1.5E+3", "1500"), ("1E+2", "100")]
)
def test_amounts_that_python_writes_are_read(text: str, value: str) -> None:
    assert amount(text) == Decimal(value)
    assert amount(str(Decimal(value))) == Decimal(value)


NO_AMOUNTS = [
    *(
        "",
        " 1",
        "1 ",
        "1\n",
        "1_000",
        "1,5",
        "+1",
        ".5",
        "5.",
        "0x1",
        "\u0661\u0662",
        "NaN",
        "Infinity",
        "0",
        "-0",
        "-3",
    ),
    *("1e5", "1E999", "1E99", "-1E-7", "1E-13", "9" * 200_000, "1." + "0" * 13),
]


@pytest.mark.parametrize("text", NO_AMOUNTS)
def test_other_texts_are_no_amounts(text: str) -> None:
    with pytest.raises(InvalidValue):
        amount(text)


def test_the_wire_has_the_fields_of_the_port() -> None:
    def fields(struct: type[msgspec.Struct]) -> list[tuple[str, object]]:
        return [(field.encode_name, field.default) for field in msgspec.structs.fields(struct)]

    assert fields(PaperOrder) == fields(OrderRequest)


def test_a_good_order_passes_with_its_amounts() -> None:
    order = PaperOrder(
        client_order_id="a",
        order="o",
        symbol="BRK.B",
        side="sell",
        quantity="0.5",
        order_type="stop_limit",
        limit_price="10.5",
        stop_price="11",
        reference_price="10.75",
    )
    assert check(order) == Terms(Decimal("0.5"), Decimal("10.5"), Decimal(11), Decimal("10.75"))


def test_a_bad_signal_price_is_named() -> None:
    order = PaperOrder(client_order_id="a", order="o", symbol="AAPL", side="buy", quantity="1", reference_price="NaN")
    problem = check(order)
    assert isinstance(problem, Problem)
    assert problem.message.startswith("reference_price: ")
