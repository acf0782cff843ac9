"""The invariants of the log, asserted while it grows."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from tradewire.domain.audit.findings import INVARIANTS


class InvariantMetrics:
    """How often each invariant was put to the test, and how often it did not hold."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.violations = Counter(
            "tradewire_invariant_violations",
            "Findings of the continuous check, by invariant; `tradewire check` says what each is about",
            ["id"],
            registry=registry,
        )
        self.tests = Counter(
            "tradewire_invariant_tests", "Tests of each invariant by the continuous check", ["id"], registry=registry
        )
        self.checked = Gauge(
            "tradewire_invariant_checked_position", "Last position that was checked", registry=registry
        )
        for name in INVARIANTS:
            self.violations.labels(name)
            self.tests.labels(name)
