"""Expressions: the matchers that a dashboard's variables give, and what an expression names."""

from collections.abc import Iterator, Mapping
from typing import Final

import promql_parser as promql

# `$sel` is where the dashboard's choice of a system goes; `$acct` is that and its choice of accounts.
_ON_A_DASHBOARD: Final = {"$sel": 'job="$system"', "$acct": 'job="$system", account=~"$account"'}
# What Grafana fills in by itself.
_FILLED: Final = {
    "$__rate_interval": "1m",
    "$__interval": "15s",
    "$__range": "1h",
    "$system": "tradewire",
    "$account": ".*",
}


def on_a_dashboard(expr: str) -> str:
    """The expression as Grafana gets it."""
    return _replaced(expr, _ON_A_DASHBOARD)


def filled(expr: str, more: Mapping[str, str] = {}) -> str:
    """The expression as Prometheus gets it, with `more` in place of what Grafana would fill in."""
    return _replaced(on_a_dashboard(expr), {**_FILLED, **more})


def selectors(expr: str) -> Iterator[promql.VectorSelector]:
    """Each place in which a filled expression names series. Raises ValueError for one that cannot be parsed."""
    found: list[promql.VectorSelector] = []

    def visit(node: promql.Expr) -> bool:
        if isinstance(node, promql.VectorSelector):
            found.append(node)
        return True

    promql.walk(promql.parse(expr), pre_visit=visit)
    return iter(found)


def metrics(expr: str) -> set[str]:
    """The names of the series that a filled expression reads."""
    return {name for selector in selectors(expr) if (name := selector.name) is not None}


def _replaced(expr: str, by: Mapping[str, str]) -> str:
    for name in sorted(by, key=len, reverse=True):
        expr = expr.replace(name, by[name])
    return expr
