"""Every panel and every alert sees something in a system that trades, and nothing is made up for them."""

import time
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from deploy.monitoring.alerts import ALERTS
from deploy.monitoring.boards import BOARDS
from deploy.monitoring.model import Alert, Board, Panel
from deploy.monitoring.promql import filled, selectors

from tests.e2e.cli.system import Up
from tests.e2e.cli.twin import Twin
from tests.e2e.monitoring.faults import BY_PROMTOOL_ALONE, FAULTS, World
from tests.e2e.monitoring.server import Prometheus
from tests.e2e.monitoring.trading import Desk, round_trip, signal

PANELS: Final = [(board, panel) for board in BOARDS for panel in board.panels]
IDS: Final = [f"{board.title}: {panel.title}" for board, panel in PANELS]
BY_NAME: Final = {alert.name: alert for alert in ALERTS}
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
def traded(desk: Desk, served: Twin, watched: Prometheus) -> None:
    """What a day brings, in some seconds: trades, a denial, refusals, holds, switches, a resting order."""
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
            assert watched.query(str(selector)), f"nothing for {selector}"


def test_each_alert_is_shown_to_fire_by_a_fault_here_or_says_why_by_promtool_alone() -> None:
    here = [name for fault in FAULTS.values() for name in fault.alerts]
    assert sorted([*here, *BY_PROMTOOL_ALONE]) == sorted(alert.name for alert in ALERTS)


@pytest.mark.parametrize("name", list(FAULTS))
@pytest.mark.usefixtures("traded")
def test_a_fault_fires_the_alerts_that_are_for_it(world: World, name: str) -> None:
    fault = FAULTS[name]
    watched, asked = world.watched, {alert: BY_NAME[alert].expr for alert in fault.alerts}

    def silent() -> list[str]:
        return [alert for alert, expr in asked.items() if not watched.query(expr)]

    with fault.does(world):
        watched.until(lambda: not silent(), lambda: f"does not fire: {silent()}")
        watched.until(lambda: set(asked) <= set(watched.alerts()), lambda: f"only {sorted(watched.alerts())}")
    if fault.clears:
        watched.until(lambda: len(silent()) == len(asked), lambda: f"goes on: {set(asked) - set(silent())}")
    watched.until(lambda: not watched.query("tradewire_ready == 0 or up == 0"), lambda: "not all is ready again")


@pytest.mark.usefixtures("traded")
def test_every_text_of_an_alert_that_fired_was_filled_in(watched: Prometheus) -> None:
    for alerts in watched.alerts().values():
        for alert in alerts:
            told = " ".join(alert["annotations"].values())
            assert "error expanding template" not in told
            assert "{{" not in told
            assert "<no value>" not in told
