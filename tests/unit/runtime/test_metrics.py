"""What metrics are made of: names that are bounded, sheets that are replaced whole, and timings without a lock."""

import pytest
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from tradewire.runtime.metrics import OTHER, Family, Names, ProcessMetrics, Shown, Timings

BOUNDS = (0.001, 0.01, 0.5, 1.0, 60.0)


def page(registry: CollectorRegistry) -> dict[str, float]:
    """Every series by name and labels."""
    return {
        f"{sample.name} {sorted(sample.labels.items())}": sample.value
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for sample in family.samples
    }


@pytest.mark.parametrize("values", [[], [0.001], [0.0005, 0.0011, 0.5, 59.9, 60, 61, 1e9]])
def test_timings_tell_what_a_histogram_tells(values: list[float]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    ProcessMetrics(CollectorRegistry(), "x")  # which leaves out when each was made
    timing = Timings(ours, "took_seconds", "How long.", BOUNDS, ("hop",)).labels("a")
    histogram = Histogram("took_seconds", "How long.", ["hop"], buckets=BOUNDS, registry=theirs).labels("a")
    for value in values:
        timing.observe(value)
        histogram.observe(value)
    assert page(ours) == page(theirs)
    assert page(ours)["took_seconds_count [('hop', 'a')]"] == len(values)


def test_a_timing_without_labels_is_told_from_the_start() -> None:
    registry = CollectorRegistry()
    Timings(registry, "took_seconds", "How long.", BOUNDS).labels()
    assert page(registry)["took_seconds_count []"] == 0


def test_timings_of_one_name_cannot_be_registered_twice() -> None:
    registry = CollectorRegistry()
    Timings(registry, "took_seconds", "How long.", BOUNDS)
    with pytest.raises(ValueError, match="took_seconds"):
        Timings(registry, "took_seconds", "How long.", BOUNDS)


def test_names_are_bounded_and_keep_their_label() -> None:
    names = Names(most=2)
    assert [names.label(name) for name in ("a", "b", "c", "a", "d")] == ["a", "b", OTHER, "a", OTHER]


def test_a_sheet_takes_the_place_of_the_one_before() -> None:
    registry = CollectorRegistry()
    shown = Shown(registry, {"size_bytes": Family("Size.", ("of",)), "sent": Family("Sent.", rises=True)})
    assert page(registry) == {}
    sheet = shown.sheet()
    sheet.put("size_bytes", 3, "a")
    sheet.put("size_bytes", None, "b")
    sheet.put("sent", 5)
    shown.show(sheet)
    assert page(registry) == {"tradewire_size_bytes [('of', 'a')]": 3, "tradewire_sent_total []": 5}
    shown.show(shown.sheet())
    assert page(registry) == {}


def test_a_process_says_what_it_is() -> None:
    registry = CollectorRegistry()
    ProcessMetrics(registry, "risk")
    [build] = [name for name in page(registry) if name.startswith("tradewire_build_info")]
    assert "('service', 'risk')" in build
    assert page(registry)["process_start_time_seconds []"] > 0
    assert not [name for name in page(registry) if "_created" in name]
