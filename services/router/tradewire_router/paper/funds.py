"""Whether an account can afford an order, and what cash the order holds back. Pure."""

from decimal import Decimal

from tradewire.domain.exact import ZERO, add, multiply, negate
from tradewire.messages.quotes import Quote
from tradewire.settings import Paper
from tradewire_router.paper import market
from tradewire_router.paper.book import AccountBook
from tradewire_router.paper.checks import Problem, Terms
from tradewire_router.paper.wire import PaperOrder


def stated_quote(order: PaperOrder, terms: Terms, paper: Paper, at: int) -> Quote | None:
    """The signal's price as a quote, where `price_from_signal` allows that. Used only when there is no quote."""
    price = terms.reference_price
    if price is None or not paper.price_from_signal:
        return None
    return Quote(symbol=order.symbol, at=at, bid=price, ask=price, last=price)


def stated_price(terms: Terms, paper: Paper) -> Decimal | None:
    """The price at which everything fills at once with `fill = "signal_price"`: limit, else stop, else the signal's."""
    if paper.fill != "signal_price":
        return None
    return terms.limit_price or terms.stop_price or terms.reference_price


def reserve(
    account: AccountBook, order: PaperOrder, terms: Terms, quote: Quote | None, paper: Paper
) -> Decimal | Problem:
    """Returns the cash that the order holds back, or why the account cannot have it."""
    price = _expected_price(order, terms, quote, paper)
    if price is None:
        return Problem(
            "NO_QUOTE",
            f"there is no quote for {order.symbol}; publish quotes.<venue>.<symbol>, or set "
            "paper.price_from_signal and state a price in the signal",
        )
    if order.reduce_only and not _reduces(account, order, terms.quantity):
        return Problem("REDUCE_ONLY", f"{order.side} {terms.quantity} {order.symbol} does not reduce the holding")
    if order.side == "sell":
        sellable = account.sellable(order.symbol)
        if terms.quantity > sellable and not paper.allow_short:
            return Problem(
                "SHORT_NOT_ALLOWED",
                f"{terms.quantity} {order.symbol} cannot be sold: {sellable} are held and not on sale already, and "
                "paper.allow_short is off",
            )
        return ZERO
    cost = add(multiply(terms.quantity, price), market.fee(terms.quantity, price, paper))
    if cost > account.available:
        return Problem(
            "INSUFFICIENT_FUNDS",
            f"{terms.quantity} {order.symbol} at {price} cost {cost} {account.currency} with commission, and "
            f"{account.available} are available",
        )
    return cost


def _expected_price(order: PaperOrder, terms: Terms, quote: Quote | None, paper: Paper) -> Decimal | None:
    stated = stated_price(terms, paper) or terms.limit_price or terms.stop_price
    if stated is not None:
        return stated
    price = market.taking_price(quote, order.side) if quote else None
    return None if price is None else market.slipped(price, order.side, paper.slippage_bps, order.symbol)


def _reduces(account: AccountBook, order: PaperOrder, quantity: Decimal) -> bool:
    reducible = account.sellable(order.symbol) if order.side == "sell" else negate(account.held(order.symbol))
    return quantity <= reducible
