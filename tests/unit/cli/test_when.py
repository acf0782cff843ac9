import pytest

from tradewire.domain.times import instant
from tradewire.errors import InvalidValue
from tradewire_cli.commands.when import now, since


def test_a_span_is_counted_from_now() -> None:
    before = now()
    found = since("10m")
    after = now()

    assert found is not None
    assert before <= found + 600_000_000 <= after


def test_a_day_begins_where_the_reader_is(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert since("2026-03-09") == instant("2026-03-09T04:00:00Z")
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_time_has_its_zone() -> None:
    assert since("2026-03-09T10:00:00+01:00") == instant("2026-03-09T09:00:00Z")
    assert since(None) is None


@pytest.mark.parametrize("text", ["", "yesterday", "2026-02-30", "2026-03-09T10:00:00", "10 m"])
def test_anything_else_is_refused_with_what_is_right(text: str) -> None:
    with pytest.raises(InvalidValue, match=r"--since: .*expected "):
        since(text)
