"""Pebble's words as ours. Amounts are texts there, so that no digit is lost; times are microseconds, as here."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from tradewire.domain.money import plain
from tradewire.messages.quotes import Quote
from tradewire.messages.vocabulary import Origin
from tradewire_router.brokers import events as e
from tradewire_router.brokers import values as v
from tradewire_router.brokers.errors import (
    BrokerError,
    BrokerTimeoutError,
    DuplicateClientOrderIdError,
    InsufficientFundsError,
    InvalidOrderError,
    MarketClosedError,
    OrderRejectedError,
    UnknownSymbolError,
)
from tradewire_router.brokers.results import SubmitAccepted, SubmitRejected, SubmitResult, SubmitUnknown

Json = dict[str, Any]


class GivenUpError(BrokerTimeoutError):
    """The time was over before anything was sent."""


STATUSES: dict[str, v.OrderStatus] = {"open": "accepted", "filled": "filled", "canceled": "canceled"}
REFUSALS: dict[str, type[OrderRejectedError]] = {
    "no_funds": InsufficientFundsError,
    "no_symbol": UnknownSymbolError,
    "closed": MarketClosedError,
    "bad": InvalidOrderError,
}


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Makes a BrokerError of an answer that has another shape than Pebble's have."""
    try:
        yield
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise BrokerError(f"Pebble says of {what} what nobody understands: {error!r}") from None


def sent(order: v.OrderRequest) -> Json:
    """An order as Pebble wants it. What it has no word for was refused before, by the capabilities."""
    if order.quantity is None:
        raise ValueError("an order for an amount of money, which the capabilities deny")
    told = {
        "id": order.client_order_id,
        "symbol": order.symbol,
        "side": order.side,
        "type": order.order_type,
        "life": order.time_in_force,
        "quantity": plain(order.quantity),
    }
    return told if order.limit_price is None else told | {"limit_price": plain(order.limit_price)}


def submitted(account: str, client_order_id: str, status: int, body: Json) -> SubmitResult:
    """How a submit has ended. A rejection needs Pebble's word that nothing was done; all else is unknown."""
    if status == 200:
        return SubmitAccepted(client_order_id, body["number"], body["at"])
    if status == 409:
        taken = DuplicateClientOrderIdError(f"Pebble: {body['text']}", existing=order_of(account, body["order"]))
        return SubmitRejected(client_order_id, taken)
    if status == 422:
        return SubmitRejected(client_order_id, refusal_of(body))
    return SubmitUnknown(client_order_id, error_of(status, body))


def refusal_of(body: Json) -> OrderRejectedError:
    """A definite no, in Pebble's words; a code that we do not know is kept."""
    code, said = body["error"], f"Pebble: {body['text']}"
    if code == "no_holding":
        return OrderRejectedError(said, code="SHORT_NOT_ALLOWED")
    if code == "no_price":
        return OrderRejectedError(said, code="NO_QUOTE")
    return REFUSALS[code](said) if code in REFUSALS else OrderRejectedError(said, code=code.upper())


def error_of(status: int, body: Json) -> BrokerError:
    """An answer that no call expects."""
    return BrokerError(f"Pebble: {body.get('text', 'no words')} (HTTP {status})")


def order_of(account: str, told: Json) -> v.BrokerOrder:
    """An order as Pebble has it."""
    filled = Decimal(told["filled"])
    status: v.OrderStatus = STATUSES.get(told["status"], "unknown")
    return v.BrokerOrder(
        account=account,
        client_order_id=told["id"],
        broker_order_id=told["number"],
        symbol=told["symbol"],
        side=told["side"],
        quantity=Decimal(told["quantity"]),
        status="partially_filled" if status == "accepted" and filled else status,
        filled_quantity=filled,
        order_type=told["type"],
        time_in_force=told["life"],
        limit_price=Decimal(told["limit_price"]) if "limit_price" in told else None,
        submitted_at=told["at"],
    )


def execution_of(account: str, told: Json) -> v.Execution:
    """An execution, which has one name wherever it is told."""
    return v.Execution(
        account=account,
        client_order_id=told["id"],
        broker_order_id=told["number"],
        execution=told["execution"],
        symbol=told["symbol"],
        side=told["side"],
        quantity=Decimal(told["quantity"]),
        price=Decimal(told["price"]),
        fee=Decimal(told["fee"]),
        at=told["at"],
    )


def event_of(broker: str, account: str, told: Json, received_at: int, origin: Origin) -> e.BrokerEvent:
    """What Pebble has told by itself; its number is where to go on."""
    number = told["number"]
    common: Json = {
        "broker_time": told["at"],
        "received_at": received_at,
        "origin": origin,
        "cursor": str(told["seq"]),
    }
    if told["kind"] == "filled":
        execution = execution_of(account, told)
        key = e.fill_key(broker, account, execution.execution, execution.revision)
        return e.Fill(event_key=key, client_order_id=told["id"], execution=execution, **common)
    common |= {"client_order_id": told["id"], "broker_order_id": number}
    if told["kind"] == "accepted":
        return e.OrderAccepted(event_key=e.order_key(broker, account, number, "accepted"), **common)
    if told["kind"] != "canceled":
        raise ValueError(f"an event {told['kind']}")
    key = e.order_key(broker, account, number, "canceled")
    return e.OrderCanceled(event_key=key, filled_quantity=Decimal(told["filled"]), reason=told["why"], **common)


def positions_of(account: str, told: Json) -> list[v.Position]:
    """Every holding."""
    held = told["positions"].items()
    return [v.Position(account=account, symbol=symbol, quantity=Decimal(quantity)) for symbol, quantity in held]


def balance_of(account: str, told: Json) -> v.Balance:
    """The account's money, which is of one currency."""
    cash, reserved = Decimal(told["cash"]), Decimal(told["reserved"])
    return v.Balance(account=account, asset=told["currency"], total=cash, available=cash - reserved)


def account_of(account: str, told: Json) -> v.Account:
    """The account as a whole."""
    cash, reserved = Decimal(told["cash"]), Decimal(told["reserved"])
    return v.Account(
        account=account,
        currency=told["currency"],
        cash=cash,
        buying_power=cash - reserved,
        equity=None if told["equity"] is None else Decimal(told["equity"]),
        reserved=reserved,
    )


def instrument_of(told: Json) -> v.Instrument:
    """What an order in a symbol must fit."""
    return v.Instrument(
        symbol=told["symbol"],
        asset_class="crypto" if "/" in told["symbol"] else "equity",
        currency=told["currency"],
        tick=Decimal(told["tick"]),
        step=Decimal(told["step"]),
        min_quantity=Decimal(told["step"]),
        calendar=told["calendar"],
        order_types=("limit", "market"),
        times_in_force=("day", "gtc", "ioc"),
    )


def quote_of(told: Json) -> Quote:
    """A quote, at the time that Pebble says."""
    return Quote(symbol=told["symbol"], at=told["at"], bid=Decimal(told["bid"]), ask=Decimal(told["ask"]))
