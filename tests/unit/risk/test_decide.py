"""A decision: what it says, what it rests on, and what an earlier one of its batch takes from a later one."""

from decimal import Decimal
from itertools import pairwise

import msgspec
import pytest

from tests.unit.risk.builders import LIFTED, NOW, PAPER, SECOND, Log
from tradewire import ids
from tradewire.domain.limits import KINDS
from tradewire.domain.orders import Status
from tradewire.messages import order_events as o
from tradewire.messages.log import Guard
from tradewire.settings import Risk
from tradewire_risk.domain.check_input import Check, CheckInput, Outcome
from tradewire_risk.domain.checks import CHECKS
from tradewire_risk.domain.decide import Batch, Decided, decide_requested
from tradewire_risk.domain.exposure import Exposure
from tradewire_risk.domain.prices import QuoteBoard
from tradewire_risk.domain.profile import Setup
from tradewire_risk.domain.reasons import Reason
from tradewire_risk.settings import limit_texts


def approval(decided: Decided) -> o.OrderApproved:
    assert isinstance(decided.data, o.OrderApproved), decided.data
    return decided.data


def test_an_approval_says_what_may_be_sent_and_what_it_rests_on() -> None:
    log = Log()
    log.halt("HALT", "symbol.AAPL")
    log.resume("symbol.AAPL")
    order = log.request("s", "buy", "10", order_type="limit", limit_price=Decimal(99), time_in_force="gtc")
    decided = log.decide(order)
    data = approval(decided)
    assert (data.signal, data.strategy, data.account, data.symbol) == (order.signal, "momo", "paper", "AAPL")
    assert (data.side, data.quantity, data.order_type, data.limit_price) == ("buy", Decimal(10), "limit", Decimal(99))
    assert (data.time_in_force, data.reduce_only, data.price) == ("gtc", False, Decimal(99))
    assert (data.attempt, data.state_pos, data.clock) == (1, log.state.pos, "wall")
    assert data.expires_at == NOW + 30 * SECOND
    assert (data.limits, data.control) == ({"global": 1}, {"symbol.AAPL": 2})
    assert [(q.symbol, q.price, q.at, q.source) for q in data.quotes] == [("AAPL", Decimal(100), NOW, "sim")]
    assert sorted(check.name for check in data.every_check()) == sorted([*(check.name for check in CHECKS), "approval"])
    assert all(check.value != "" for check in data.checks)


def test_an_approval_names_the_build_that_made_it() -> None:
    log = Log(Setup(accounts=PAPER.accounts, build="1.0+ours"))
    assert approval(log.decide(log.request("s"))).build == "1.0+ours"


def test_a_decision_is_appended_at_its_version_with_a_guard_on_every_stream_in_scope() -> None:
    log = Log()
    log.halt("HALT", "symbol.AAPL")
    log.resume("symbol.AAPL")
    order = log.request("s")
    command = log.decide(order).command
    (event,) = command.events
    assert (event.stream, event.version, event.type) == (f"order-{order.order}", 2, "OrderApproved")
    assert event.event_id == ids.decision_uuid(order.order, "OrderApproved", 1)
    assert (event.correlation_id, event.causation_id) == (order.signal, log.events[-1].event_id)
    assert event.time == log.now
    assert set(command.guards) == {
        Guard("control-global", 0),
        Guard("control-broker.paper", 0),
        Guard("control-account.paper", 0),
        Guard("control-strategy.momo", 0),
        Guard("control-symbol.AAPL", 2),
        Guard("limits-global", 1),
        Guard("limits-broker.paper", 0),
        Guard("limits-account.paper", 0),
        Guard("limits-strategy.momo", 0),
        Guard("limits-symbol.AAPL", 0),
    }


def test_a_denial_lists_every_check_and_is_guarded_too() -> None:
    log = Log(price=None)
    decided = log.decide(log.request("s"))
    assert isinstance(decided.data, o.OrderDenied)
    assert (decided.data.reason, decided.data.message) == ("PRICE_MISSING", "There is no quote for AAPL.")
    assert sorted(check.name for check in decided.data.every_check()) == sorted(check.name for check in CHECKS)
    assert len(decided.command.guards) == 10


def test_the_reason_is_that_of_the_first_failure_in_the_table() -> None:
    """Puts one failure after the other right, from the first to the last, and sees the next reason come up."""
    log = Log(price=None)
    log.halt("KILL")
    order = log.request("s", "buy", "20000", signal_time=NOW - 60 * SECOND, reduce_only=True)
    reasons = []
    reasons.append(log.decide(order).reason)
    log.resume()
    reasons.append(log.decide(order).reason)
    log.set_limits({**log.state.controls.limits["global"].limits, "max_signal_age": "2m"})
    reasons.append(log.decide(order).reason)
    log.hold("-30000")
    reasons.append(log.decide(order).reason)
    log.quote("AAPL", "0.0004")
    reasons.append(log.decide(order).reason)
    log.quote("AAPL", "100")
    reasons.append(log.decide(order).reason)
    assert reasons == [
        Reason.KILL_SWITCH_ON,
        Reason.SIGNAL_STALE,
        Reason.REDUCE_ONLY_ABOVE_POSITION,
        Reason.PRICE_MISSING,
        Reason.NOTIONAL_BELOW_MIN,
        None,
    ]


def test_reasons_come_in_the_fixed_order() -> None:
    order = ["kill", "duplicate", "stale", "instrument", "price", "size", "exposure", "loss"]
    groups = {
        Reason.KILL_SWITCH_ON: "kill",
        Reason.TRADING_REDUCE_ONLY: "kill",
        Reason.DUPLICATE_ORDER: "duplicate",
        Reason.SIGNAL_STALE: "stale",
        Reason.SIGNAL_FROM_FUTURE: "stale",
        Reason.SIGNAL_EXPIRED: "stale",
        Reason.SYMBOL_NOT_ALLOWED: "instrument",
        Reason.UNKNOWN_OUTSTANDING: "instrument",
        Reason.PRICE_MISSING: "price",
        Reason.PRICE_STALE: "price",
        Reason.QTY_ABOVE_MAX: "size",
        Reason.NOTIONAL_ABOVE_MAX: "size",
        Reason.POSITION_ABOVE_MAX: "exposure",
        Reason.OPEN_ORDERS_ABOVE_MAX: "exposure",
        Reason.LOSS_DAILY_LIMIT: "loss",
    }
    found = [order.index(groups[check.reason]) for check in CHECKS if check.reason in groups]
    assert all(a <= b for a, b in pairwise(found)), found


def test_close_takes_the_whole_position_less_working_exits() -> None:
    log = Log()
    log.hold("100")
    log.submit(log.approve("exit", "sell", "30"))
    data = approval(log.decide(log.request("s", None, None)))
    assert (data.side, data.quantity, data.reduce_only) == ("sell", Decimal(70), True)


def test_close_buys_a_short_position_back() -> None:
    log = Log()
    log.hold("-40")
    data = approval(log.decide(log.request("s", None, None)))
    assert (data.side, data.quantity, data.reduce_only) == ("buy", Decimal(40), True)


def test_an_approval_does_not_outlive_its_signal() -> None:
    log = Log()
    data = approval(log.decide(log.request("s", valid_until=NOW + SECOND)))
    assert data.expires_at == NOW + SECOND


def test_what_one_order_of_a_batch_reserves_is_gone_for_the_next() -> None:
    log = Log(limits={"max_position_value": "2500", "duplicate_window": "0s"})
    for name in "abc":
        log.request(name, "buy", "10")
    log.request("d", "sell", "10")
    decided = log.run()
    assert [each.reason for each in decided] == [None, None, Reason.POSITION_ABOVE_MAX, None]
    assert {each.data.state_pos for each in decided} == {5}
    exposure = log.state.orders.exposures.at(("paper", "AAPL"))
    assert exposure == Exposure(Decimal(20), Decimal(10), 3)


def test_two_closes_of_one_batch_do_not_close_twice() -> None:
    log = Log()
    log.hold("10")
    log.request("a", None, None)
    log.request("b", None, None, strategy="other")
    first, second = log.run()
    assert approval(first).quantity == 10
    assert second.reason is Reason.NOTHING_TO_CLOSE


def test_two_equal_orders_of_one_batch_are_duplicates() -> None:
    log = Log()
    log.request("a")
    log.request("b")
    assert [each.reason for each in log.run()] == [None, Reason.DUPLICATE_ORDER]


def test_open_orders_of_the_same_batch_count() -> None:
    log = Log(limits={"max_open_orders_per_symbol": "2", "duplicate_window": "0s"})
    for name in "abc":
        log.request(name)
    assert [each.reason for each in log.run()] == [None, None, Reason.OPEN_ORDERS_ABOVE_MAX]


def test_deciding_changes_nothing_until_the_log_says_so() -> None:
    log = Log(limits={"max_position_value": "1000"})
    order = log.request("a")
    first = log.decide(order)
    assert log.decide(order) == first
    assert not log.state.orders.exposures.at(("paper", "AAPL")).open


def test_orders_are_decided_in_the_order_of_the_log_and_not_more_than_a_batch() -> None:
    log = Log()
    names = [log.request(name, quantity=str(n + 1)).order for n, name in enumerate("edcba")]
    decided = decide_requested(log.state, log.board, log.now, limit=3)
    assert [each.order.order for each in decided] == names[:3]


def test_an_order_that_never_arrived_is_decided_again_under_a_new_attempt() -> None:
    log = Log()
    order = log.approve("s", valid_until=NOW + 60 * SECOND)
    log.submit(order)
    log.unknown(order)
    log.never_arrived(order)
    exposure = log.state.orders.exposures.at(("paper", "AAPL"))
    assert exposure == Exposure()
    (decided,) = decide_requested(log.state, log.board, log.now)
    data = approval(decided)
    assert (data.attempt, data.quantity) == (2, Decimal(10))
    (event,) = decided.command.events
    assert event.event_id == ids.decision_uuid(order.order, "OrderApproved", 2)
    assert event.causation_id == log.events[-1].event_id


def test_an_order_that_never_arrived_is_denied_once_its_signal_is_stale() -> None:
    log = Log()
    order = log.approve("s")
    log.submit(order)
    log.wait(31 * SECOND)
    log.never_arrived(order)
    log.quote("AAPL", "100")
    assert [each.reason for each in log.run()] == [Reason.SIGNAL_STALE]


def test_a_close_that_never_arrived_is_sized_again() -> None:
    log = Log()
    log.hold("100")
    log.request("s", None, None)
    (decided,) = log.run()
    log.submit(log.order(decided.order.order))
    log.never_arrived(log.order(decided.order.order))
    log.hold("-25")
    (again,) = log.run()
    assert approval(again).quantity == 75


def test_a_held_order_that_a_person_grants_is_decided_again() -> None:
    log = Log()
    order = log.request("s")
    stream = f"order-{order.order}"
    held = o.OrderHeld(
        order=order.order, attempt=1, state_pos=1, checks=(), limits={}, control={}, reason="X", deadline=NOW + SECOND
    )
    log.write(stream, held)
    assert decide_requested(log.state, log.board, log.now) == []
    log.write(stream, o.OrderApprovalGranted(order=order.order, by="anna", request="r"))
    assert [each.reason for each in log.run()] == [None]
    assert log.order(order.order).status is Status.APPROVED


@pytest.mark.parametrize("price", ["187.5", None])
def test_a_decision_with_every_check_measured_fits_into_two_and_a_half_kilobytes(price: str | None) -> None:
    log = Log(limits={name: text for name, text in limit_texts(Risk()).items() if name in LIFTED}, price=price)
    log.cash("1000000")
    log.instrument("AAPL")
    log.balances("1000000")
    order = log.request("s", "buy", "50", strategy="momentum", signal_time=NOW - 123_456)
    decided = log.decide(order)
    assert decided.reason == (Reason.PRICE_MISSING if price is None else None)
    (event,) = decided.command.events
    assert len(bytes(event.data)) < 2_500


def test_a_check_that_fails_in_an_added_line_gives_its_reason() -> None:
    def no_fridays(i: CheckInput) -> Outcome:
        return ("friday", "", False)

    table = (*CHECKS, Check("friday", Reason.SYMBOL_NOT_ALLOWED, no_fridays, "Not {symbol} on a {value}."))
    log = Log()
    decided = Batch(log.state, log.board, log.now, table).decide(log.request("s"))
    assert isinstance(decided.data, o.OrderDenied)
    assert (decided.data.reason, decided.data.message) == ("SYMBOL_NOT_ALLOWED", "Not AAPL on a friday.")


def test_every_decision_reads_back_as_it_was_made() -> None:
    log = Log()
    for decided in (log.decide(log.request("a")), log.decide(log.request("b", quantity="1000"))):
        (event,) = decided.command.events
        assert msgspec.json.decode(bytes(event.data), type=type(decided.data)) == decided.data


def test_limits_that_no_check_measures_have_their_effect_elsewhere() -> None:
    elsewhere = {
        "approval_deadline",
        "approval_threshold",
        "approval_ttl",
        "mark_interval",
        "max_value_at_risk",
        "rounding",
        "soft_limit",
    }
    assert set(KINDS) - {name for check in CHECKS for name in check.limits} == elsewhere


def test_a_batch_does_not_touch_the_board() -> None:
    log = Log()
    board = QuoteBoard()
    assert Batch(log.state, board, log.now).decide(log.request("s")).reason is Reason.PRICE_MISSING
