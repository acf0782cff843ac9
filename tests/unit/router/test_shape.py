"""What an adapter refuses to send because its broker does not declare it, by the name of the field."""

from decimal import Decimal

import pytest
from msgspec import structs

from tradewire_router.brokers.alpaca.capabilities import CAPABILITIES
from tradewire_router.brokers.errors import NotSupportedError
from tradewire_router.brokers.shape import refusal
from tradewire_router.brokers.values import OrderRequest

WHOLE = structs.replace(CAPABILITIES, fractional=False)


def order(quantity: str) -> OrderRequest:
    return OrderRequest(client_order_id="c", order="o", symbol="AAPL", side="buy", quantity=Decimal(quantity))


def test_a_fraction_goes_to_nobody_who_takes_none() -> None:
    error = refusal(order("1.5"), WHOLE, "somebody")
    assert isinstance(error, NotSupportedError)
    assert error.message == "quantity 1.5 is not supported by somebody; use whole units"
    assert refusal(order("1.5"), CAPABILITIES, "somebody") is None


@pytest.mark.parametrize("quantity", ["1", "10.00", "123456789012345"])
def test_whole_units_go_to_everybody(quantity: str) -> None:
    assert refusal(order(quantity), WHOLE, "somebody") is None


@pytest.mark.parametrize("quantity", ["NaN", "Infinity", "1E+999999", "0", "-1"])
def test_what_is_no_quantity_is_said_to_be_none(quantity: str) -> None:
    error = refusal(order(quantity), WHOLE, "somebody")
    assert error is not None
    assert error.message.startswith("quantity: ")
