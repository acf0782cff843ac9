"""What a dashboard and an alert say, before anybody knows how Grafana or Prometheus write it down.

In a panel's expression `$sel` and `$acct` stand for what is chosen above the dashboard: see `promql.py`.
"""

from typing import Final, Literal

from msgspec import Struct

RUNBOOK: Final = "docs/how-to/runbook.md"

Kind = Literal["lines", "stat", "bars", "table"]
Severity = Literal["critical", "warning", "info"]
# Grafana's ids of units; what is not here is a count.
Unit = Literal["short", "s", "percent", "percentunit", "bytes", "ops", "none", "bool_yes_no", "dtdurations"]


class Query(Struct, frozen=True):
    """One expression and what its series are called; `legend` takes Grafana's {{label}}."""

    expr: str
    legend: str = ""


class Panel(Struct, frozen=True, kw_only=True):
    """One panel.

    `shows` is what it shows, `bad` what to do when it is bad; both are read by a person at three in the morning.
    `alert` is the alert that watches the same thing, whose section of the runbook is named. From `warn` on it is amber
    and from `crit` on red, or below them where `low_is_bad`. `names` are words for values: 1 "yes".
    """

    title: str
    shows: str
    bad: str
    queries: tuple[Query, ...]
    kind: Kind = "lines"
    unit: Unit = "short"
    alert: str = ""
    warn: float | None = None
    crit: float | None = None
    low_is_bad: bool = False
    stacked: bool = False
    names: tuple[tuple[int, str], ...] = ()
    width: int = 8
    height: int = 8
    decimals: int | None = None


class Row(Struct, frozen=True):
    """Panels under one heading."""

    title: str
    panels: tuple[Panel, ...]


class Variable(Struct, frozen=True):
    """A choice above the dashboard: the values of a label of a metric."""

    name: str
    label: str
    metric: str
    of: str


class Board(Struct, frozen=True, kw_only=True):
    """One dashboard."""

    uid: str
    title: str
    about: str
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...] = ()

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All of its panels, in their order."""
        return tuple(panel for row in self.rows for panel in row.panels)


class Alert(Struct, frozen=True, kw_only=True):
    """One alert. `lasts` is how long the expression must hold, as Prometheus writes it; `page` has the details."""

    name: str
    group: str
    expr: str
    severity: Severity
    summary: str
    description: str
    lasts: str = "0m"

    @property
    def anchor(self) -> str:
        """The section of the runbook, as a page's anchor."""
        return self.name.lower()
