"""Renders docs/reference/metrics.md from what the processes register: `python -m tradewire_cli.metrics_reference`."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from msgspec import Struct
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.metrics import MetricWrapperBase

from tradewire.runtime.certificates import Expiry
from tradewire.runtime.logs import count_dropped
from tradewire.runtime.metrics import MOST_NAMES, OTHER, ProcessMetrics, Shown
from tradewire.traces.export import SpanMetrics
from tradewire_ingest.metrics import Metrics as IngestMetrics
from tradewire_ledger.reader.metrics import Metrics as ReaderMetrics
from tradewire_ledger.sequencer.metrics import Metrics as SequencerMetrics
from tradewire_risk.metrics import Metrics as RiskMetrics
from tradewire_router.metrics import Metrics as RouterMetrics
from tradewire_router.paper.metrics import FAMILIES as PAPER

_HEAD: Final = """# Metrics

Generated from the code by `python -m tradewire_cli.metrics_reference`; do not edit.

Every process answers `GET /metrics` on its health port, beside `/livez` and `/readyz`. `tradewire up` writes the
addresses to `prometheus/targets.json` in the data folder:

```yaml
scrape_configs:
  - job_name: tradewire
    file_sd_configs: [{{files: [/path/to/data/prometheus/targets.json]}}]
```

Names and units are those of Prometheus: base units (seconds, bytes, a ratio where 1 is all of it), `_total` for what
only rises, `_timestamp_seconds` for a point in time. A name without a process in it is what the log says, told by the
reader, or by the sequencer for leases; counters of the log begin with the process and count nothing twice, neither
when the read model is made anew nor when an event is told again.

Labels are bounded: the first {most} accounts and the first {most} strategies have series of their own, and `{other}`
holds the rest. No label names an order, a signal, a person or a secret; symbols are no labels. Money is in the
account's currency or in that of the label `currency`; metrics are floats, so they are no books.

The invariants are those of `tradewire check`, asserted by the reader from where it began, with a tenth of its time at
most; what was appended before is what `tradewire check` is for.
"""
_STANDARD: Final = """
Beside these each tells the standard `process_*` metrics, such as `process_resident_memory_bytes`.
"""


class MetricRow(Struct, frozen=True):
    """A metric as it is queried: of a histogram `name` is what `_bucket`, `_sum` and `_count` are added to."""

    process: str
    name: str
    kind: str
    labels: tuple[str, ...]
    says: str


def _every_process(registry: CollectorRegistry) -> None:
    ProcessMetrics(registry, "sequencer")
    Expiry(registry)
    SpanMetrics(registry)
    count_dropped(registry)


PROCESSES: Final[dict[str, tuple[str, Callable[[CollectorRegistry], object]]]] = {
    "every process": ("", _every_process),
    "sequencer": ("The only writer of the log.", SequencerMetrics),
    "reader": (
        "Projections and queries. It also tells what the log says, and how Postgres and NATS are.",
        ReaderMetrics,
    ),
    "ingest": ("Signals and people's commands.", IngestMetrics),
    "risk": ("Sizes, checks and decisions.", RiskMetrics),
    "router": (
        "One process an account: orders to its broker, and what the broker says.",
        lambda registry: RouterMetrics(registry, "main", "paper"),
    ),
    "paper": ("The paper broker.", lambda registry: Shown(registry, PAPER)),
}


def rows() -> Iterator[MetricRow]:
    """Every metric of every process."""
    for process, (_, register) in PROCESSES.items():
        registry = CollectorRegistry()
        register(registry)
        for collector in registry._collector_to_names:  # noqa: SLF001 - nothing public tells what is registered
            if isinstance(collector, ProcessCollector):
                continue
            yield from (_row(process, each) for each in _described(collector))


def _described(collector: Any) -> list[Any]:
    return [collector] if isinstance(collector, MetricWrapperBase) else list(collector.describe())


def _row(process: str, metric: Any) -> MetricRow:
    wrapped = isinstance(metric, MetricWrapperBase)
    name, kind, says = (
        (metric._name, metric._type, metric._documentation)  # noqa: SLF001 - as above
        if wrapped
        else (metric.name, metric.type, metric.documentation)
    )
    suffix = "_total" if kind == "counter" else ""
    return MetricRow(process, name + suffix, kind, tuple(metric._labelnames), says)  # noqa: SLF001


def render() -> str:
    """The page."""
    parts = [_HEAD.format(most=MOST_NAMES, other=OTHER)]
    found = list(rows())
    for process, (says, _) in PROCESSES.items():
        parts.append(f"## {process[0].upper()}{process[1:]}\n")
        if says:
            parts.append(f"{says}\n")
        parts.append("| metric | kind | labels | says |\n|---|---|---|---|")
        for row in found:
            if row.process == process:
                labels = ", ".join(f"`{label}`" for label in row.labels)
                parts.append(f"| `{row.name}` | {row.kind} | {labels} | {row.says} |")
        parts.append(_STANDARD if not says else "")
    return "\n".join(parts).rstrip() + "\n"


if __name__ == "__main__":
    print(render(), end="")
