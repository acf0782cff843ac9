"""What Prometheus' own tool says of the rules: each alert fires when it must, not before, and not otherwise."""

import re
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from deploy.monitoring.__main__ import ROOT
from deploy.monitoring.alerts import ALERTS
from deploy.monitoring.model import RUNBOOK, Alert

from tests.integration.monitoring.cases import CASES, Case

RULES: Final = ROOT / "prometheus" / "rules" / "tradewire.yaml"
STEP_SECONDS: Final = 15
BY_NAME: Final = {alert.name: alert for alert in ALERTS}


def promtool(tools: Path, *arguments: str) -> str:
    """Runs it and returns what it said; the test fails when it does not like what it was given."""
    done = subprocess.run([tools / "promtool", *arguments], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def seconds(text: str) -> int:
    """How long a duration of Prometheus is that has one unit."""
    return int(text[:-1]) * {"s": 1, "m": 60}[text[-1]]


def fired(case: Case, alert: Alert) -> dict[str, Any]:
    """The alert as it must be shown."""
    told = {f"{{{{ $labels.{name} }}}}": value for name, value in case.labels.items()} | {"{{ $value }}": case.value}
    description = alert.description
    for placeholder, value in told.items():
        description = description.replace(placeholder, value)
    return {
        "exp_labels": {**case.labels, "severity": alert.severity},
        "exp_annotations": {
            "summary": case.summary,
            "description": description,
            "runbook_url": f"{RUNBOOK}#{alert.anchor}",
        },
    }


def shown(name: str, series: dict[str, str], at: str, alert: str, expected: list[dict[str, Any]]) -> dict[str, Any]:
    """One test of promtool."""
    return {
        "name": name,
        "interval": f"{STEP_SECONDS}s",
        "input_series": [{"series": each, "values": values} for each, values in series.items()],
        "alert_rule_test": [{"eval_time": at, "alertname": alert, "exp_alerts": expected}],
    }


def asked(case: Case) -> list[dict[str, Any]]:
    """It fires; with what is well it does not; and it does not before it has lasted."""
    alert = BY_NAME[case.alert]
    made = [
        shown("fires", case.fires, case.at, alert.name, [fired(case, alert)]),
        shown("quiet", case.quiet, case.at, alert.name, []),
    ]
    if lasts := seconds(alert.lasts):
        made.append(shown("too early", case.fires, f"{lasts - STEP_SECONDS}s", alert.name, []))
    return made


def test_every_alert_has_a_case() -> None:
    assert {case.alert for case in CASES} == set(BY_NAME)


def test_a_case_says_all_that_the_texts_show() -> None:
    for case in CASES:
        named = re.findall(r"\{\{ ([^}]*) \}\}", BY_NAME[case.alert].description)
        assert set(named) <= {"$value", *(f"$labels.{name}" for name in case.labels)}
        assert case.value or "$value" not in named


def test_promtool_finds_nothing_wrong_with_the_rules(tools: Path) -> None:
    assert f"SUCCESS: {len(ALERTS)} rules found" in promtool(tools, "check", "rules", str(RULES))


@pytest.mark.parametrize("name", list(BY_NAME))
def test_an_alert_fires_when_it_must_and_only_then(tools: Path, tmp_path: Path, name: str) -> None:
    tests = [each for case in CASES if case.alert == name for each in asked(case)]
    assert len(tests) >= 2
    written = tmp_path / "tests.yaml"
    document = {"rule_files": [str(RULES)], "evaluation_interval": f"{STEP_SECONDS}s", "tests": tests}
    written.write_text(yaml.safe_dump(document))
    promtool(tools, "test", "rules", str(written))
