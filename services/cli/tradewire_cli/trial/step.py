"""The steps of a trial, in their order, and how each ended."""

from collections.abc import Callable
from typing import Final, Literal

from msgspec import Struct

Result = Literal["ok", "failed", "unknown", "n/a"]
"""n/a: not applicable at this broker, or not looked at because of a step before."""

STEPS: Final[dict[str, str]] = {
    "connect": "the broker lets us in",
    "account": "it is the account that is meant, and it may trade",
    "system": "the running system has a router for it, which is ready",
    "price": "there is a price to stay away from",
    "risk": "the limits allow the order",
    "send": "signal, risk, router, broker: it has the order",
    "open": "the broker shows it as open",
    "cancel": "it is canceled, on the record",
    "canceled": "the broker shows it as canceled",
    "reconcile": "the router compares the account, and nothing differs",
    "left": "nothing is open and nothing was bought",
}


class Step(Struct, frozen=True):
    """One step: what was found, in the broker's words where it has any, and what to do where it is not ok."""

    step: str
    result: Result
    found: str
    fix: str = ""


class StopTrial(Exception):  # noqa: N818 - named for what it does
    """A step has failed that all others need."""


class Steps:
    """Takes steps as they end and tells them on."""

    def __init__(self, tell: Callable[[Step], None]) -> None:
        self.done: list[Step] = []
        self._tell = tell

    def ok(self, step: str, found: str) -> None:
        """A step that went as it should."""
        self._add(Step(step, "ok", found))

    def none(self, step: str, found: str) -> None:
        """A step that does not apply."""
        self._add(Step(step, "n/a", found))

    def failed(self, step: str, found: str, fix: str = "") -> None:
        """A step that went wrong; others may follow."""
        self._add(Step(step, "failed", found, fix))

    def unknown(self, step: str, found: str, fix: str = "") -> None:
        """A step of which nobody knows how it went."""
        self._add(Step(step, "unknown", found, fix))

    def stop(self, step: str, found: str, fix: str = "") -> StopTrial:
        """The error to raise where nothing can follow on a step that failed."""
        self.failed(step, found, fix)
        return StopTrial(step)

    def _add(self, step: Step) -> None:
        self.done.append(step)
        self._tell(step)

    def missing(self) -> list[str]:
        """The steps that were not reached."""
        reached = {step.step for step in self.done}
        return [name for name in STEPS if name not in reached]
