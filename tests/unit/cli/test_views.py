"""Orders, fills, positions, accounts and status as people see them."""

import re
from decimal import Decimal

import pytest
from msgspec.structs import replace
from prometheus_client import CollectorRegistry, generate_latest

from tests.builders import TIME
from tests.unit.cli.builders import NOW, fill, order, position, seen, widest
from tradewire.domain.orders import Status
from tradewire.domain.switches import Switch
from tradewire.messages.answers import AccountRow, CashRow
from tradewire_cli.commands.readiness import budget, expected
from tradewire_cli.up.runfile import Process, Run
from tradewire_cli.views import accounts, orders, status
from tradewire_cli.views.status import Budget, LeaseState, LogState, ProcessState, System
from tradewire_router.metrics import Metrics


def test_an_order_is_one_line_with_what_it_asked_and_what_it_got() -> None:
    filled = order(
        status=Status.FILLED,
        order_type="limit",
        limit_price=Decimal("187.5"),
        time_in_force="gtc",
        filled=Decimal(10),
        filled_value=Decimal("1872.5"),
    )

    line = seen(orders.orders([filled], 160, NOW), 160).splitlines()[-1]

    assert re.split(r" {2,}", line.strip())[2:] == [
        "momo", "paper", "AAPL", "buy", "10", "limit 187.50 gtc", "filled", "10", "187.25"
    ]  # fmt: skip
    assert line.startswith(filled.order[:8])


def test_an_order_says_why_it_is_as_it_is() -> None:
    assert orders.why(order(status=Status.DENIED, reason="NOTIONAL_ABOVE_MAX")) == "NOTIONAL_ABOVE_MAX"
    assert orders.why(order(status=Status.WORKING, cancel_requested=True)) == "cancel requested"
    assert orders.why(order(status=Status.FILLED, anomaly="filled 11 of 10")) == "filled 11 of 10"


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_tables_fit_the_terminal(width: int) -> None:
    denied = order(status=Status.DENIED, reason="NOTIONAL_ABOVE_MAX")
    shown = [orders.orders([denied], width, NOW), orders.fills([fill()], width, NOW)]
    shown.append(accounts.positions([position()], width, NOW))

    for each in shown:
        page = seen(each, width)
        assert widest(page) <= width
        assert "AAPL" in page


def test_an_execution_that_counts_no_more_says_so() -> None:
    page = seen(orders.fills([fill(superseded_by=9), fill(event="bust")], 160, NOW), 160)

    assert "superseded" in page
    assert "bust" in page


def test_a_position_without_a_price_has_no_value() -> None:
    line = seen(accounts.positions([position(price=None, priced_at=None, value=None, unrealized=None)], 120, NOW))

    assert line.splitlines()[-1].split() == ["paper", "AAPL", "10", "187.25", "–", "–", "–", "–", "-12.50", "0.05"]


def test_an_account_has_a_line_a_currency() -> None:
    usd, eur = (
        CashRow(
            currency=currency,
            cash=Decimal(1000),
            realized_today=Decimal(5),
            fees_today=Decimal(1),
            moved_today=Decimal(0),
        )
        for currency in ("USD", "EUR")
    )
    account = AccountRow(
        account="paper",
        currency="USD",
        cash=(usd, eur),
        day="2026-03-09",
        equity_at_day_start=Decimal(1000),
        problem="no mark of EUR/USD",
    )

    lines = seen(accounts.accounts([account], 160), 160).splitlines()[2:]

    assert [line.split()[:3] for line in lines] == [["paper", "2026-03-09", "USD"], ["EUR", "1,000.00", "+5.00"]]
    assert "no mark of EUR/USD" in lines[0]


def test_the_status_names_what_is_not_ready_thrown_and_unknown() -> None:
    log = LogState(
        log_id="7d",
        head=1200,
        frame=900,
        lag=3,
        open_orders={"unknown": 1, "working": 2},
        switches={"symbol.AAPL": Switch("HALT", "person:owner", "odd prices", 1, TIME)},
        leases=(LeaseState("risk-main", "", 4, TIME),),
    )
    system = System((ProcessState("risk", 12, TIME, "http://x", "lease is held by nobody"),), log)

    page = seen(status.system(system, 100, NOW))

    assert not system.ready
    for words in (
        "lease is held by nobody",
        "position 1,200",
        "3 positions behind",
        "1 unknown, 2 working",
        "symbol.AAPL is at HALT",
        "by person:owner: odd prices",
        "nobody",
    ):
        assert words in page


def test_what_is_ready_and_lacks_something_says_so() -> None:
    router = ProcessState("router", 12, TIME, "http://x", note="broker quotes: the feed is not paid for")
    page = seen(status.system(System((router,)), 120, NOW))
    assert "ready; broker quotes: the feed is not paid for" in page


def test_a_log_that_nobody_tells_is_not_ready() -> None:
    system = System((ProcessState("reader", 12, TIME, ""),), problem="the reader does not answer")

    assert not system.ready
    assert "the reader does not answer" in seen(status.system(system, 80, NOW))


def test_a_process_that_is_being_started_again_is_missed() -> None:
    ports = {"nats": 1, "nats_monitor": 2, "postgres": 3, "risk": 4}
    urls = {"risk": "http://127.0.0.1:4", "nats": "nats://127.0.0.1:1", "nats_monitor": "http://127.0.0.1:2"}
    run = Run(pid=1, started=1, shard="main", ports=ports, urls=urls, processes={"nats": Process(pid=2, started=1)})

    assert expected(run) == ["nats", "postgres", "risk"]
    assert expected(replace(run, ports={}, urls={"risk": "http://x", "nats": "nats://elsewhere"})) == ["risk"]


@pytest.mark.parametrize(
    ("left", "of", "shown"),
    [
        (187, 200, "187 of 200 requests left this minute"),
        (0, 20, "0 of 20 requests left this minute"),
        (None, None, ""),
    ],
)
def test_what_a_router_says_of_its_requests_is_shown(left: int | None, of: int | None, shown: str) -> None:
    registry = CollectorRegistry()
    Metrics(registry, "alpaca", "alpaca").budget(left, of)
    requests = budget(generate_latest(registry))
    assert requests == (None if left is None or of is None else Budget(left, of))

    router = ProcessState("router", 12, TIME, "http://x", requests=requests)
    page = seen(status.system(System((router,)), 120, NOW))

    assert page.splitlines()[-1].rstrip().endswith(f"ready; {shown}" if shown else "ready")


@pytest.mark.parametrize(("left", "scarce"), [(200, False), (41, False), (40, True), (0, True)])
def test_a_budget_is_scarce_when_only_what_acts_is_sent(left: int, scarce: bool) -> None:
    assert Budget(left, 200).scarce is scarce
