"""Between the connections and the engine: nothing is told before it is durable.

Everything that came in during one turn of the loop is written with one sync, and then answered with one write for each
connection. Faults and latency live here too: the engine knows neither.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import Protocol

from tradewire.runtime.clock import Clock
from tradewire_router.brokers.values import BrokerOrder
from tradewire_router.paper.book import AccountBook
from tradewire_router.paper.checks import Problem
from tradewire_router.paper.engine import Engine, broker_order_id
from tradewire_router.paper.faults import Faults
from tradewire_router.paper.journal import Journal, JournalError
from tradewire_router.paper.lines import Canceled, Expired, Filled, Line, Rejected
from tradewire_router.paper.market import latency_seconds
from tradewire_router.paper.wire import CancelAnswer, Fault, FaultKind, Submit, Submitted, frame


class Session(Protocol):
    """A connection, as far as the desk sees it."""

    @property
    def account(self) -> str: ...
    def queue(self, data: bytes) -> None:
        """Adds a frame to what is sent after the next sync."""

    def tell(self, line: Line, data: bytes, times: int) -> None:
        """Adds an event, `times` over, to what is sent with the next flush."""

    def fall_behind(self) -> None:
        """Stops hearing events as they happen."""

    def catch_up(self) -> None:
        """Hears what was missed from the journal, and then events as they happen."""

    def cut(self) -> None:
        """Ends the connection without sending what is queued."""

    def flush(self) -> None:
        """Sends what is queued."""


class Desk:
    """Takes orders, and tells what became of them."""

    def __init__(
        self, engine: Engine, journal: Journal, clock: Clock, faults: Faults, on_failure: Callable[[Exception], None]
    ) -> None:
        self.engine, self.journal, self.clock, self.faults = engine, journal, clock, faults
        self.sessions: set[Session] = set()
        self.submits = 0
        self._on_failure = on_failure
        self._broken = False
        self._committing = False
        self._muted: dict[str, asyncio.TimerHandle] = {}
        self._told_twice: set[tuple[str, str]] = set()

    def now(self) -> int:
        """The broker's time, never before the newest line of its journal."""
        return max(self.clock.now(), self.engine.book.at)

    # Sessions

    def join(self, session: Session) -> None:
        """A connection wants to hear its account's events from its cursor on."""
        self.sessions.add(session)
        if session.account not in self._muted:
            session.catch_up()

    def leave(self, session: Session) -> None:
        """A connection is gone."""
        self.sessions.discard(session)

    def book_of(self, session: Session) -> AccountBook:
        """The account of a connection."""
        return self.engine.book.accounts[session.account]

    # Orders

    def submit(self, session: Session, request: Submit) -> None:
        """Receives an order, and places it unless its client order id was used before."""
        self.submits += 1
        account, order, at = self.book_of(session), request.order, self.now()
        self.changed()
        if not self.engine.receive(account, order, at):
            message = f"client_order_id {order.client_order_id} was used before; every order needs a new one"
            existing = self.find(account, order.client_order_id)
            session.queue(frame(Submitted(request.number, "", at, "DUPLICATE_CLIENT_ORDER_ID", message, existing)))
            return
        struck = self.faults.strike(account.name, order.symbol)
        late = struck.get("delay_before") or struck.get("place_late")
        delay = latency_seconds(order.client_order_id, self.engine.terms) + (late.delay_ms / 1000 if late else 0)
        self._after(delay, lambda: self._place(session, request.number, account, order.client_order_id, struck))

    def _place(
        self, session: Session, number: int, account: AccountBook, client_order_id: str, struck: dict[FaultKind, Fault]
    ) -> None:
        at = self.now()
        if "duplicate_event" in struck:
            self._told_twice.add((account.name, client_order_id))
        if mute := struck.get("mute_stream"):
            self.mute(account.name, mute.delay_ms / 1000)
        problem: Problem | None
        if reject := struck.get("reject"):
            refusal = Problem(reject.code, "refused, because a fault is armed")
            problem = self.engine.reject(account, client_order_id, refusal, at)
        else:
            partial = struck.get("partial")
            problem = self.engine.place(account, client_order_id, at, pieces=partial.pieces if partial else 0)
        self.changed()
        if "drop_response" in struck or "place_late" in struck:
            return
        if "disconnect" in struck:
            session.cut()
            return
        answer = Submitted(number, broker_order_id(account.name, client_order_id), at)
        if problem:
            answer = Submitted(number, answer.broker_order_id, at, problem.code, problem.message)
        delayed = struck.get("delay_response")
        self._after(delayed.delay_ms / 1000 if delayed else 0, lambda: self.answer(session, frame(answer)))

    def cancel(self, session: Session, number: int, client_order_id: str) -> None:
        """Cancels an order, as late as it was placed."""
        account = self.book_of(session)

        def cancel() -> None:
            outcome = self.engine.cancel(account, client_order_id, self.now())
            self.answer(session, frame(CancelAnswer(number, outcome)))

        self._after(latency_seconds(client_order_id, self.engine.terms), cancel)

    def find(self, account: AccountBook, client_order_id: str) -> BrokerOrder | None:
        """The order as it stands, or None when it was never placed."""
        if live := account.live.get(client_order_id):
            return live.told()
        offset = account.closed.get(client_order_id, -1)
        if offset < 0:
            return None
        line = self.journal.line_at(offset)
        if not isinstance(line, Filled | Rejected | Canceled | Expired) or line.closed is None:
            raise JournalError(f"the line at byte {offset} does not end the order {client_order_id}")
        return line.closed

    def answer(self, session: Session, data: bytes) -> None:
        """Sends a frame after the next sync."""
        session.queue(data)
        self.changed()

    # Faults

    def mute(self, account: str, seconds: float) -> None:
        """Holds back the events of an account."""
        for session in self._sessions_of(account):
            session.fall_behind()
        if handle := self._muted.pop(account, None):
            handle.cancel()
        self._muted[account] = asyncio.get_running_loop().call_later(seconds, self.unmute, account)

    def unmute(self, account: str) -> None:
        """Sends the events that were held back."""
        if handle := self._muted.pop(account, None):
            handle.cancel()
            for session in self._sessions_of(account):
                session.catch_up()

    def forget_faults(self, account: str) -> None:
        """Ends every fault of an account."""
        self.faults.disarm(account)
        self.unmute(account)
        self._told_twice = {key for key in self._told_twice if key[0] != account}

    # The turn of the loop

    def close(self) -> None:
        """Writes what is left and cuts every connection; after a failure nothing more is written."""
        if not self._broken:
            self.engine.keep_bars(self.now())
            self.journal.close()
        for session in tuple(self.sessions):
            session.cut()
            session.flush()

    def failed(self, error: Exception) -> None:
        """State and journal may differ now: nothing more may be written or told, and the process must end."""
        if not self._broken:
            self._broken = True
            self._on_failure(error)

    def guarded(self, do: Callable[[], None]) -> None:
        """Does something that must not fail by half."""
        if self._broken:
            return
        try:
            do()
        except Exception as error:  # noqa: BLE001 - whatever it is, the process ends by it
            self.failed(error)

    def changed(self) -> None:
        """Something is to be written or sent: do it once, at the end of this turn of the loop."""
        if not self._committing:
            self._committing = True
            asyncio.get_running_loop().call_soon(self.guarded, self._commit)

    def _commit(self) -> None:
        self._committing = False
        self.journal.flush()
        heard, self.journal.heard = self.journal.heard, []
        for line, data in heard:
            times = 2 if self._told_twice and _key(line) in self._told_twice else 1
            for session in self.sessions:
                if session.account == line.account:
                    session.tell(line, data, times)
        for session in tuple(self.sessions):
            session.flush()

    def _after(self, delay: float, do: Callable[[], None]) -> None:
        if delay > 0:
            asyncio.get_running_loop().call_later(delay, self.guarded, do)
        else:
            do()

    def _sessions_of(self, account: str) -> Iterator[Session]:
        return (session for session in tuple(self.sessions) if session.account == account)


def _key(line: Line) -> tuple[str, str]:
    return line.account, getattr(line, "client_order_id", "")
