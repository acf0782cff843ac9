"""After a restore: what is at the broker is not sent or ended, and takes its fills in without counting them twice."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.builders import TIME, fact
from tests.unit.router.builders import TELLER, Log, broker_order
from tradewire import ids
from tradewire.domain.orders import Status
from tradewire.domain.recovery import Recovery
from tradewire.messages import account_events as a
from tradewire.messages import order_events as o
from tradewire.messages.broker_events import ExternalFillBooked
from tradewire.messages.log import NewEvent
from tradewire.messages.system_events import LogRestored
from tradewire.messages.vocabulary import LostOrder
from tradewire_router.absence import MARGIN_MICROSECONDS
from tradewire_router.brokers.values import BrokerOrder
from tradewire_router.domain.booked import Booked
from tradewire_router.domain.naming import names_of
from tradewire_router.domain.translate import Teller
from tradewire_router.recover import Recoverer, adopted, attributed


def lost(order: str, attempt: int = 1, revision: int = 0, broker_order_id: str = "B1") -> LostOrder:
    return LostOrder(ids.client_order_id(order, attempt, revision), broker_order_id, "AAPL")


def restored(log: Log, made_at: int = TIME) -> int:
    event = log.write("system", LogRestored(was="w", pos=1, hash="h", made_at=made_at, seal="s"))
    return event.pos


def recovered(log: Log, *orders: LostOrder, restored: int, part: int = 1, last: bool = True) -> None:
    data = a.AccountRecovered(account="paper", broker="paper", restored=restored, part=part, last=last, orders=orders)
    log.write("account-paper", data)


class Around:
    """All that surrounds a Recoverer: a broker without orders, and a log that takes what it is told."""

    pos = last_pos = 0

    def __init__(self) -> None:
        self.asked: list[int] = []

    async def orders_since(self, at: int) -> list[BrokerOrder]:
        self.asked.append(at)
        return []

    async def open_orders(self) -> list[BrokerOrder]:
        return []

    async def orders_of(self, names: Iterable[str]) -> dict[str, None]:
        return dict.fromkeys(names)

    async def drained(self) -> None:
        """All is in the log."""

    def teller(self) -> Teller:
        return TELLER

    def add(self, events: Iterable[NewEvent]) -> None:
        assert [event.type for event in events] == ["AccountRecovered"]

    def warning(self, _what: str, **_fields: Any) -> None:
        """Nobody reads it."""


def adopt(log: Log, order: str, **fields: object) -> None:
    terms: dict[str, object] = {
        "attempt": 1,
        "symbol": "AAPL",
        "side": "buy",
        "quantity": Decimal(7),
        "client_order_id": ids.client_order_id(order, 1),
        "broker_order_id": "B1",
    }
    log.write(f"order-{order}", fact(o.OrderAdopted, order=order, **{**terms, **fields}))


def external(execution: str, quantity: str, *, pos: int = 1, revision: int = 0, event: str = "external") -> Booked:
    return Booked(
        pos=pos,
        event=event,  # type: ignore[arg-type]
        order=None,
        strategy="",
        account="paper",
        broker="paper",
        symbol="AAPL",
        side="buy",
        quantity=Decimal(quantity),
        price=Decimal(100),
        fee=Decimal("0.5"),
        fee_currency="USD",
        execution=execution,
        revision=revision,
        time=TIME,
        broker_time=TIME,
    )


def test_what_is_adopted_is_written_as_it_is_read_again_however_the_adapter_made_its_words() -> None:
    log = Log()
    order = log.get(log.order(0, "OrderApproved"))
    told = broker_order(order, "working", order_type=msgspec.json.decode(b'"market"'))
    written = adopted(TELLER, order, told, 1, 0).data
    assert msgspec.json.encode(msgspec.json.decode(written, type=o.OrderAdopted)) == bytes(written)


def test_a_log_that_never_was_restored_holds_nothing_back() -> None:
    log = Log()
    order = log.get(log.order(1, "OrderApproved"))
    assert not log.state.recovery.holds(order)
    assert not log.state.recovery.waits("paper")


def test_everything_of_an_account_is_held_back_until_its_router_has_said_all() -> None:
    log = Log()
    order = log.order(1, "OrderApproved")
    where = restored(log)
    assert log.state.recovery.holds(log.get(order))
    recovered(log, restored=where, last=False)
    assert log.state.recovery.waits("paper")
    recovered(log, restored=where, part=2)
    assert not log.state.recovery.holds(log.get(order))
    assert log.state.recovery.waits("other")


def test_a_second_restore_waits_again_and_forgets_nothing() -> None:
    log = Log()
    order = log.order(1)
    recovered(log, lost(order), restored=restored(log))
    again = restored(log)
    assert log.state.recovery.waits("paper")
    recovered(log, restored=again)
    assert not log.state.recovery.waits("paper")
    assert log.state.recovery.holds(log.get(order))


def test_what_an_account_was_not_asked_about_before_a_second_restore_is_asked_about_then() -> None:
    log = Log()
    first = restored(log, made_at=6)
    recovered(log, restored=first, last=False)
    second = restored(log, made_at=10)
    assert log.state.recovery.lost_since("paper") == 6
    recovered(log, restored=second)
    restored(log, made_at=20)
    assert log.state.recovery.lost_since("paper") == 20
    restored(log, made_at=14)
    assert log.state.recovery.lost_since("paper") == 14


async def test_the_broker_is_asked_since_the_older_backup_of_two() -> None:
    log = Log()
    minute = MARGIN_MICROSECONDS
    restored(log, made_at=3 * minute)
    restored(log, made_at=9 * minute)
    around: Any = Around()
    await Recoverer(log.state, around, around, around, around, around, around).list_lost()
    assert around.asked == [2 * minute]


@pytest.mark.parametrize(("attempt", "revision"), [(1, 0), (2, 0), (1, 3), (8, 7)])
def test_an_order_is_found_by_any_name_that_it_may_have_had(attempt: int, revision: int) -> None:
    log = Log()
    order = log.order(1)
    recovered(log, lost(order, attempt, revision), restored=restored(log))
    found = log.state.recovery.at_broker(log.get(order))
    assert found is not None
    assert (found.attempt, found.revision) == (attempt, revision)


def test_the_latest_attempt_and_revision_count_and_all_names_of_it_are_kept() -> None:
    log = Log()
    order = log.order(1)
    names = [lost(order, 1, 0, "B0"), lost(order, 2, 0, "B1"), lost(order, 2, 2, "B3"), lost(order, 2, 1, "B2")]
    recovered(log, *names, restored=restored(log))
    found = log.state.recovery.at_broker(log.get(order))
    assert found is not None
    assert (found.attempt, found.revision) == (2, 2)
    assert [each.broker_order_id for each in found.names] == ["B1", "B2", "B3"]


@pytest.mark.parametrize("newest", [8, 9, 30])
def test_an_unsent_order_is_found_by_its_newest_name_however_often_it_was_replaced(newest: int) -> None:
    log = Log()
    order = log.order(1)
    recovered(log, *(lost(order, 1, revision) for revision in range(newest + 1)), restored=restored(log))
    found = log.state.recovery.at_broker(log.get(order))
    assert found is not None
    assert (found.revision, len(found.names)) == (newest, newest + 1)


def test_what_is_found_later_is_looked_for_again() -> None:
    log = Log()
    order = log.order(1)
    where = restored(log)
    recovered(log, restored=where, last=False)
    assert log.state.recovery.at_broker(log.get(order)) is None
    recovered(log, lost(order), restored=where, part=2)
    assert log.state.recovery.at_broker(log.get(order)) is not None


@pytest.mark.parametrize("types", [(), ("OrderHeld",), ("OrderApproved",), ("OrderApproved", "OrderCancelRequested")])
def test_an_order_is_adopted_from_every_state_before_it_was_sent(types: tuple[str, ...]) -> None:
    log = Log()
    order = log.order(1, *types)
    adopt(log, order, limit_price=Decimal(90), order_type="limit")

    now = log.get(order)
    assert (now.status, now.adopted, now.anomaly) == (Status.WORKING, True, "")
    assert (now.side, now.quantity, now.limit_price, now.broker_order_id) == ("buy", Decimal(7), Decimal(90), "B1")
    assert log.state.of_client_id(ids.client_order_id(order, 1)) is not None
    assert log.state.unsent() == []


def test_an_adopted_order_goes_by_all_its_names() -> None:
    log = Log()
    order = log.order(1)
    adopt(log, order, attempt=2, revision=2, client_order_id=ids.client_order_id(order, 2, 2))
    for revision in range(3):
        found = log.state.of_client_id(ids.client_order_id(order, 2, revision))
        assert found is not None
        assert found.order == order
    data = fact(o.OrderAccepted, order=order, client_order_id="c")
    assert names_of("OrderSubmitStarted", data) == ["c"]


def test_what_was_sent_already_is_not_adopted_into_another_state() -> None:
    log = Log()
    order = log.order(1, "OrderApproved", "OrderSubmitStarted", "OrderAccepted", "OrderCanceled")
    adopt(log, order, broker_order_id="B1")
    assert (log.get(order).status, log.get(order).adopted) == (Status.CANCELED, False)


def test_a_fill_that_is_attributed_fills_the_order_and_moves_no_position_and_no_cash() -> None:
    log = Log()
    log.cash("1000")
    order = log.order(1)
    booked = ExternalFillBooked(
        account="paper",
        broker="paper",
        broker_order_id="B1",
        symbol="AAPL",
        side="buy",
        quantity=Decimal(7),
        price=Decimal(100),
        execution="E1",
    )
    log.write("account-paper", booked)
    before = (log.state.position("AAPL"), log.state.cash("USD"))
    adopt(log, order)
    [event] = attributed(TELLER, log.get(order), [external("E1", "7")])
    log.write(f"order-{order}", _decoded(event))

    assert (log.get(order).status, log.get(order).filled) == (Status.FILLED, Decimal(7))
    assert (log.state.position("AAPL"), log.state.cash("USD")) == before == (Decimal(7), Decimal(300))


def test_of_an_execution_its_latest_version_is_attributed_and_none_that_was_taken_back() -> None:
    log = Log()
    order = log.order(1)
    adopt(log, order)
    versions = [
        external("E1", "2", pos=1),
        external("E1", "3", pos=2, revision=1),
        external("E2", "4", pos=3),
        external("E2", "4", pos=4, event="bust"),
    ]
    events = [_decoded(event) for event in attributed(TELLER, log.get(order), versions)]
    assert [(e.execution, e.quantity, e.revision, e.fee) for e in events] == [("E1", Decimal(3), 1, Decimal("0.5"))]


def test_attributing_again_is_the_same_fact() -> None:
    log = Log()
    order = log.order(1)
    adopt(log, order)
    one, other = (attributed(TELLER, log.get(order), [external("E1", "7")]) for _ in range(2))
    assert [(e.event_id, bytes(e.data)) for e in one] == [(e.event_id, bytes(e.data)) for e in other]
    assert one[0].event_id != ids.fill_uuid("paper", "paper", "E1", 0)


def test_the_memory_of_what_was_looked_for_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradewire.domain.recovery._KNOWN_MOST", 3)
    log = Log()
    orders = [log.order(number) for number in range(9)]
    recovered(log, lost(orders[4]), restored=restored(log))
    found = [log.state.recovery.at_broker(log.get(order)) is not None for order in orders]
    assert found == [False] * 4 + [True] + [False] * 4
    assert len(log.state.recovery._found) <= 3
    assert isinstance(log.state.recovery, Recovery)


def _decoded(event: NewEvent) -> o.FillAttributed:
    return msgspec.json.decode(bytes(event.data), type=o.FillAttributed)
