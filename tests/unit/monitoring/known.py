"""Which metrics and labels there are, and what an expression gets wrong about them."""

from functools import cache
from typing import Final

import promql_parser as promql
from deploy.monitoring.promql import selectors

from tradewire_cli.metrics_reference import rows

_EVERY: Final = {"job", "instance", "process", "namespace", "pod"}
_STANDARD: Final = (
    "up",
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_open_fds",
    "process_max_fds",
)


@cache
def known() -> dict[str, set[str]]:
    """Every series by its name, with its labels."""
    found = {name: set(_EVERY) for name in _STANDARD}
    for row in rows():
        labels = set(row.labels) | _EVERY
        if row.kind == "histogram":
            found[f"{row.name}_count"] = labels
            found[f"{row.name}_bucket"] = labels | {"le"}
        else:
            found[row.name] = labels
    return found


def problems(expr: str) -> list[str]:
    """What is wrong with an expression, that Grafana or Prometheus would not say and show nothing."""
    there, said = known(), list[str]()
    for selector in selectors(expr):
        name = selector.name
        if name is None or name not in there:
            said.append(f"there is no metric {name}")
            continue
        said += [
            f"{name} has no label {matcher.name}"
            for matcher in selector.matchers.matchers
            if matcher.name not in there[name]
        ]
    return said + _grouped(promql.parse(expr), there)


def _grouped(expr: promql.Expr, there: dict[str, set[str]]) -> list[str]:
    """Labels that an aggregation keeps and none of what it adds up has."""
    said: list[str] = []

    def visit(node: promql.Expr) -> bool:
        if isinstance(node, promql.AggregateExpr) and node.modifier is not None:
            below = set[str]().union(*(there.get(each.name or "", set()) for each in selectors(str(node.expr))))
            said.extend(f"nothing has the label {label}" for label in node.modifier.labels if label not in below)
        return True

    promql.walk(expr, pre_visit=visit)
    return said
