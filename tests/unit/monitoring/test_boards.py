"""Each dashboard names only what there is, and says what to do."""

import json
import re
from functools import cache
from typing import Any, Final

import pytest
from deploy.monitoring.__main__ import ROOT, files
from deploy.monitoring.alerts import ALERTS
from deploy.monitoring.boards import BOARDS
from deploy.monitoring.grafana import dashboard
from deploy.monitoring.model import Board, Panel
from deploy.monitoring.promql import filled

from tests.unit.monitoring.known import problems

WRITTEN: Final = files()
PANELS: Final = [(board, panel) for board in BOARDS for panel in board.panels]
IDS: Final = [f"{board.title}: {panel.title}" for board, panel in PANELS]
ASKED_FOR: Final = ("Trading", "Pipeline", "Risk", "Brokers", "Infrastructure")


@cache
def built(board: Board) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(dashboard(board))
    return found


@pytest.mark.parametrize("name", list(WRITTEN))
def test_what_is_committed_is_what_the_code_writes(name: str) -> None:
    path = ROOT / name
    assert path.exists(), f"{name} is missing: run `python -m deploy.monitoring`"
    assert path.read_text() == WRITTEN[name], f"{name} is old: run `python -m deploy.monitoring`"


def test_no_dashboard_is_left_over() -> None:
    written = {path.relative_to(ROOT).as_posix() for path in (ROOT / "grafana" / "dashboards").iterdir()}
    assert written == {name for name in WRITTEN if name.startswith("grafana/dashboards/")}


def test_there_is_one_of_each_kind_and_each_has_a_place_of_its_own() -> None:
    assert tuple(board.title for board in BOARDS) == ASKED_FOR
    assert len({board.uid for board in BOARDS}) == len(BOARDS)
    assert all(board.about for board in BOARDS)


@pytest.mark.parametrize(("board", "panel"), PANELS, ids=IDS)
def test_a_panel_says_what_it_shows_and_what_to_do(board: Board, panel: Panel) -> None:
    assert panel.shows.endswith(".")
    assert panel.bad.endswith(".")
    assert not panel.alert or panel.alert in {alert.name for alert in ALERTS}
    shown = next(each for each in built(board)["panels"] if each["title"] == panel.title and each["type"] != "row")
    assert shown["description"].startswith(f"{panel.shows}\n\n**When it is bad:** {panel.bad}")


@pytest.mark.parametrize(("board", "panel"), PANELS, ids=IDS)
def test_an_expression_names_only_metrics_and_labels_that_there_are(board: Board, panel: Panel) -> None:
    for query in panel.queries:
        assert "$sel" in query.expr or "$acct" in query.expr, "the expression ignores which system is chosen"
        assert not problems(filled(query.expr)), f"{board.title}: {query.expr}"


@pytest.mark.parametrize("board", BOARDS, ids=ASKED_FOR)
def test_a_dashboard_uses_the_variables_that_it_has(board: Board) -> None:
    chosen = {"source", "system", *(variable.name for variable in board.variables)}
    assert set(re.findall(r"\$(?!__)\{?(\w+)", json.dumps(built(board)))) == chosen


@pytest.mark.parametrize("board", BOARDS, ids=ASKED_FOR)
def test_what_a_variable_offers_is_a_label_that_there_is(board: Board) -> None:
    for variable in built(board)["templating"]["list"]:
        if variable["type"] != "query":
            continue
        asked = re.fullmatch(r"label_values\((\w+)(?:\{.*\})?, (\w+)\)", variable["query"])
        assert asked is not None, variable["query"]
        assert not problems(f"sum by ({asked[2]}) ({asked[1]})")


@pytest.mark.parametrize("board", BOARDS, ids=ASKED_FOR)
def test_panels_lie_side_by_side_and_have_ids_of_their_own(board: Board) -> None:
    panels = built(board)["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, f"{panel['title']} lies over another"
        assert at["x"] + at["w"] <= 24
        taken |= cells


@pytest.mark.parametrize(("board", "panel"), PANELS, ids=IDS)
def test_thresholds_rise_and_end_in_the_color_that_is_bad(board: Board, panel: Panel) -> None:
    shown = next(each for each in built(board)["panels"] if each["title"] == panel.title and each["type"] != "row")
    steps = shown["fieldConfig"]["defaults"]["thresholds"]["steps"]
    values = [step["value"] for step in steps]
    assert values[0] is None
    assert values[1:] == sorted(values[1:])
    if panel.warn is not None or panel.crit is not None:
        bad, good = (steps[0], steps[-1]) if panel.low_is_bad else (steps[-1], steps[0])
        assert bad["color"] == ("red" if panel.crit is not None else "orange")
        assert good["color"] == "green"


def test_the_page_of_the_docs_is_linked_where_one_is_named() -> None:
    text = dashboard(BOARDS[0], "https://docs.example/")
    assert "(https://docs.example/docs/how-to/runbook.md#tradewirehalted)" in text
    rules = files("https://docs.example/")["prometheus/rules/tradewire.yaml"]
    assert all(f"https://docs.example/docs/how-to/runbook.md#{alert.anchor}" in rules for alert in ALERTS)
