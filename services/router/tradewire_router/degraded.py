"""What does not work on a session that is up: on record, in the metrics and in the status, until it works again.

While executions may be missing, or submits have no answer, nothing new is sent. Without quotes, risk refuses by itself
what needs a price.
"""

from collections.abc import Callable
from typing import get_args

from tradewire.messages.broker_events import BrokerDegraded, BrokerRecovered
from tradewire.messages.vocabulary import BrokerPart
from tradewire.runtime.health import Health
from tradewire.runtime.logs import Log
from tradewire_router.domain.translate import Teller, account_event
from tradewire_router.facts import Facts
from tradewire_router.metrics import Metrics

_NOTE = "broker"
_GATES: dict[BrokerPart, str] = {"orders": "cannot hear all of its orders", "answers": "its broker does not answer"}
"""What keeps new orders back while it does not work."""


class Degraded:
    """The parts of one account's session that do not work, and why."""

    def __init__(
        self,
        facts: Facts,
        teller: Callable[[], Teller],
        next_id: Callable[[], str],
        log: Log,
        metrics: Metrics,
        health: Health,
    ) -> None:
        """`next_id` names events of this lease and gives no id twice."""
        self._facts, self._teller, self._next_id = facts, teller, next_id
        self._log, self._metrics, self._health = log, metrics, health
        self._reasons: dict[BrokerPart, str] = {}
        self._show()

    @property
    def gate(self) -> str:
        """Why nothing new may be sent, or nothing."""
        found = (f"{what}: {self._reasons[part]}" for part, what in _GATES.items() if part in self._reasons)
        return next(found, "")

    def begins(self, part: BrokerPart, reason: str) -> None:
        """A part does not work, for a reason that is put on record once."""
        if self._reasons.get(part) == reason:
            return
        self._reasons[part] = reason
        self._log.warning("a part of the broker's session does not work", part=part, reason=reason)
        teller = self._teller()
        data = BrokerDegraded(account=teller.account, broker=teller.broker, part=part, reason=reason)
        self._facts.add([account_event(teller, self._next_id(), data)])
        self._show()

    def ends(self, part: BrokerPart) -> bool:
        """A part works again; False when it has worked all the time."""
        if self._reasons.pop(part, None) is None:
            return False
        self._log.info("a part of the broker's session works again", part=part)
        teller = self._teller()
        data = BrokerRecovered(account=teller.account, broker=teller.broker, part=part)
        self._facts.add([account_event(teller, self._next_id(), data)])
        self._show()
        return True

    def close(self) -> None:
        """The session is over, and says nothing any more."""
        self._reasons.clear()
        self._show()

    def _show(self) -> None:
        for part in get_args(BrokerPart):
            self._metrics.degraded.labels(part).set(part in self._reasons)
        told = "; ".join(f"{part}: {reason}" for part, reason in self._reasons.items())
        self._health.note(_NOTE, told and f"{self._teller().account}: {told}")
