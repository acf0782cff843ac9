"""Every panel and every alert sees something in a system that trades, and nothing is made up for them."""

import time
from pathlib import Path
from typing import Final

import pytest
from deploy.monitoring.alerts import ALERTS
from deploy.monitoring.boards import BOARDS
from deploy.monitoring.model import Alert, Board, Panel
from deploy.monitoring.promql import filled, selectors

from tests.e2e.monitoring.server import Prometheus
from tests.e2e.monitoring.trading import Desk, round_trip, signal

PANELS: Final = [(board, panel) for board in BOARDS for panel in board.panels]
IDS: Final = [f"{board.title}: {panel.title}" for board, panel in PANELS]
SHORT: Final = {"$__rate_interval": "30s", "$__range": "5m"}
"""Windows that a run of a minute fills."""


@pytest.fixture(scope="module")
def traded(data: Path, desk: Desk, watched: Prometheus) -> None:
    """What a day brings, in some seconds: trades, a denial, refusals, holds, switches, a resting order."""
    desk.tell("limits", "set", "strategy.manual", "max_daily_loss=100000", "max_drawdown=90", "--reason", "watched")
    for _ in range(2):
        desk.send(
            *round_trip("100", "110"),
            *round_trip("100", "90"),
            signal("buy", "KO", 10, "100"),
            signal("buy", "KO", 10_000_000, "100"),
            signal("buy", "AAPL", 2, "190", account="rehearsal"),
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
    desk.send(*round_trip("100", "101"))
    time.sleep(5)


@pytest.mark.parametrize(("board", "panel"), PANELS, ids=IDS)
@pytest.mark.usefixtures("traded")
def test_every_query_of_a_panel_returns_figures(watched: Prometheus, board: Board, panel: Panel) -> None:
    for query in panel.queries:
        expr = filled(query.expr, SHORT)
        watched.until(lambda expr=expr: watched.shows(expr), lambda expr=expr: f"nothing for {expr}")


@pytest.mark.parametrize("alert", ALERTS, ids=[alert.name for alert in ALERTS])
@pytest.mark.usefixtures("traded")
def test_everything_that_an_alert_looks_at_is_there(watched: Prometheus, alert: Alert) -> None:
    for selector in selectors(alert.expr):
        assert watched.query(str(selector)), f"nothing for {selector}"
