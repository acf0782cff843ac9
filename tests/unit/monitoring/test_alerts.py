"""Each alert names only what there is, and has its section in the runbook."""

import re
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from deploy.monitoring.__main__ import files
from deploy.monitoring.alerts import ALERTS
from deploy.monitoring.model import RUNBOOK, Alert

from tests.unit.monitoring.known import problems

WRITTEN: Final = files()
PAGE: Final = Path(__file__).parents[3] / RUNBOOK
NAMES: Final = [alert.name for alert in ALERTS]
PARTS: Final = ("What it means", "Look", "Do")


@cache
def sections() -> dict[str, str]:
    """The runbook's sections by their headings."""
    found = re.split(r"^### (.+)$", PAGE.read_text(), flags=re.MULTILINE)
    return dict(zip(found[1::2], found[2::2], strict=True))


@cache
def rules(name: str) -> Any:
    return yaml.safe_load(WRITTEN[name])


@pytest.mark.parametrize("alert", ALERTS, ids=NAMES)
def test_an_alert_names_only_metrics_and_labels_that_there_are(alert: Alert) -> None:
    assert not problems(alert.expr)
    told = set(re.findall(r"\$labels\.(\w+)", alert.summary + alert.description))
    kept = {label for labels in re.findall(r"by \(([^)]*)\)", alert.expr) for label in labels.split(", ")}
    made = set(re.findall(r'label_replace\(.*?, "(\w+)"', alert.expr))
    assert told <= kept | made, "its text names a label that its expression does not keep"


@pytest.mark.parametrize("alert", ALERTS, ids=NAMES)
def test_an_alert_says_how_bad_it_is_what_it_is_and_where_to_read_on(alert: Alert) -> None:
    rule = next(
        rule for group in rules("prometheus/rules/tradewire.yaml")["groups"] for rule in group["rules"]
        if rule["alert"] == alert.name
    )  # fmt: skip
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert len(rule["annotations"]["summary"]) > 10
    assert len(rule["annotations"]["description"]) > 30
    assert rule["annotations"]["runbook_url"] == f"{RUNBOOK}#{alert.name.lower()}"


def test_alerts_have_names_of_their_own() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert all(re.fullmatch(r"Tradewire[A-Z][A-Za-z]+", name) for name in NAMES)


def test_the_runbook_has_a_section_for_each_alert_and_no_other() -> None:
    assert sorted(sections()) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_section_says_what_it_means_where_to_look_and_what_to_do(name: str) -> None:
    section = sections()[name]
    for part in PARTS:
        assert re.search(rf"^\*\*{part}\.\*\* \S.{{20,}}", section, re.MULTILINE), f"{name} has no {part!r}"


def test_the_custom_resource_has_the_same_rules_as_the_plain_file() -> None:
    resource = rules("k8s/components/monitoring/prometheusrule.yaml")
    assert (resource["apiVersion"], resource["kind"]) == ("monitoring.coreos.com/v1", "PrometheusRule")
    assert resource["spec"] == rules("prometheus/rules/tradewire.yaml")
    assert sum(len(group["rules"]) for group in resource["spec"]["groups"]) == len(ALERTS)
