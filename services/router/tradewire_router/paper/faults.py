"""Misbehaviour on demand, for tests of what stands in front of a broker. Armed by request, and only when allowed."""

from collections.abc import Callable

from tradewire_router.paper.wire import Fault, FaultKind

_OF_QUESTIONS = frozenset({"silence", "unlisted"})


class Faults:
    """The armed faults by account; each is used up by the orders or questions that it strikes."""

    def __init__(self, *, allowed: bool) -> None:
        self.allowed = allowed
        self._armed: dict[str, list[tuple[Fault, int]]] = {}

    def arm(self, account: str, fault: Fault) -> None:
        """Adds a fault behind those that are armed."""
        self._armed.setdefault(account, []).append((fault, fault.times))

    def disarm(self, account: str) -> None:
        """Forgets every fault of an account."""
        self._armed.pop(account, None)

    def strike(self, account: str, symbol: str) -> dict[FaultKind, Fault]:
        """Returns the faults that strike the next order, at most one of a kind, and uses each up by one."""
        return self._strike(account, lambda fault: fault.kind not in _OF_QUESTIONS and fault.symbol in {"", symbol})

    def silences(self, account: str) -> bool:
        """Whether the next question is not answered; uses the fault up by one."""
        return bool(self._strike(account, lambda fault: fault.kind == "silence"))

    def unlists(self, account: str) -> bool:
        """Whether the next list of open orders is empty; uses the fault up by one."""
        return bool(self._strike(account, lambda fault: fault.kind == "unlisted"))

    def _strike(self, account: str, meant: Callable[[Fault], bool]) -> dict[FaultKind, Fault]:
        armed = self._armed.get(account)
        if not armed:
            return {}
        struck: dict[FaultKind, Fault] = {}
        left = []
        for fault, times in armed:
            if fault.kind not in struck and meant(fault):
                struck[fault.kind] = fault
                times -= 1  # noqa: PLW2901 - the rest of this fault's times stays armed
            if times > 0:
                left.append((fault, times))
        self._armed[account] = left
        return struck
