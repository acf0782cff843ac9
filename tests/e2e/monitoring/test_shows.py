"""Every panel and every alert sees something in a system that trades, and nothing is made up for them."""

import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from deploy.monitoring.alerts import ALERTS
from deploy.monitoring.boards import BOARDS
from deploy.monitoring.model import Alert, Board, Panel
from deploy.monitoring.promql import filled, selectors

from tests.e2e.cli.system import Up
from tests.e2e.cli.twin import Twin
from tests.e2e.monitoring.faults import AT_ONCE, BY_PROMTOOL_ALONE, FAULTS, World
from tests.e2e.monitoring.server import Prometheus
from tests.e2e.monitoring.trading import BACKUPS, Desk, round_trip, signal

PANELS: Final = [(board, panel) for board in BOARDS for panel in board.panels]
IDS: Final = [f"{board.title}: {panel.title}" for board, panel in PANELS]
REJECTION: Final = '{"code": 40310000, "message": "insufficient buying power"}'
ONLY_THEN: Final = {'tradewire_oldest_order_age_seconds{status="requested"}'}
"""Series that are there only while something is wrong; a fault below shows that they come."""
WIDE: Final = {"$__rate_interval": "30m", "$__range": "30m"}
"""Windows that hold the whole run, however long it takes."""


@pytest.fixture(scope="module")
def world(data: Path, up: Up, served: Twin, desk: Desk, watched: Prometheus) -> World:
    """What a fault can lay hands on."""
    return World(data, up, served, desk, watched)


@pytest.fixture(scope="module")
def traded(data: Path, desk: Desk, served: Twin, watched: Prometheus) -> None:
    """What a day brings, in some seconds: trades, a denial, refusals, holds, switches, a resting order, one backup."""
    desk.tell("limits", "set", "strategy.manual", "max_daily_loss=100000", "max_drawdown=90", "--reason", "watched")
    for _ in range(2):
        desk.send(
            *round_trip("100", "110"),
            *round_trip("100", "90"),
            signal("buy", "KO", 10, "100"),
            signal("buy", "KO", 10_000_000, "100"),
            signal("buy", "AAPL", 2, "190", account="rehearsal"),
            signal("buy", "BTC/USD", 1, "100", account="rehearsal", time_in_force="gtc"),
            {"symbol": "KO", "action": "perhaps"},
        )
        time.sleep(3)
    desk.send(
        signal("buy", "KO", 1, "100", order_type="limit", limit_price="98", time_in_force="gtc"),
        *(signal("buy", "KO", 60, "100") for _ in range(3)),
    )
    granted, refused, _ = desk.held()
    desk.tell("approve", granted)
    desk.tell("deny", refused, "--reason", "watched")
    desk.tell("pause", "other", "--reason", "watched")
    rejecting = served.control.arm("status_before", "POST /v2/orders", status=403, body=REJECTION)
    desk.send(signal("buy", "AAPL", 1, "190", account="rehearsal"))
    served.control.disarm(rejecting)
    desk.send(*round_trip("100", "101"))
    watched.until(lambda: watched.query("tradewire_backup_last_success_timestamp_seconds > 0"), lambda: "no backup")
    (data / BACKUPS).rename(data / "away")
    (data / BACKUPS).touch()


@pytest.mark.parametrize(("board", "panel"), PANELS, ids=IDS)
@pytest.mark.usefixtures("traded")
def test_every_query_of_a_panel_returns_figures(watched: Prometheus, board: Board, panel: Panel) -> None:
    for query in panel.queries:
        expr = filled(query.expr, WIDE)
        watched.until(partial(watched.shows, expr), partial("nothing for {}".format, expr))


@pytest.mark.parametrize("alert", ALERTS, ids=[alert.name for alert in ALERTS])
@pytest.mark.usefixtures("traded")
def test_everything_that_an_alert_looks_at_is_there(watched: Prometheus, alert: Alert) -> None:
    for selector in selectors(alert.expr):
        if str(selector) not in ONLY_THEN:
            watched.until(partial(watched.query, str(selector)), partial("nothing for {}".format, selector))


def test_each_alert_is_shown_to_fire_by_a_fault_here_or_says_why_by_promtool_alone() -> None:
    here = [name for fault in FAULTS.values() for name in fault.alerts]
    assert sorted([*here, *BY_PROMTOOL_ALONE]) == sorted(alert.name for alert in ALERTS)


def test_each_fault_is_brought_about_once() -> None:
    assert sorted(name for names in AT_ONCE for name in names) == sorted(FAULTS)


@pytest.mark.parametrize("names", AT_ONCE, ids=", ".join)
@pytest.mark.usefixtures("traded")
def test_a_fault_fires_the_alerts_that_are_for_it(world: World, names: tuple[str, ...]) -> None:
    faults, watched = [FAULTS[name] for name in names], world.watched
    later = {alert for fault in faults if not fault.stood for alert in fault.alerts}
    watched.until(lambda: not later & set(watched.firing()), lambda: f"before anything is wrong: {watched.firing()}")
    asked = {alert for fault in faults for alert in fault.alerts}
    with ExitStack() as stack:
        for fault in faults:
            stack.enter_context(fault.does(world))
        seen: dict[str, list[dict[str, Any]]] = {}

        def fire() -> bool:
            seen.update(watched.firing())
            return asked <= seen.keys()

        watched.until(fire, lambda: f"do not fire: {asked - seen.keys()}")
        texts = [text for name in asked for alert in seen[name] for text in alert["annotations"].values()]
    assert not [text for text in texts if "error expanding template" in text or "{{" in text or "<no value>" in text]
    ends = {alert for fault in faults if fault.clears for alert in fault.alerts}
    watched.until(lambda: not ends & set(watched.firing()), lambda: f"goes on: {ends & set(watched.firing())}")
    watched.until(lambda: not watched.query("tradewire_ready == 0 or up == 0"), lambda: "not all is ready again")
