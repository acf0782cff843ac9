"""Alerts as Prometheus' rules, plain and as the operator's PrometheusRule."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, Final

import yaml

from deploy.monitoring.model import RUNBOOK, Alert

_HEAD: Final = "# Written by `python -m deploy.monitoring`; change deploy/monitoring/alerts/ instead.\n"


class _Dumper(yaml.SafeDumper):
    """Keys in our order, long texts as blocks, no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def plain(alerts: Sequence[Alert], docs: str = "") -> str:
    """Returns the rules as a file that Prometheus reads. `docs` goes before the runbook's path."""
    return _written({"groups": list(_groups(alerts, docs))})


def custom_resource(alerts: Sequence[Alert], docs: str = "") -> str:
    """Returns the same rules as a PrometheusRule."""
    labels = {
        "app.kubernetes.io/name": "tradewire",
        "app.kubernetes.io/part-of": "tradewire",
        "tradewire/step": "7-around",
    }
    return _written(
        {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": {"name": "tradewire", "labels": labels},
            "spec": {"groups": list(_groups(alerts, docs))},
        }
    )


def _groups(alerts: Iterable[Alert], docs: str) -> Iterable[dict[str, Any]]:
    for group, members in groupby(alerts, key=lambda alert: alert.group):
        yield {"name": f"tradewire.{group}", "rules": [_rule(alert, docs) for alert in members]}


def _rule(alert: Alert, docs: str) -> dict[str, Any]:
    return {
        "alert": alert.name,
        "expr": alert.expr,
        "for": alert.lasts,
        "labels": {"severity": alert.severity},
        "annotations": {
            "summary": alert.summary,
            "description": alert.description,
            "runbook_url": f"{docs}{RUNBOOK}#{alert.anchor}",
        },
    }


def _written(document: dict[str, Any]) -> str:
    return _HEAD + yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
