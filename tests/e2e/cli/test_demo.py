"""The demo over two years: it ends by itself, twice with the same orders, and the log holds."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.cli.system import Said, tradewire
from tradewire_cli.engines.testing import reachable_folder

_YEARS = ("--start", "2004-06-01", "--end", "2006-05-31")


@pytest.fixture
def folder() -> Iterator[Path]:
    with reachable_folder() as made:
        yield made


def demo(folder: Path, *, zone: str) -> Said:
    return tradewire(folder, "demo", *_YEARS, more={"TZ": zone})


def test_the_demo_ends_by_itself_with_the_same_result_wherever_and_whenever_it_runs(folder: Path) -> None:
    first, second = demo(folder, zone="America/New_York"), demo(folder, zone="Asia/Tokyo")

    for said in (first, second):
        assert said.code == 0, said.err
        assert re.search(r"check: \d+ invariants tested [\d,]+ times over [\d,]+ events: clean", said.out)
        assert "NOTIONAL_ABOVE_MAX" in said.out
    assert _results(first) == _results(second)


def _results(said: Said) -> str:
    """The blotter without what depends on the machine's speed."""
    page = said.out[said.out.index("From signals to fills") : said.out.index("On the record")]
    return "\n".join(line.rstrip() for line in page.splitlines())


def test_a_kept_session_can_be_looked_into(folder: Path) -> None:
    kept = folder / "kept"

    said = tradewire(folder, "demo", "--end", "2000-12-31", "--data", str(kept))

    assert said.code == 0, said.err
    assert f"the session is in {kept}" in said.out
    assert tradewire(folder, "check", "--data", str(kept)).code == 0
    again = tradewire(folder, "demo", "--data", str(kept))
    assert again.code == 2
    assert "is not empty" in again.err
