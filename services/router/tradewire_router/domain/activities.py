"""What happened to an account beside executions, as events for the log. Pure.

A broker says by how much a holding changed. What is booked changes it by just that, whatever was traded in the meantime
and however a ratio was rounded: new = old * ratio + quantity.
"""

from decimal import Decimal

from tradewire import ids
from tradewire.domain.exact import ONE, ZERO, add, multiply, share, subtract
from tradewire.messages.account_events import CashMoved, CorporateAction, PositionAdjusted
from tradewire.messages.log import NewEvent
from tradewire_router.brokers.values import MOVES_HOLDINGS, Activity
from tradewire_router.domain.translate import Teller, account_event


def booked(
    teller: Teller, told: Activity, held: Decimal, price: Decimal | None, traded: Decimal = ZERO
) -> list[NewEvent]:
    """The events of an activity; the same one has the same ids, however often it is told.

    `held` is what the log has of its symbol now, `traded` what of that came since the time of the activity, signed, and
    `price` what a unit counts as where the broker does not say it.
    """
    if told.kind in MOVES_HOLDINGS and told.symbol:
        return [account_event(teller, _id(teller, told, "action"), _action(teller, told, held, traded))]
    events: list[NewEvent] = []
    if told.amount:
        cash = CashMoved(
            account=teller.account,
            amount=told.amount,
            currency=told.currency,
            reason=told.kind,
            broker=teller.broker,
            activity=told.activity,
            symbol=told.symbol,
            at=told.at,
            why=told.text,
        )
        events.append(account_event(teller, _id(teller, told, "cash"), cash))
    if told.symbol and told.quantity:
        moved = PositionAdjusted(
            account=teller.account,
            symbol=told.symbol,
            quantity=told.quantity,
            price=next((each for each in (told.price, price) if each is not None), ZERO),
            reason="transfer",
            broker=teller.broker,
            activity=told.activity,
            at=told.at,
            why=told.text,
        )
        events.append(account_event(teller, _id(teller, told, "holding"), moved))
    return events


def _action(teller: Teller, told: Activity, held: Decimal, traded: Decimal) -> CorporateAction:
    ratio, at = told.ratio, told.at
    if (ratio is None or ratio < 0) and told.kind == "split":
        ratio = _ratio(subtract(held, traded), told.quantity)
        if ratio is None and traded:
            # A broker that tells the day alone has split what was traded on that day, too.
            ratio, at = _ratio(held, told.quantity), teller.now
    if ratio is None or ratio < 0:
        ratio = ONE
    # A broker that tells the ratio alone leaves the quantity to it.
    after = add(held, told.quantity) if told.quantity else multiply(held, ratio)
    return CorporateAction(
        account=teller.account,
        symbol=told.symbol,
        kind=told.kind,
        ratio=ratio,
        quantity=subtract(after, multiply(held, ratio)),
        cash=told.amount,
        currency=told.currency,
        broker=teller.broker,
        activity=told.activity,
        at=at,
    )


def _ratio(held: Decimal, change: Decimal) -> Decimal | None:
    """New over old, where something stays of what was held."""
    after = add(held, change)
    return share(after, ONE, held) if held and after * held > 0 else None


def _id(teller: Teller, told: Activity, what: str) -> str:
    return ids.derive("activity", teller.broker, teller.account, told.activity, what)
