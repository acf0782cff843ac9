"""What `trade_updates` says, and the books behind it: executions, their corrections, and the messages on each."""

from decimal import Decimal

from tests.twins.alpaca import views
from tests.twins.alpaca.account import book
from tests.twins.alpaca.activities import non_trade
from tests.twins.alpaca.money import ZERO, text
from tests.twins.alpaca.options import Options
from tests.twins.alpaca.reference import CLOSES, after, moment, stamp
from tests.twins.alpaca.state import Execution, Order, State
from tests.twins.kit.venue import Push

CHANNEL = "trade_updates"
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
FEE_PER_SALE = Decimal("-0.01")


def ulid(at: int, number: int) -> str:
    """26 characters that sort by time: ten of milliseconds, sixteen of a counter."""
    value = (at // 1000 << 80) | number
    return "".join(CROCKFORD[value >> shift & 31] for shift in range(125, -1, -5))


def tell(state: State, options: Options, event: str, one: Order, at: int, **more: str | None) -> None:
    """Tells the stream what happened to an order. Every event has an execution_id, `new` as well."""
    one.updated_at = at
    data: dict[str, object] = {
        "event": event,
        "execution_id": more.pop("execution_id", None) or state.new_id("event"),
        "order": views.order(state, one),
        "timestamp": stamp(at),
        **more,
    }
    if options.event_ids == "sent":
        data["event_id"] = ulid(at, state.next())
    state.pushes.append(Push(channel=CHANNEL, kind=event, message={"stream": CHANNEL, "data": data}))


def change(state: State, options: Options, one: Order, status: str, at: int) -> None:
    """Puts an order into a state that is also the event's name."""
    one.status = status
    if status in {"canceled", "expired", "replaced"}:
        setattr(one, f"{status}_at", at)
    if status == "rejected":
        one.failed_at = at
    tell(state, options, status, one, at)


def fill(state: State, options: Options, one: Order, qty: Decimal, price: Decimal, at: int) -> Execution:
    """Books an execution and tells of it. It may come late or be too much: the venue's word is what happened."""
    one.filled_qty += qty
    one.filled_value += qty * price
    by_amount = one.notional is not None and one.filled_value + Decimal("0.01") >= one.notional
    complete = by_amount or (one.qty is not None and one.filled_qty >= one.qty)
    kind = "fill" if complete else "partial_fill"
    if complete:
        one.status, one.filled_at = "filled", at
    elif one.status in {"new", "accepted", "pending_new", "held"}:
        one.status = "partially_filled"
    done = Execution(
        id=state.new_id("execution"),
        order_id=one.id,
        symbol=one.asset.symbol,
        side=one.side,
        qty=qty,
        price=price,
        at=at,
        cum_qty=one.filled_qty,
        leaves_qty=ZERO if complete else one.leaves,
        kind=kind,
        number=state.next(),
    )
    state.executions[done.id] = done
    held = book(state, one.asset, one.side, qty, price)
    tell(
        state,
        options,
        kind,
        one,
        at,
        execution_id=done.id,
        price=text(price),
        qty=text(qty),
        position_qty=text(held.qty),
        settle_date=after(moment(at), CLOSES).date().isoformat(),
    )
    if options.fees == "activities" and one.side == "sell" and one.asset.kind == "us_equity":
        non_trade(state, "FEE", at, net_amount=FEE_PER_SALE, description=f"TAF fee for proceed of {text(qty)} shares")
    return done


def bust(state: State, options: Options, done: Execution, at: int) -> None:
    """Takes an execution back."""
    one = state.orders[done.order_id]
    _take_back(state, one, done)
    done.busted = True
    if options.busts == "streamed":
        _mend(state, options, "trade_bust", one, done, at, previous=done.id, this=state.new_id("execution"))


def correct(
    state: State, options: Options, done: Execution, qty: Decimal | None, price: Decimal | None, at: int
) -> Execution:
    """Replaces an execution by one with another quantity or price, under a new id."""
    one = state.orders[done.order_id]
    _take_back(state, one, done)
    done.busted = True
    new = Execution(
        id=state.new_id("execution"),
        order_id=done.order_id,
        symbol=done.symbol,
        side=done.side,
        qty=done.qty if qty is None else qty,
        price=done.price if price is None else price,
        at=done.at,
        cum_qty=done.cum_qty,
        leaves_qty=done.leaves_qty,
        kind=done.kind,
        number=state.next(),
    )
    state.executions[new.id] = new
    one.filled_qty += new.qty
    one.filled_value += new.qty * new.price
    book(state, one.asset, one.side, new.qty, new.price)
    if options.busts == "streamed":
        _mend(state, options, "trade_correct", one, new, at, previous=done.id, this=new.id)
    return new


def _take_back(state: State, one: Order, done: Execution) -> None:
    one.filled_qty -= done.qty
    one.filled_value -= done.qty * done.price
    book(state, one.asset, one.side, -done.qty, done.price)


def _mend(
    state: State, options: Options, event: str, one: Order, done: Execution, at: int, *, previous: str, this: str
) -> None:
    tell(
        state,
        options,
        event,
        one,
        at,
        execution_id=this,
        previous_execution_id=previous,
        price=text(done.price),
        qty=text(done.qty),
        position_qty=text(state.positions[one.asset.symbol].qty),
    )
