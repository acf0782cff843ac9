"""What the audit makes of orders that were adopted after a restore."""

from decimal import Decimal
from typing import Any

import pytest

from tests.builders import CLIENT, ORDER, fact, requested
from tests.unit.log.test_audit_controls import Log
from tradewire.messages import account_events as a
from tradewire.messages import order_events as o
from tradewire.messages.broker_events import ExternalFillBooked
from tradewire.messages.system_events import LogRestored
from tradewire.messages.vocabulary import LostOrder

TERMS: dict[str, Any] = {
    "account": "paper",
    "broker": "paper",
    "symbol": "AAPL",
    "side": "buy",
    "quantity": Decimal(10),
    "price": Decimal(100),
    "execution": "E1",
}


def restored(*names: str) -> Log:
    log = Log()
    log.add(LogRestored(was="w", pos=1, hash="h", made_at=1, seal="s"), "system")
    orders = tuple(LostOrder(name, "B1", "AAPL") for name in names)
    log.add(
        a.AccountRecovered(account="paper", broker="paper", restored=1, part=1, last=True, orders=orders),
        "account-paper",
    )
    log.add(requested())
    return log


def adopted(**changes: Any) -> o.OrderAdopted:
    terms: dict[str, Any] = {"attempt": 1, "symbol": "AAPL", "side": "buy", "quantity": Decimal(10)}
    told: o.OrderAdopted = fact(o.OrderAdopted, order=ORDER, client_order_id=CLIENT, **{**terms, **changes})
    return told


def attributed(**changes: Any) -> o.FillAttributed:
    told: o.FillAttributed = fact(o.FillAttributed, order=ORDER, client_order_id=CLIENT, **{**TERMS, **changes})
    return told


def external() -> ExternalFillBooked:
    return ExternalFillBooked(broker_order_id="B1", **TERMS)


def test_an_order_that_a_restore_found_is_adopted_with_its_fill() -> None:
    log = restored(CLIENT)
    log.add(external(), "account-paper")
    log.add(adopted())
    log.add(attributed())
    assert log.broken() == set()


def test_what_no_restore_has_found_is_not_adopted() -> None:
    log = restored("another")
    log.add(adopted())
    assert log.broken() == {"O2"}


def test_an_order_is_adopted_once_and_needs_evidence() -> None:
    log = restored(CLIENT)
    log.add(adopted(evidence=""))
    log.add(adopted())
    assert log.broken() == {"O1", "O5"}


def working(*names: str) -> Log:
    """An order that works, and names that a restore has found."""
    log = restored(CLIENT, *names)
    log.add(adopted())
    return log


def renewed(**changes: Any) -> o.OrderReplaced:
    terms: dict[str, Any] = {"revision": 2, "limit_price": Decimal(91), "client_order_id": "newest"}
    told: o.OrderReplaced = fact(o.OrderReplaced, order=ORDER, **{**terms, **changes})
    return told


def test_new_terms_that_a_restore_found_are_in_force() -> None:
    log = working("newest")
    log.add(renewed())
    assert log.broken() == set()


@pytest.mark.parametrize(("changes", "broken"), [({"client_order_id": "another"}, {"O2"}), ({"evidence": ""}, {"O5"})])
def test_new_terms_that_nobody_sent_or_found_are_not(changes: dict[str, Any], broken: set[str]) -> None:
    log = working("newest")
    log.add(renewed(**changes))
    assert log.broken() == broken


def test_a_name_is_taken_for_new_terms_once() -> None:
    log = working("newest")
    log.add(renewed())
    log.add(renewed(revision=3))
    assert log.broken() == {"O1"}


@pytest.mark.parametrize("times", [0, 2])
def test_only_an_external_execution_is_attributed_and_once(times: int) -> None:
    log = restored(CLIENT)
    log.add(adopted(quantity=Decimal(20)))
    if times:
        log.add(external(), "account-paper")
    for _ in range(max(times, 1)):
        log.add(attributed())
    assert log.broken() == {"F1"}


def test_an_execution_of_another_side_is_no_fill_of_it() -> None:
    log = restored(CLIENT)
    log.add(adopted())
    log.add(external(), "account-paper")
    log.add(attributed(side="sell"))
    assert log.broken() == {"F3"}
