"""A dashboard as Grafana's JSON."""

import json
from collections.abc import Callable
from typing import Any, Final

from grafana_foundation_sdk.builders import bargauge, common, prometheus, stat, table, timeseries
from grafana_foundation_sdk.builders import dashboard as sdk
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as shapes
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from deploy.monitoring.model import RUNBOOK, Board, Panel, Variable
from deploy.monitoring.promql import on_a_dashboard

TAG: Final = "tradewire"
SYSTEM: Final = Variable("system", "System", "tradewire_build_info", "job")
_SOURCE: Final = models.DataSourceRef(type_val="prometheus", uid="${source}")
_GREEN, _AMBER, _RED = "green", "orange", "red"
_ALL: Final = models.VariableOption(selected=True, text="All", value="$__all")


def dashboard(board: Board, docs: str = "") -> str:
    """Returns the board as JSON text. `docs` goes before the runbook's path."""
    made = (
        sdk.Dashboard(f"Tradewire / {board.title}")
        .uid(board.uid)
        .description(board.about)
        .tags([TAG])
        .timezone(shapes.TimeZoneBrowser)
        .refresh("10s")
        .time("now-1h", "now")
        .editable()
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .link(_others())
        .with_variable(sdk.DatasourceVariable("source").label("Prometheus").type("prometheus"))
    )
    for variable in (SYSTEM, *board.variables):
        made.with_variable(_variable(variable))
    number = 0
    for row in board.rows:
        number += 1
        made.with_row(sdk.Row(row.title).id(number))
        for panel in row.panels:
            number += 1
            made.with_panel(_panel(panel, number, docs))
    return json.dumps(made.build(), cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def description(panel: Panel, docs: str = "") -> str:
    """What a person reads at the panel's corner."""
    told = f"{panel.shows}\n\n**When it is bad:** {panel.bad}"
    if not panel.alert:
        return told
    place = f"{docs}{RUNBOOK}#{panel.alert.lower()}"
    return f"{told}\n\n**Runbook:** " + (f"[{panel.alert}]({place})" if docs else f"`{place}`")


def _others() -> sdk.DashboardLink:
    link = sdk.DashboardLink("Tradewire").type(models.DashboardLinkType.DASHBOARDS).tags([TAG])
    return link.as_dropdown(True).include_vars(True).keep_time(True)


def _variable(variable: Variable) -> sdk.QueryVariable:
    """One system at a time, because accounts of two may have one name; of what is in it, any number."""
    made = sdk.QueryVariable(variable.name).label(variable.label).datasource(_SOURCE)
    made.refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED).sort(models.VariableSort.ALPHABETICAL_ASC)
    if variable is SYSTEM:
        return made.query(f"label_values({variable.metric}, {variable.of})")
    made.query(f'label_values({variable.metric}{{job="$system"}}, {variable.of})')
    return made.multi(True).include_all(True).all_value(".*").current(_ALL)


def _panel(panel: Panel, number: int, docs: str) -> Any:
    made = _KINDS[panel.kind](panel)
    made.id(number).title(panel.title).description(description(panel, docs)).datasource(_SOURCE)
    made.unit(panel.unit).height(panel.height).span(panel.width)
    made.thresholds(_thresholds(panel)).color_scheme(_colors(panel))
    if panel.decimals is not None:
        made.decimals(panel.decimals)
    if panel.names:
        made.mappings([_names(panel)])
    for ref, query in zip("ABCDEFGH", panel.queries, strict=False):
        target = prometheus.Dataquery().ref_id(ref).expr(on_a_dashboard(query.expr)).datasource(_SOURCE)
        made.with_target(_timed(target.legend_format(query.legend or "__auto"), panel))
    return made


def _timed(query: prometheus.Dataquery, panel: Panel) -> prometheus.Dataquery:
    if panel.kind in {"lines", "stat"}:
        return query.range()
    query = query.instant()
    return query.format(PromQueryFormat.TABLE) if panel.kind == "table" else query


def _lines(panel: Panel) -> timeseries.Panel:
    made = (
        timeseries.Panel()
        .line_width(1)
        .fill_opacity(25 if panel.stacked else 5)
        .show_points(shapes.VisibilityMode.NEVER)
        .legend(
            common.VizLegendOptions()
            .display_mode(shapes.LegendDisplayMode.LIST)
            .placement(shapes.LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        .tooltip(common.VizTooltipOptions().mode(shapes.TooltipDisplayMode.MULTI).sort(shapes.SortOrder.DESCENDING))
    )
    if panel.stacked:
        made.stacking(common.StackingConfig().mode(shapes.StackingMode.NORMAL))
    if panel.warn is not None or panel.crit is not None:
        made.thresholds_style(common.GraphThresholdsStyleConfig().mode(shapes.GraphThresholdsStyleMode.DASHED))
    return made


def _stat(panel: Panel) -> stat.Panel:
    colored = panel.warn is not None or panel.crit is not None or panel.names
    mode = shapes.BigValueColorMode.BACKGROUND if colored else shapes.BigValueColorMode.VALUE
    return (
        stat.Panel()
        .color_mode(mode)
        .graph_mode(shapes.BigValueGraphMode.NONE if panel.names else shapes.BigValueGraphMode.AREA)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .text_mode(shapes.BigValueTextMode.AUTO)
    )


def _bars(_panel: Panel) -> bargauge.Panel:
    return (
        bargauge.Panel()
        .orientation(shapes.VizOrientation.HORIZONTAL)
        .display_mode(shapes.BarGaugeDisplayMode.GRADIENT)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .min(0)
    )


def _table(_panel: Panel) -> table.Panel:
    return (
        table.Panel()
        .show_header(True)
        .with_transformation(
            models.DataTransformerConfig(id_val="organize", options={"excludeByName": {"Time": True, "Value": True}})
        )
    )


_KINDS: Final[dict[str, Callable[[Panel], Any]]] = {"lines": _lines, "stat": _stat, "bars": _bars, "table": _table}


def _thresholds(panel: Panel) -> sdk.ThresholdsConfig:
    """Green, then amber, then red, upward; red, amber, green where low is bad."""
    marks = [(panel.warn, _AMBER), (panel.crit, _RED)]
    steps = [(value, color) for value, color in marks if value is not None]
    if panel.low_is_bad:
        colors = [_RED if panel.crit is not None else _AMBER, *(color for _, color in reversed(steps[:-1])), _GREEN]
        values = [None, *sorted(value for value, _ in steps)]
        rising = list(zip(values, colors, strict=True))
    else:
        rising = [(None, _GREEN), *steps]
    made = [models.Threshold(value=value, color=color) for value, color in rising]
    return sdk.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(made)


def _colors(panel: Panel) -> sdk.FieldColor:
    watched = panel.kind in {"stat", "bars"}
    mode = models.FieldColorModeId.THRESHOLDS if watched else models.FieldColorModeId.PALETTE_CLASSIC
    return sdk.FieldColor().mode(mode)


def _names(panel: Panel) -> models.ValueMap:
    return models.ValueMap(
        options={str(value): models.ValueMappingResult(text=text) for value, text in panel.names},
    )
