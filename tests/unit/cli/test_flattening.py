"""What `tradewire flatten` makes of what it finds: a row per symbol, and how it ends."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from tests.builders import fact, requested
from tests.unit.cli.builders import order, position, seen, told
from tradewire.domain.flattening import Since
from tradewire.domain.orders import Order, Status
from tradewire.domain.switches import Switch
from tradewire.messages.answers import ControlState, EventsPage, OrdersPage, PositionsPage
from tradewire.messages.broker_events import ExternalFillBooked
from tradewire.messages.order_events import OrderFilled
from tradewire_cli.client import Client
from tradewire_cli.commands.flattening import Flattened, Wish, follow, last_of, rows_of, stopped_by
from tradewire_cli.exits import Exit
from tradewire_cli.views import flattening as view
from tradewire_cli.views.flattening import Row

NO_SWITCH = ControlState(pos=1, switches={}, limits={})


def close(**changes: Any) -> Order:
    fields = {"strategy": "flatten", "signal_id": "flatten-r", "identity": "person:anna", "side": "sell"}
    return order(**{"requested_pos": 9, "status": Status.FILLED, **fields, **changes})


def external(symbol: str, side: Any, quantity: str) -> ExternalFillBooked:
    return ExternalFillBooked(
        account="paper",
        broker="b",
        broker_order_id="o",
        symbol=symbol,
        side=side,
        quantity=Decimal(quantity),
        price=Decimal(1),
        execution="x",
    )


def rows(held: dict[str, str], *closes: Order, working: tuple[Order, ...] = (), control: Any = NO_SWITCH) -> list[Row]:
    """The rows of an account in which nothing was traded since the wish."""
    positions = {symbol: Decimal(quantity) for symbol, quantity in held.items()}
    return rows_of(Since(), positions, {each.symbol: each for each in closes}, working, control, "paper")


@pytest.mark.parametrize(
    ("closes", "why", "settled"),
    [
        ((), "", False),
        ((close(status=Status.WORKING),), "the close is working", False),
        (
            (close(status=Status.DENIED, reason="PRICE_MISSING", message="There is no quote for AAPL."),),
            "the close is denied: There is no quote for AAPL.",
            False,
        ),
        ((close(status=Status.EXPIRED),), "the close is expired", False),
        (
            (close(status=Status.CANCELED, cancel_requested=True, cancel_by="person:bob"),),
            "the close is canceled, because person:bob asked for that",
            True,
        ),
    ],
)
def test_what_remains_says_why(closes: tuple[Order, ...], why: str, settled: bool) -> None:
    assert rows({"AAPL": "-10"}, *closes) == [Row("AAPL", Decimal(-10), Decimal(0), Decimal(10), why, settled)]


def test_what_works_since_before_is_named_and_a_switch_before_all() -> None:
    before = order(cancel_requested=True, status=Status.WORKING)
    (row,) = rows({"AAPL": "10"}, close(status=Status.DENIED), working=(before,))
    assert (row.why, row.settled) == (f"order {before.order[:8]} is being canceled", False)
    halted = ControlState(pos=1, switches={"broker.sim": Switch("HALT")}, limits={}, brokers={"paper": "sim"})
    (row,) = rows({"AAPL": "10"}, working=(before,), control=halted)
    assert (row.why, row.settled) == ("the switch of broker.sim stands at HALT", True)


def test_what_was_held_is_counted_from_the_wish_on() -> None:
    since = Since()
    for each in (external("KO", "buy", "3"), external("GE", "sell", "4")):
        since.fold("ExternalFillBooked", each)
    held = {"KO": Decimal(3), "GE": Decimal(6)}
    assert rows_of(since, held, {}, (), NO_SWITCH, "paper") == [Row("GE", Decimal(10), Decimal(4), Decimal(6))]


def test_a_symbol_that_was_closed_after_the_question_for_closes_has_its_row() -> None:
    since = Since()
    since.fold("OrderRequested", requested(order="a", side="sell"))
    since.fold("OrderFilled", fact(OrderFilled, order="a", side="sell", quantity=Decimal(2)))
    assert rows_of(since, {}, {}, (), NO_SWITCH, "paper") == [Row("AAPL", Decimal(2), Decimal(2), Decimal(0))]


def test_the_last_close_of_the_wish_counts_and_no_other() -> None:
    first, second = close(order="a", requested_pos=9), close(order="b", requested_pos=11)
    earlier, other = close(order="c", requested_pos=3), close(order="d", requested_pos=12, signal_id="flatten-q")
    assert last_of((other, second, first, earlier), "flatten-r", 8) == {"AAPL": second}


@pytest.mark.parametrize("scope", ["global", "broker.sim", "account.paper", "symbol.AAPL"])
@pytest.mark.parametrize(("level", "stops"), [("HALT", True), ("KILL", True), ("REDUCE_ONLY", False), ("NONE", False)])
def test_a_switch_that_denies_closes_is_found(scope: str, level: str, stops: bool) -> None:
    control = ControlState(pos=1, switches={scope: Switch(level)}, limits={}, brokers={"paper": "sim"})
    assert stopped_by(control, "paper", "AAPL") == (scope if stops else "")
    assert stopped_by(control, "second", "MSFT") == (scope if stops and scope == "global" else "")


_GONE = Row("A", Decimal(5), Decimal(5), Decimal(0))
_DENIED = Row("B", Decimal(5), Decimal(0), Decimal(5), "denied")
_ENDED = Row("C", Decimal(5), Decimal(0), Decimal(5), "halted", settled=True)
_UNASKED = Row("D", Decimal(5), Decimal(0), Decimal(5))


@pytest.mark.parametrize(
    ("found", "now", "late"),
    [
        (Flattened(), Exit.DONE, Exit.DONE),
        (Flattened((_GONE,)), Exit.DONE, Exit.DONE),
        (Flattened((_GONE,), closing=True), None, Exit.UNKNOWN),
        (Flattened((_GONE,), (order(),)), None, Exit.UNKNOWN),
        (Flattened((_GONE, _DENIED)), None, Exit.REFUSED),
        (Flattened((_GONE, _ENDED)), Exit.REFUSED, Exit.REFUSED),
        (Flattened((_DENIED, _ENDED)), None, Exit.REFUSED),
        (Flattened((_UNASKED, _ENDED)), None, Exit.UNKNOWN),
    ],
)
def test_how_it_ends(found: Flattened, now: Exit | None, late: Exit) -> None:
    assert (found.exit, found.late) == (now, late)


def test_a_symbol_is_a_line_and_a_row() -> None:
    assert view.line(_DENIED) == "B: 0 of 5 closed; denied"
    shown = seen(view.symbols([_GONE, _DENIED], 80))
    assert shown.split()[:5] == ["symbol", "held", "closed", "remaining", "why"]
    assert shown.rstrip().splitlines()[-1].split() == ["B", "5", "0", "5", "denied"]


class Racing(Client):
    """A reader that goes on from question to question: a close is filled between two of them, and somebody buys."""

    def __init__(self) -> None:
        self._pos = 4

    async def ask(self, query: Any, kind: Any) -> Any:
        self._pos += 1
        pos = self._pos
        if kind is ControlState:
            return ControlState(pos=pos, switches={}, limits={})
        if kind is OrdersPage:
            filled = pos >= FILLED_AT
            orders = (close(order="a", requested_pos=5, status=Status.FILLED if filled else Status.WORKING),)
            return OrdersPage(pos=pos, orders=() if filled and query.open else orders)
        if kind is PositionsPage:
            bought = (position(symbol="AAPL", quantity=Decimal(5)),)
            return PositionsPage(pos=pos, positions=bought if pos >= BOUGHT_AT else ())
        events = tuple(each for each in EVENTS if query.after < each.pos <= pos)
        return EventsPage(pos=pos, events=events, next=pos, more=False)


FILLED_AT, BOUGHT_AT = 7, 9
"""The first look asks for the positions at 8 and for the events at 9."""
EVENTS = (
    told(requested(order="a", side="sell"), pos=5),
    told(fact(OrderFilled, order="a", side="sell", quantity=Decimal(1)), pos=FILLED_AT),
    told(external("AAPL", "buy", "5"), pos=BOUGHT_AT),
)


async def test_what_is_closed_and_bought_between_two_questions_is_told_as_of_one_moment() -> None:
    rows: list[Row] = []
    _, code = await follow(Racing(), asyncio.Event(), Wish("paper", "r", 4), 5.0, rows.append)
    assert code is Exit.DONE
    assert rows == [Row("AAPL", Decimal(1), Decimal(1), Decimal(0))]
