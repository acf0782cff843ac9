"""The panic path: a halt or kill that routers hear directly and act on before the log shows it (DESIGN §2, Switches).

It is the only act outside the log, and it can only reduce: submitting stops at once, and a KILL cancels what works at
the broker even while the ledger is down. It is latched in memory and in a file, until the log shows the same request
or a later resume. What the broker says of the cancels is appended as facts, as soon as there is a ledger again.
"""

import asyncio
import os
from pathlib import Path

import msgspec
from msgspec import Struct

from tradewire.bus import Bus, Message
from tradewire.domain.switches import GLOBAL, LEVELS
from tradewire.errors import InvalidValue
from tradewire.messages.control import HaltCommand, KillCommand, parse
from tradewire.runtime.clock import Clock
from tradewire.runtime.logs import Log
from tradewire_router.brokers.errors import BrokerError
from tradewire_router.brokers.port import Broker
from tradewire_router.brokers.values import OrderRef
from tradewire_router.domain.state import RouterState
from tradewire_router.submit import Submitter

_AGAIN_SECONDS = 2.0


class Latch(Struct, frozen=True):
    """A halt that was heard directly. `at` in microseconds."""

    scope: str
    level: str
    by: str
    request: str
    at: int


_decode = msgspec.json.Decoder(list[Latch]).decode


class Panic:
    """Hears `control.halt.*` and `control.kill.*`, latches, and cancels on KILL."""

    def __init__(self, path: Path, account: str, clock: Clock, log: Log) -> None:
        self._path, self._account, self._clock, self._log = path, account, clock, log
        self._latches: dict[str, Latch] = {}
        self._killed: float = 0.0
        self.changed = asyncio.Event()
        if path.exists():
            for latch in _decode(path.read_bytes()):
                self._latches[latch.scope] = latch

    async def listen(self, bus: Bus) -> None:
        """Subscribes; every router hears every halt."""
        for verb in ("halt", "kill"):
            await bus.subscribe(f"control.{verb}.*", self._hear)

    def _hear(self, message: Message) -> None:
        _, verb, person = message.subject.split(".", 2)
        try:
            command = parse(verb, message.data)
        except InvalidValue:
            return  # ingest answers with what is wrong
        if not isinstance(command, HaltCommand | KillCommand):
            return
        scope = command.scope
        level = command.level if isinstance(command, HaltCommand) else "KILL"
        if scope not in {GLOBAL, f"account.{self._account}"} or level == "REDUCE_ONLY":
            return  # narrower scopes are held by the guards on the log alone
        held = self._latches.get(scope)
        if held and LEVELS.index(held.level) > LEVELS.index(level):
            return
        self._latches[scope] = Latch(scope, level, person, command.request, self._clock.now())
        self._write()
        self._log.warning("halted directly", scope=scope, level=level, by=person)
        self.changed.set()

    def _write(self) -> None:
        temporary = self._path.with_suffix(".new")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as out:
            out.write(msgspec.json.encode(list(self._latches.values())))
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(self._path)

    def settle(self, state: RouterState) -> None:
        """Lets go of what the log has taken over."""
        for scope, latch in tuple(self._latches.items()):
            switch = state.controls.switches.get(scope)
            in_force = switch is not None and LEVELS.index(switch.level) >= LEVELS.index(latch.level)
            if switch is not None and (in_force or switch.request == latch.request or switch.at > latch.at):
                del self._latches[scope]
                self._write()

    @property
    def latched(self) -> str:
        """Why nothing may be submitted, or nothing."""
        return "; ".join(f"{latch.level} of {scope} by {latch.by}" for scope, latch in self._latches.items())

    async def step(self, broker: Broker, submitter: Submitter) -> None:
        """Takes the latch to the submitter, and on KILL cancels what the broker shows until it shows nothing."""
        submitter.latched = self.latched
        if not any(latch.level == "KILL" for latch in self._latches.values()):
            return
        now = asyncio.get_running_loop().time()
        if now - self._killed < _AGAIN_SECONDS:
            return
        self._killed = now
        try:
            working = await broker.open_orders()
        except BrokerError as error:
            self._log.error("KILL cannot see what works", error=str(error))
            return
        for order in working:
            answer = await broker.cancel(OrderRef(order.client_order_id, order.broker_order_id, order.symbol))
            self._log.warning("KILL cancels", client_order_id=order.client_order_id, outcome=answer.outcome)
