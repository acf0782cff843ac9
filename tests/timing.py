"""A pytest plugin that says how long each folder of tests took: `-p tests.timing`."""

from collections import defaultdict

import pytest

_seconds: defaultdict[str, float] = defaultdict(float)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Adds a phase of a test to its folder."""
    _seconds["/".join(report.nodeid.split("/")[:3]).split("::")[0].removesuffix(".py")] += report.duration


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the table, slowest first."""
    terminalreporter.section("time per folder")
    for folder, seconds in sorted(_seconds.items(), key=lambda item: -item[1]):
        terminalreporter.write_line(f"{seconds:8.1f} s  {folder}")
