"""Answers people's questions on `risk.<shard>.query.*`, from the state as it stands, while this process leads.

A process that waits for the lease stays silent. Nothing is awaited between looking and answering, so an answer is of
one position; and nothing is changed by it.
"""

import asyncio
import contextlib

from tradewire import subjects
from tradewire.bus import Message, Stoppable
from tradewire.domain.quoting import quoted
from tradewire.errors import Unavailable
from tradewire.lease import Lease
from tradewire.messages.answers import MAX_REPLY_BYTES
from tradewire.messages.refusals import Refusal, SignalInvalid
from tradewire.messages.risk_queries import (
    CheckQuestion,
    RiskRefused,
    RiskReply,
    StatusQuestion,
    encode,
    read_question,
)
from tradewire.messages.signal import Signal
from tradewire.messages.signal_parse import parse_signal
from tradewire.messages.signal_support import unsupported
from tradewire.replica import Replica
from tradewire.runtime.service import Service
from tradewire_risk.domain.standing import known_accounts, standing
from tradewire_risk.domain.what_if import what_if
from tradewire_risk.handlers import Desk

MOST_AT_ONCE = 100


class Answers:
    """The door for questions. What it hears while it does not lead is another process's to answer."""

    def __init__(self, service: Service, desk: Desk, replica: Replica, lease: Lease) -> None:
        self._service, self._desk, self._replica, self._lease = service, desk, replica, lease
        self._sending: set[asyncio.Task[None]] = set()
        self._subscription: Stoppable | None = None

    async def open(self) -> None:
        """Begins to listen."""
        subject = subjects.risk_query(self._service.settings.shard, "*")
        self._subscription = await self._service.bus.subscribe(subject, self._hear)

    async def close(self) -> None:
        """Stops listening."""
        if self._subscription is not None:
            await self._subscription.stop()

    def _hear(self, message: Message) -> None:
        if not message.reply or not self._lease.held.is_set() or len(self._sending) >= MOST_AT_ONCE:
            return
        reply = self._answered(message.subject.rsplit(".", 1)[1], message.data)
        task = asyncio.get_running_loop().create_task(self._send(message.reply, reply))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, to: str, reply: bytes) -> None:
        with contextlib.suppress(Unavailable):
            await self._service.bus.publish(to, reply)

    def _answered(self, what: str, payload: bytes) -> bytes:
        """The answer, encoded. A fault in one is that question's own, and no reason to decide no more orders."""
        try:
            reply = encode(self._answer(what, payload))
        except Exception as error:
            self._service.log.error("a question could not be answered", what=what, exc_info=error)
            return encode(RiskRefused(code="FAILED", message=f"risk has a fault of its own: {type(error).__name__}"))
        if len(reply) > MAX_REPLY_BYTES:
            return encode(
                RiskRefused(code="TOO_LARGE", message=f"the answer has {len(reply)} bytes", expected="one account")
            )
        return reply

    def _answer(self, what: str, payload: bytes) -> RiskReply:
        question = read_question(what, payload)
        if isinstance(question, RiskRefused):
            return question
        return self._problem() or (
            self._stands(question) if isinstance(question, StatusQuestion) else self._would_be(question)
        )

    def _problem(self) -> RiskRefused | None:
        """Why nobody can say what holds now."""
        replica, desk = self._replica, self._desk
        if not replica.live:
            return RiskRefused(code="UNAVAILABLE", message=replica.problem or "it is not in step with the ledger")
        if not desk.state.limited:
            return RiskRefused(code="UNAVAILABLE", message="no limits were set yet")
        if not desk.clock.started:
            return RiskRefused(code="NOT_READY", message="quotes are the clock here, and none has told the time yet")
        return None

    def _stands(self, question: StatusQuestion) -> RiskReply:
        state = self._desk.state
        if question.account and question.account not in (known := known_accounts(state)):
            return _unknown_account(question.account, known)
        return standing(state, self._desk.clock.now(), self._service.instance, question.account)

    def _would_be(self, question: CheckQuestion) -> RiskReply:
        state, settings = self._desk.state, self._service.settings
        try:
            strategy = question.strategy
            size, symbols = settings.size_of(strategy), settings.symbols_of(strategy)
            signal = parse_signal(strategy, bytes(question.signal), size, symbols)
        except SignalInvalid as error:
            return _refused(error.refusal)
        account = signal.account or settings.account_of(signal.strategy)
        if (refusal := unsupported(signal, settings.broker_of(account)) or _no_order(signal)) is not None:
            return refusal if isinstance(refusal, RiskRefused) else _refused(refusal)
        if account not in state.setup.accounts:
            return _unknown_account(account, sorted(state.setup.accounts))
        return what_if(state, self._desk.board, self._desk.clock.now(), signal, account)


def _no_order(signal: Signal) -> RiskRefused | None:
    """Why a signal asks for no order that could be checked."""
    if signal.action not in {"cancel", "replace"}:
        return None
    why = "a cancel is not decided, it is passed on"
    if signal.action == "replace":
        why = "what becomes of a replacement depends on the order that it is for"
    return RiskRefused(code="NO_ORDER", message=why, field="action", expected="an order")


def _refused(refusal: Refusal) -> RiskRefused:
    return RiskRefused(code=refusal.code.value, message=refusal.message, field=refusal.field, expected=refusal.expected)


def _unknown_account(account: str, known: list[str]) -> RiskRefused:
    return RiskRefused(
        code="ACCOUNT_UNKNOWN",
        message=f"account: {quoted(account)} is not configured",
        field="account",
        expected=" or ".join(known),
    )
