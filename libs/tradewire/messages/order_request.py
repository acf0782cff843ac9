"""From a signal to the order that it asks for, for whoever requests it and for whoever asks what would become of it."""

from decimal import Decimal

from tradewire.messages.order_events import OrderRequested
from tradewire.messages.signal import Signal, Size
from tradewire.messages.signal_sizes import STOPS, rule_of
from tradewire.messages.vocabulary import Clock, ExitAsked, SizeAsked, SizeTerms


def order_request(
    signal: Signal, *, uuid: str, order: str, account: str, identity: str, clock: Clock
) -> OrderRequested:
    """Returns the order that a signal asks for in an account; `uuid` is the signal's, `order` the order's own."""
    return OrderRequested(
        order=order,
        signal=uuid,
        signal_id=signal.id,
        strategy=signal.strategy,
        account=account,
        symbol=signal.symbol,
        action=signal.action,
        identity=identity,
        side=signal.action if signal.action in ("buy", "sell") else None,
        quantity=signal.quantity,
        size=_size(signal),
        order_type=signal.order_type,
        limit_price=signal.limit_price,
        stop_price=signal.stop_price,
        time_in_force=signal.time_in_force,
        reduce_only=signal.reduce_only,
        price=signal.price,
        signal_time=signal.timestamp,
        valid_until=signal.valid_until,
        tags=signal.tags,
        clock=clock,
        trail_amount=signal.trail.amount if signal.trail else None,
        trail_percent=signal.trail.percent if signal.trail else None,
        extended_hours=signal.extended_hours,
        exits=_exits(signal),
    )


def _exits(signal: Signal) -> tuple[ExitAsked, ...]:
    """The exits that go with the entry, the profit first; `signal_support` lets pass one of each kind at most."""
    asked = [
        ExitAsked(kind="take_profit", price=each.price, percent=each.percent, amount=each.amount)
        for each in signal.take_profit
    ]
    if (loss := signal.stop_loss) is not None:
        terms = {"price": loss.price, "percent": loss.percent, "amount": loss.amount, "limit_price": loss.limit_price}
        asked.append(ExitAsked(kind="stop_loss", **terms))
    return tuple(asked)


def _size(signal: Signal) -> SizeAsked | None:
    """What a signal says of its size, unless it is a plain quantity."""
    if signal.size is not None:
        return SizeAsked(signal.size.method, signal.size.value, _terms(signal, signal.size))
    for method in ("notional", "target_quantity", "target_percent"):
        value: Decimal | None = getattr(signal, method)
        if value is not None:
            return SizeAsked(method, value)
    return None


def _terms(signal: Signal, size: Size) -> SizeTerms | None:
    """What a size goes by beside its value; a stop that it lacks is the signal's stop loss."""
    terms = {field: found for field in SizeTerms.__struct_fields__ if (found := getattr(size, field)) is not None}
    loss = signal.stop_loss
    if loss is not None and "stop" in rule_of(size.method).takes and not terms.keys() & set(STOPS):
        apart = loss.trail or loss
        stops = {"stop": loss.price, "stop_distance": apart.amount, "stop_percent": apart.percent}
        terms |= {field: found for field, found in stops.items() if found is not None}
    return SizeTerms(**terms) if terms else None
