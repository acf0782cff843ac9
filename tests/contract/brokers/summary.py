"""What the contract suite showed of each broker: how many tests passed, and which do not apply, by which capability."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

BROKER, LACKS = "broker", "lacks"
"""The properties of a test: whose it was, and the capability because of which it does not apply."""


class Tally(msgspec.Struct):
    """One broker's tests: each is in one of these. What does not apply is by the capability that says so."""

    passed: set[str] = msgspec.field(default_factory=set)
    failed: set[str] = msgspec.field(default_factory=set)
    lacking: dict[str, set[str]] = msgspec.field(default_factory=dict)


def tallies(stats: Mapping[str, Sequence[Any]]) -> dict[str, Tally]:
    """The brokers of the suite's tests, from what pytest has reported; none when the suite did not run."""
    found: dict[str, Tally] = {}
    for outcome, reports in stats.items():
        for report in reports:
            known = dict(getattr(report, "user_properties", ()))
            if BROKER not in known:
                continue
            tally, test = found.setdefault(known[BROKER], Tally()), report.nodeid.rpartition("::")[2]
            if outcome in {"failed", "error"}:
                tally.failed.add(test)
            elif outcome == "skipped" and LACKS in known:
                tally.lacking.setdefault(known[LACKS], set()).add(test)
            elif outcome == "passed" and report.when == "call":
                tally.passed.add(test)
    for tally in found.values():
        tally.passed -= tally.failed
    return dict(sorted(found.items()))


def lines(stats: Mapping[str, Sequence[Any]]) -> list[str]:
    """A table of the brokers, and one of what does not apply to them; nothing when the suite did not run."""
    found = tallies(stats)
    if not found:
        return []
    head = ("broker", "passed", "failed", "not applicable")
    rows = [
        (name, str(len(one.passed)), str(len(one.failed)), str(sum(map(len, one.lacking.values()))))
        for name, one in found.items()
    ]
    told = [*_table([head, *rows], right={1, 2, 3})]
    lacking = [
        (name, why, test)
        for name, one in found.items()
        for why, tests in sorted(one.lacking.items())
        for test in sorted({test.partition("[")[0] for test in tests})
    ]
    if lacking:
        told += ["", *_table([("broker", "declares", "so this does not apply"), *_once(lacking)], right=set())]
    return told


def _once(rows: Sequence[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """Rows without what stands in the same place above already."""
    above: tuple[str, ...] = ()
    for row in rows:
        same = next((n for n, (one, other) in enumerate(zip(row, above, strict=False)) if one != other), 0)
        yield ("",) * same + row[same:]
        above = row


def _table(rows: Sequence[tuple[str, ...]], right: set[int]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()
