"""What the strategy's profile lets it do, and whether the exchange is open for it."""

from tradewire_risk.domain.check_input import MISSING, PASSED, CheckInput, Outcome
from tradewire_risk.domain.strategy import allowed_account, allowed_side, allowed_type, in_window

_AT_THE_MARKET = frozenset({"market", "stop", "trailing_stop"})
_IN_AUCTIONS = frozenset({"opg", "cls"})


def switched_on(i: CheckInput) -> Outcome:
    """The strategy's profile does not switch it off."""
    return PASSED if i.strategy.mode != "off" else (i.strategy.mode, "", False)


def account_fits(i: CheckInput) -> Outcome:
    """The strategy's profile names the account, or none."""
    return PASSED if allowed_account(i.strategy, i.order.account) else (i.order.account, "", False)


def type_fits(i: CheckInput) -> Outcome:
    """The strategy's profile names the order's type, or none."""
    return PASSED if allowed_type(i.strategy, i.order.order_type) else (i.order.order_type, "", False)


def side_fits(i: CheckInput) -> Outcome:
    """The strategy's profile lets it trade this side, of orders or of positions."""
    if i.side is None or i.quantity is None or i.strategy.sides == "both":
        return PASSED
    return (i.side, i.strategy.sides, allowed_side(i.strategy, i.side, i.quantity, i.position, i.working))


def in_its_hours(i: CheckInput) -> Outcome:
    """The time lies in one of the trading windows of the strategy's profile, if it has any."""
    if i.account is None:
        return MISSING
    return PASSED if in_window(i.strategy, i.now, i.account.zone) else ("", "", False)


def no_repeat(i: CheckInput) -> Outcome:
    """Nothing is held that makes the strategy's profile ignore a further entry."""
    return PASSED if i.repeated == "pass" else (i.repeated, "", i.repeated != "ignore")


def exchange_open(i: CheckInput) -> Outcome:
    """The symbol's exchange is open as `market_hours` demands; outside regular hours it takes no market orders.

    What is for an auction waits for it at the broker, and trades in regular hours alone, whenever it is sent.
    """
    limit = i.rules.bounds.market_hours
    if limit is None:
        return MISSING
    if limit == "always" or (i.instrument is not None and not i.instrument.calendar):
        return ("", limit, True)
    session = i.session
    if session is None:
        return (None, limit, False)
    if i.order.time_in_force in _IN_AUCTIONS:
        return (session, limit, True)
    late = session == "extended" and limit == "extended" and i.order.order_type not in _AT_THE_MARKET
    return (session, limit, session == "regular" or late)
