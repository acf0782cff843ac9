"""What the paper broker answers to each request. The table at the foot is all that can be asked."""

from collections.abc import Callable
from itertools import islice
from typing import Any

from msgspec import Raw

from tradewire.domain import names
from tradewire.domain.quoting import quoted
from tradewire_router.brokers.values import BrokerOrder
from tradewire_router.paper import market, wire
from tradewire_router.paper.desk import Desk, Session
from tradewire_router.paper.lines import Filled, Happened, Received, activity_of, decode_line, execution_of
from tradewire_router.paper.wire import ActivityPage, Answer, ExecutionPage, Failed, OrderPage, frame

PAGE_LINES = 5_000
PAGE_ROWS = 500


def submit(desk: Desk, session: Session, request: wire.Submit) -> None:
    desk.submit(session, request)


def cancel(desk: Desk, session: Session, request: wire.Cancel) -> None:
    desk.cancel(session, request.number, request.client_order_id)


def find_order(desk: Desk, session: Session, request: wire.FindOrder) -> None:
    order = desk.find(desk.book_of(session), request.client_order_id)
    _answer(desk, session, request.number, [order] if order else [])


def open_orders(desk: Desk, session: Session, request: wire.OpenOrders) -> None:
    hidden = desk.faults.unlists(session.account)
    orders = [] if hidden else [order.told() for order in desk.book_of(session).live.values()]
    _answer(desk, session, request.number, orders)


def orders_since(desk: Desk, session: Session, request: wire.OrdersSince) -> None:
    account = desk.book_of(session)
    lines = desk.journal.after(request.after) if request.after else desk.journal.since(request.at)
    orders: dict[str, BrokerOrder] = {}
    read, last = 0, 0
    for head, data in islice(lines, PAGE_LINES):
        read, last = read + 1, head.seq
        if head.kind == "received" and head.account == account.name:
            line = decode_line(data)
            if isinstance(line, Received) and (order := desk.find(account, line.order.client_order_id)):
                orders[order.client_order_id] = order
        if len(orders) == PAGE_ROWS:
            break
    more = read == PAGE_LINES or len(orders) == PAGE_ROWS
    _answer(desk, session, request.number, OrderPage(list(orders.values()), last if more else None))


def executions_since(desk: Desk, session: Session, request: wire.ExecutionsSince) -> None:
    if problem := ahead(desk, request.after):
        desk.answer(session, frame(Failed(request.number, "INVALID_CURSOR", problem)))
        return
    executions = []
    read, last = 0, request.after
    for head, data in islice(desk.journal.after(request.after), PAGE_LINES):
        read, last = read + 1, head.seq
        if head.kind == "filled" and head.account == session.account:
            line = decode_line(data)
            if isinstance(line, Filled):
                executions.append(execution_of(line))
    _answer(desk, session, request.number, ExecutionPage(executions, last, read < PAGE_LINES))


def activities_since(desk: Desk, session: Session, request: wire.ActivitiesSince) -> None:
    if problem := ahead(desk, request.after):
        desk.answer(session, frame(Failed(request.number, "INVALID_CURSOR", problem)))
        return
    activities = []
    read, last = 0, request.after
    for head, data in islice(desk.journal.after(request.after), PAGE_LINES):
        read, last = read + 1, head.seq
        if head.kind == "happened" and head.account == session.account:
            line = decode_line(data)
            if isinstance(line, Happened) and line.told:
                activities.append(activity_of(line))
    _answer(desk, session, request.number, ActivityPage(activities, last, read < PAGE_LINES))


def positions(desk: Desk, session: Session, request: wire.Positions) -> None:
    _answer(desk, session, request.number, desk.book_of(session).positions())


def balances(desk: Desk, session: Session, request: wire.Balances) -> None:
    _answer(desk, session, request.number, desk.engine.balances(desk.book_of(session)))


def account_info(desk: Desk, session: Session, request: wire.AccountInfo) -> None:
    _tell(desk, session, request.number, desk.engine.account_info(desk.book_of(session)))


def instrument(desk: Desk, session: Session, request: wire.InstrumentOf) -> None:
    if names.is_symbol(request.symbol):
        found = market.instrument(request.symbol, desk.book_of(session).currency, desk.engine.terms)
        _tell(desk, session, request.number, found)
    else:
        message = f"{quoted(request.symbol)} is no symbol; write it as AAPL or BTC/USDT"
        desk.answer(session, frame(Failed(request.number, "UNKNOWN_SYMBOL", message)))


def quote(desk: Desk, session: Session, request: wire.QuoteOf) -> None:
    found = desk.engine.quotes.get(request.symbol)
    _answer(desk, session, request.number, [found] if found else [])


def bars(desk: Desk, session: Session, request: wire.BarsOf) -> None:
    _tell(desk, session, request.number, desk.engine.bars(request.symbol, request.timeframe, request.count, desk.now()))


def clock(desk: Desk, session: Session, request: wire.Clock) -> None:
    _answer(desk, session, request.number, desk.now())


def arm(desk: Desk, session: Session, request: wire.Arm) -> None:
    if _may_fault(desk, session, request.number):
        desk.faults.arm(session.account, request.fault)
        _answer(desk, session, request.number, None)


def disarm(desk: Desk, session: Session, request: wire.Disarm) -> None:
    if _may_fault(desk, session, request.number):
        desk.forget_faults(session.account)
        _answer(desk, session, request.number, None)


def happen(desk: Desk, session: Session, request: wire.Happen) -> None:
    if _may_fault(desk, session, request.number):
        happened = desk.engine.happen(desk.book_of(session), request.happening, desk.now())
        _answer(desk, session, request.number, happened)


def ahead(desk: Desk, cursor: int) -> str | None:
    """What is wrong with a cursor that this journal has never given: reading on from it would miss what comes."""
    last = desk.engine.book.seq
    if cursor <= last:
        return None
    return (
        f"cursor {cursor} is ahead of the journal, which ends at {last}: it is of another journal, perhaps a lost one"
    )


def _may_fault(desk: Desk, session: Session, number: int) -> bool:
    if not desk.faults.allowed:
        message = "faults are off; start the paper broker with paper.faults = true"
        desk.answer(session, frame(Failed(number, "PERMISSION_DENIED", message)))
    return desk.faults.allowed


def _tell(desk: Desk, session: Session, number: int, body: Any) -> None:
    """Answers unless a fault silences the broker."""
    if not desk.faults.silences(session.account):
        _answer(desk, session, number, body)


def _answer(desk: Desk, session: Session, number: int, body: Any) -> None:
    desk.answer(session, frame(Answer(number, Raw(wire.encode(body)))))


HANDLERS: dict[type, Callable[[Desk, Session, Any], None]] = {
    wire.Submit: submit,
    wire.Cancel: cancel,
    wire.FindOrder: find_order,
    wire.OpenOrders: open_orders,
    wire.OrdersSince: orders_since,
    wire.ExecutionsSince: executions_since,
    wire.ActivitiesSince: activities_since,
    wire.Happen: happen,
    wire.Positions: positions,
    wire.Balances: balances,
    wire.AccountInfo: account_info,
    wire.InstrumentOf: instrument,
    wire.QuoteOf: quote,
    wire.BarsOf: bars,
    wire.Clock: clock,
    wire.Arm: arm,
    wire.Disarm: disarm,
}
