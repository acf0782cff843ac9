"""After a restore: terms that an order got in the lost part of the log are in force, and nobody else's."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.builders import TIME
from tests.unit.router.builders import TELLER, Log, broker_order
from tests.unit.router.test_recovery import lost, recovered, restored
from tradewire import ids
from tradewire.domain.orders import Order, Status
from tradewire.messages import order_events as o
from tradewire.messages.log import NewEvent
from tradewire.messages.registry import EVENT_TYPES
from tradewire_router.brokers import events as b
from tradewire_router.brokers.errors import BrokerError
from tradewire_router.brokers.results import Absent, Found, Inconclusive, Lookup
from tradewire_router.domain.replacing import next_id
from tradewire_router.domain.translate import from_lookup, translate
from tradewire_router.renew import Renewer

WORKING = ("OrderApproved", "OrderSubmitStarted", "OrderAccepted")


class AtBroker:
    """What a broker answers about an order, by revision; it knows nothing of the others."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._answers: dict[str, Lookup] = {}
        self.asked: list[str] = []

    def name(self, revision: int) -> str:
        return ids.client_order_id(self._order.order, 1, revision)

    def has(self, revision: int, status: Any, **fields: Any) -> None:
        terms = {"limit_price": Decimal(90 + revision), "broker_order_id": f"B{revision}", **fields}
        told = broker_order(self._order, status, client_order_id=self.name(revision), **terms)
        self._answers[self.name(revision)] = Found(told)

    def is_silent(self, revision: int) -> None:
        self._answers[self.name(revision)] = Inconclusive(self.name(revision), BrokerError("silence"))

    async def find_order(self, client_order_id: str, symbol: str) -> Lookup:
        assert symbol == self._order.symbol
        self.asked.append(client_order_id)
        return self._answers.get(client_order_id, Absent(client_order_id, TIME))


class Sink:
    """Takes facts and speaks for the account."""

    def __init__(self) -> None:
        self.facts: list[NewEvent] = []
        self.add = self.facts.extend

    def teller(self) -> Any:
        return TELLER

    def warning(self, _what: str, **_fields: Any) -> None:
        """Nobody reads it."""


class Case:
    """A working order of a restored log, whose broker has lost revisions of it."""

    def __init__(self, *revisions: int, story: tuple[str, ...] = WORKING) -> None:
        self.log = Log()
        self.order = self.log.order(0, *story, order_type="limit", limit_price=Decimal(90))
        recovered(self.log, *(lost(self.order, 1, n, f"B{n}") for n in revisions), restored=restored(self.log))
        self.broker, self.sink = AtBroker(self.now), Sink()
        sink: Any = self.sink
        self.renewer = Renewer(self.log.state, self.broker, sink, sink, sink)  # type: ignore[arg-type]

    @property
    def now(self) -> Order:
        return self.log.get(self.order)

    def chain(self, newest: int, status: Any = "accepted") -> None:
        """Each revision has replaced the one before it."""
        for revision in range(newest):
            self.broker.has(revision, "replaced")
        self.broker.has(newest, status)

    async def step(self) -> list[Any]:
        """What the log is told, which it then has."""
        self.sink.facts.clear()
        await self.renewer.step()
        said = [msgspec.json.decode(e.data, type=EVENT_TYPES[e.type].struct) for e in self.sink.facts]
        for data in said:
            self.log.write(f"order-{self.order}", data)
        return said


@pytest.mark.parametrize("newest", [1, 2, 8, 9, 40])
async def test_the_newest_terms_are_in_force_however_often_it_was_replaced(newest: int) -> None:
    case = Case(*range(1, newest + 1))
    case.chain(newest)
    (said,) = await case.step()
    assert isinstance(said, o.OrderReplaced)
    assert (said.revision, said.limit_price, said.quantity) == (newest, Decimal(90 + newest), Decimal(10))
    order = case.now
    assert (order.status, order.revision, order.limit_price) == (Status.WORKING, newest, Decimal(90 + newest))
    assert (order.client_order_id, order.broker_order_id) == (case.broker.name(newest), f"B{newest}")
    for revision in range(newest + 1):
        assert case.log.state.of_client_id(case.broker.name(revision)) == order
    assert case.log.state.recovery.later(order) == ()
    assert not case.log.state.recovery.superseded(order)
    assert await case.step() == []


async def test_terms_that_the_broker_refused_without_a_trace_leave_gaps() -> None:
    case = Case(1, 60)
    case.broker.has(0, "replaced")
    case.broker.has(1, "replaced")
    case.broker.has(60, "accepted")
    (said,) = await case.step()
    assert (said.revision, next_id(case.now)) == (60, case.broker.name(61))


async def test_what_was_filled_under_earlier_names_belongs_to_the_quantity() -> None:
    case = Case(1, 2)
    case.broker.has(0, "replaced", filled_quantity=Decimal(4))
    case.broker.has(1, "replaced", quantity=Decimal(6), filled_quantity=Decimal(1))
    case.broker.has(2, "partially_filled", quantity=Decimal(5), filled_quantity=Decimal(2))
    (said,) = await case.step()
    assert said.quantity == Decimal(10)


async def test_what_a_list_told_as_ended_is_not_asked_for_again() -> None:
    case = Case(*range(1, 31))
    case.chain(30)
    told = [answer.order for answer in case.broker._answers.values() if isinstance(answer, Found)]
    case.renewer.listed(told)
    await case.step()
    assert case.broker.asked == [case.broker.name(29), case.broker.name(30)]


async def test_terms_that_are_on_their_way_are_waited_for() -> None:
    case = Case(1, 2)
    case.broker.has(0, "replaced")
    case.broker.has(1, "pending_replace")
    case.broker.has(2, "pending_submit")
    (said,) = await case.step()
    assert (said.revision, case.now.status) == (1, Status.WORKING)
    assert case.renewer.names() == {case.broker.name(2)}
    assert case.log.state.recovery.superseded(case.now)
    asked = len(case.broker.asked)
    assert await case.step() == []
    assert len(case.broker.asked) == asked  # not at every look at the log
    case.chain(2)
    case.renewer.again()
    (said,) = await case.step()
    assert (said.revision, case.renewer.names()) == (2, set())


@pytest.mark.parametrize("in_force", [0, 1])
async def test_terms_that_the_broker_rejected_are_not_in_force(in_force: int) -> None:
    case = Case(1, 2, 3)
    case.chain(in_force)
    for revision in range(in_force + 1, 4):
        case.broker.has(revision, "rejected")
    said = await case.step()
    assert [type(each).__name__ for each in said] == ["OrderReplaced"] * in_force + ["OrderReplaceRejected"]
    order = case.now
    assert (order.status, order.client_order_id) == (Status.WORKING, case.broker.name(in_force))
    assert (order.revision, order.limit_price) == (3, Decimal(90 + in_force))
    assert next_id(order) == case.broker.name(4)
    assert await case.step() == []


@pytest.mark.parametrize("silent", [0, 1, 2])
async def test_nothing_is_told_while_the_broker_does_not_answer(silent: int) -> None:
    case = Case(1, 2)
    case.chain(2)
    case.broker.is_silent(silent)
    said = await case.step()
    assert [each.revision for each in said if each.revision == 2] == []
    assert case.now.status is Status.WORKING
    assert case.log.state.recovery.superseded(case.now)


async def test_what_was_on_its_way_in_the_backup_has_its_answer_there() -> None:
    case = Case(2, 3)
    stream, order = f"order-{case.order}", case.order
    case.log.write(stream, o.OrderReplaceRequested(order=order, by="a", request="r-1", limit_price=Decimal(91)))
    grounds: dict[str, Any] = {"attempt": 1, "state_pos": 1, "checks": (), "limits": {}, "control": {}}
    approval = o.OrderReplaceApproved(order=order, limit_price=Decimal(91), expires_at=TIME, request="r-1", **grounds)
    case.log.write(stream, approval)
    client = case.broker.name(1)
    case.log.write(stream, o.OrderReplaceStarted(order=order, attempt=1, client_order_id=client, epoch=1, revision=1))
    case.log.write(stream, o.OrderReplaceRequested(order=order, by="a", request="r-2", limit_price=Decimal(92)))
    case.chain(3)
    (said,) = await case.step()
    assert (said.revision, case.now.revision, case.now.limit_price) == (3, 3, Decimal(93))
    assert (case.now.replacing, case.now.next_replacement) == (None, None)


async def test_a_submit_without_an_outcome_is_found_under_its_newest_name() -> None:
    case = Case(1, story=("OrderApproved", "OrderSubmitStarted"))
    case.chain(1)
    await case.step()
    order = case.now
    assert (order.status, order.client_order_id) == (Status.SUBMITTING, case.broker.name(1))
    told = broker_order(order, "accepted", broker_order_id="B1")
    assert [event.type for event in from_lookup(TELLER, order, told)] == ["OrderAccepted"]


def test_nobody_else_replaced_what_a_lost_part_of_the_log_did() -> None:
    order = Case(1).now
    gone = b.OrderReplaced(
        event_key="k",
        broker_time=TIME,
        received_at=TIME,
        client_order_id=order.client_order_id or "",
        broker_order_id="B0",
        replaced_by="B1",
    )
    assert translate(TELLER, order, gone, superseded=True) == []
    assert from_lookup(TELLER, order, broker_order(order, "replaced"), superseded=True) == []
    assert [event.type for event in translate(TELLER, order, gone)] == ["OrderCanceled"]


def test_an_order_that_was_sent_may_be_superseded_until_its_broker_was_asked() -> None:
    log = Log()
    order = log.order(0, *WORKING)
    recovery = log.state.recovery
    assert not recovery.superseded(log.get(order))
    where = restored(log)
    assert recovery.superseded(log.get(order))
    recovered(log, lost(log.order(1)), restored=where)
    assert not recovery.superseded(log.get(order))
