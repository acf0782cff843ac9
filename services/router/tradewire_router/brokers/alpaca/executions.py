"""Executions, which the stream and the account's activities tell of in different words, under one name each. Pure.

Whether the two share an id is written nowhere, so an execution is named by what both say: its order, and the quantity
that the order has reached by it. What was taken back and filled once more reaches the same quantity again, which the
number of busts before it tells apart: those whose time is not after its own, so that nothing hangs on when it is heard.
"""

from decimal import Decimal

from tradewire.domain.exact import ZERO
from tradewire.domain.money import plain
from tradewire_router.brokers.alpaca.known import Known
from tradewire_router.brokers.alpaca.words import Json, needed, symbol_of, time_of, unreadable
from tradewire_router.brokers.values import Execution

_SIDES = {"buy": "buy", "sell": "sell", "sell_short": "sell"}


def _name(known: Known, order_id: str, cumulative: Decimal, at: int) -> str:
    place = f"{order_id}:{plain(cumulative.normalize())}"
    busts = sum(bust <= at for bust in known.busts.get(order_id, ()))
    return f"{place}:{busts}" if busts else place


def streamed(account: str, known: Known, told: Json, client_order_id: str) -> Execution:
    """The execution of a `fill` or `partial_fill`.

    Raises:
        BrokerError: the message lacks what it must say.
    """
    order = told["order"]
    order_id = str(order["id"])
    name = _name(known, order_id, needed(order, "filled_qty"), time_of(told, "timestamp"))
    known.executions[str(told.get("execution_id"))] = (name, 0)
    known.revisions[name] = 0
    return _execution(account, told, order, client_order_id, name, 0, "timestamp")


def listed(account: str, known: Known, told: Json, client_order_id: str) -> Execution:
    """The execution of a FILL activity.

    Raises:
        BrokerError: the activity lacks what it must say.
    """
    name = _name(known, str(told.get("order_id")), needed(told, "cum_qty"), time_of(told, "transaction_time"))
    revision = known.revisions.get(name, 0)
    return _execution(account, told, told, client_order_id, name, revision, "transaction_time")


def previous(told: Json) -> str:
    """Alpaca's id of the execution that a `trade_bust` or `trade_correct` is about."""
    return str(told.get("previous_execution_id") or told.get("execution_id"))


def restated(account: str, known: Known, told: Json, client_order_id: str, *, busted: bool) -> tuple[Execution, int]:
    """The execution of a `trade_bust` or `trade_correct` as it is from now on, and the revision that it replaces.

    One that this session has not seen has no name: the log knows it, however long ago it was.
    """
    order = told["order"]
    name, revision = known.executions.get(previous(told), ("", 0))
    if busted:
        known.busted(str(order["id"]), time_of(told, "timestamp"))
        return _execution(account, told, order, client_order_id, name, revision, "timestamp"), revision
    if not name:
        return _execution(account, told, order, client_order_id, "", 0, "timestamp"), 0
    known.executions[str(told.get("execution_id"))] = (name, revision + 1)
    known.revisions[name] = revision + 1
    return _execution(account, told, order, client_order_id, name, revision + 1, "timestamp"), revision


def _execution(
    account: str, told: Json, order: Json, client_order_id: str, name: str, revision: int, time: str
) -> Execution:
    side = _SIDES.get(str(told.get("side") or order.get("side")))
    if side is None:
        raise unreadable("the side of an execution", told.get("side"))
    return Execution(
        account=account,
        client_order_id=client_order_id,
        broker_order_id=str(order.get("id") if order is not told else told.get("order_id")),
        execution=name,
        symbol=symbol_of(order),
        side="buy" if side == "buy" else "sell",
        quantity=needed(told, "qty"),
        price=needed(told, "price"),
        at=time_of(told, time),
        fee=ZERO,  # an execution carries none here; fees are activities of their own
        revision=revision,
    )
