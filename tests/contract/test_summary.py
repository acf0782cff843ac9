"""The table at the end of the contract suite."""

from types import SimpleNamespace

from tests.contract.brokers.summary import BROKER, LACKS, lines


def report(test: str, broker: str, when: str = "call", lacks: str = "") -> SimpleNamespace:
    known = [(BROKER, broker), *([(LACKS, lacks)] if lacks else [])]
    return SimpleNamespace(
        nodeid=f"tests/contract/brokers/test_x.py::{test}[{broker}]", when=when, user_properties=known
    )


def test_each_test_of_each_broker_is_counted_once() -> None:
    stats = {
        "passed": [report("a", "pebble"), report("b", "pebble"), report("a", "paper"), SimpleNamespace(nodeid="other")],
        "": [report("a", "pebble", "setup")],
        "error": [report("b", "pebble", "teardown")],
        "failed": [report("c", "pebble")],
        "skipped": [
            report("d", "paper", "setup", "bars: none"),
            report("e", "paper", "setup", "bars: none"),
            report("f", "pebble", "setup", "replace: none"),
        ],
    }
    assert lines(stats) == [
        "broker  passed  failed  not applicable",
        "paper        1       0               2",
        "pebble       1       2               1",
        "",
        "broker  declares       so this does not apply",
        "paper   bars: none     d",
        "                       e",
        "pebble  replace: none  f",
    ]


def test_nothing_is_told_where_the_suite_did_not_run() -> None:
    assert lines({"passed": [SimpleNamespace(nodeid="tests/unit/test_x.py::test_y")]}) == []
