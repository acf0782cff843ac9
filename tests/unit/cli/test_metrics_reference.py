"""The page of metrics is the code's, and every name keeps to Prometheus' conventions."""

import re
from pathlib import Path

import pytest

from tradewire_cli.metrics_reference import MetricRow, render, rows

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "metrics.md"
ROWS = list(rows())
SHORT_OR_DERIVED = re.compile(r"_(percent|percentage|pct|ms|millis|minutes|hours|kb|mb|micros|us|age_s|secs)(_|$)")
LABELS = {
    "account",
    "broker",
    "build",
    "by",
    "check",
    "certificate",
    "code",
    "currency",
    "holder",
    "hop",
    "id",
    "kind",
    "lease",
    "level",
    "limit",
    "method",
    "outcome",
    "part",
    "reason",
    "scope",
    "server",
    "service",
    "side",
    "status",
    "strategy",
    "stream",
    "table",
    "verb",
    "version",
    "what",
}
"""Every label there is. Whoever adds one says in its metric what bounds its values."""


def test_the_page_is_current() -> None:
    assert render() == PAGE.read_text(), "run `python -m tradewire_cli.metrics_reference > docs/reference/metrics.md`"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_names_keep_to_the_conventions(row: MetricRow) -> None:
    assert re.fullmatch(r"tradewire(_[a-z0-9]+)+", row.name)
    assert not SHORT_OR_DERIVED.search(row.name), "base units: seconds, bytes, a ratio"
    assert row.name.endswith("_total") == (row.kind == "counter")
    assert row.says
    assert row.says[0].isupper() or row.says.startswith(("1 while", "1 for"))
    assert set(row.labels) <= LABELS
    if row.kind == "histogram":
        assert row.name.endswith(("_seconds", "_ratio", "_size"))


def test_every_name_is_told_by_one_kind_of_process() -> None:
    names = [row.name for row in ROWS]
    assert sorted(names) == sorted(set(names))
