"""What every process tells Prometheus, and how names that others choose are kept from growing without end."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import accumulate
from typing import Final, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Metric, ProcessCollector, disable_created_metrics
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

import tradewire
from tradewire.build import build_id

MOST_NAMES: Final = 100
"""So many accounts, and so many strategies of one, have series of their own; the rest is told together as OTHER."""
OTHER: Final = "(other)"


class Names:
    """Names that become labels: the first so many of them, and OTHER for the rest."""

    def __init__(self, most: int = MOST_NAMES) -> None:
        self._most, self._known = most, set[str]()

    def label(self, name: str) -> str:
        """The label of a name; a name that has one keeps it."""
        if name in self._known:
            return name
        if len(self._known) >= self._most:
            return OTHER
        self._known.add(name)
        return name


class ProcessMetrics:
    """What every process tells of itself."""

    def __init__(self, registry: CollectorRegistry, service: str) -> None:
        # When a counter was made is what process_start_time_seconds tells, once and not in a series beside each.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.reloads = Counter(
            "tradewire_config_reloads", "Reloads of the settings, by outcome", ["outcome"], registry=registry
        )
        for outcome in ("applied", "refused"):
            self.reloads.labels(outcome)
        self.ready = Gauge("tradewire_ready", "1 while the process is ready", registry=registry)
        self.nats_connected = Gauge(
            "tradewire_nats_connected", "1 while the process is connected to NATS", registry=registry
        )
        self.nats_reconnects = Counter(
            "tradewire_nats_reconnects", "How often the connection to NATS was made anew", registry=registry
        )
        build = Gauge(
            "tradewire_build_info",
            "What this process runs; always 1",
            ["version", "build", "service"],
            registry=registry,
        )
        build.labels(tradewire.__version__, build_id(), service).set(1)
        ProcessCollector(registry=registry)


class Series:
    """One series of a `Timings`."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Counts a value, in a fraction of the time that a histogram with a lock takes."""
        self.counts[bisect_left(self._bounds, value)] += 1
        self.sum += value


class Timings(Collector):
    """A histogram for what is on an order's way: only one thread observes, and nothing is worked out until asked."""

    def __init__(
        self,
        registry: CollectorRegistry,
        name: str,
        says: str,
        bounds: tuple[float, ...],
        labels: tuple[str, ...] = (),
    ) -> None:
        self._name, self._says, self._bounds, self._labels = name, says, bounds, labels
        self._series: dict[tuple[str, ...], Series] = {}
        registry.register(self)

    def labels(self, *values: str) -> Series:
        """The series of these labels, which is to be kept by whoever observes often."""
        series = self._series.get(values)
        if series is None:
            series = self._series[values] = Series(self._bounds)
        return series

    def describe(self) -> Iterable[Metric]:
        """The family, without a series."""
        return [HistogramMetricFamily(self._name, self._says, labels=self._labels)]

    def collect(self) -> Iterable[Metric]:
        """The family with every series."""
        family = HistogramMetricFamily(self._name, self._says, labels=self._labels)
        for values, series in tuple(self._series.items()):
            counts, total = tuple(series.counts), series.sum
            bounds = (*(floatToGoString(bound) for bound in self._bounds), "+Inf")  # type: ignore[no-untyped-call]
            family.add_metric(values, list(zip(bounds, accumulate(counts), strict=True)), total)
        return [family]


class Family(NamedTuple):
    """A metric of a sheet: what it says, its labels, and whether it only ever rises."""

    says: str
    labels: tuple[str, ...] = ()
    rises: bool = False


class Sheet:
    """Figures as they are put together, by the family's name without `tradewire_`."""

    def __init__(self, families: Mapping[str, Family]) -> None:
        self.families = {name: _made(name, family) for name, family in families.items()}

    def put(self, name: str, value: Decimal | float | None, *labels: str) -> None:
        """Adds a figure that is known. Metrics are floats; nothing is computed from them."""
        if value is not None:
            self.families[name].add_metric(labels, float(value))


class Shown(Collector):
    """Figures that are replaced as a whole: the thread that answers /metrics may come at any time."""

    def __init__(self, registry: CollectorRegistry, families: Mapping[str, Family]) -> None:
        self._families, self._shown = families, tuple[Metric, ...]()
        registry.register(self)

    def sheet(self) -> Sheet:
        """An empty sheet."""
        return Sheet(self._families)

    def show(self, sheet: Sheet) -> None:
        """Shows these figures from now on."""
        self._shown = tuple(sheet.families.values())

    def describe(self) -> Iterable[Metric]:
        """Every family there is, whether it has series or not."""
        return self.sheet().families.values()

    def collect(self) -> Iterable[Metric]:
        """The figures that were shown last."""
        return self._shown


def _made(name: str, family: Family) -> GaugeMetricFamily | CounterMetricFamily:
    made = CounterMetricFamily if family.rises else GaugeMetricFamily
    return made(f"tradewire_{name}", family.says, labels=family.labels)
