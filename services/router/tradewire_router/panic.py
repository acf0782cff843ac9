"""The panic path: a halt or kill that routers hear directly and act on before the log shows it (DESIGN §2, Switches).

It is the only act outside the log, and it can only reduce: submitting stops at once, and a KILL cancels what works at
the broker even while the ledger is down. It is latched in memory and in a file until the log holds the same request or
a later resume. What was canceled is written to a journal beside the latch, and what the broker says of it is appended
as facts, as soon as there is a ledger again.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from tradewire.bus import Bus, Message
from tradewire.domain.switches import LEVELS, NOT_IN_LOG, account_scopes
from tradewire.errors import ConfigError, InvalidValue
from tradewire.lease import Lease
from tradewire.messages.control import HaltCommand, KillCommand
from tradewire.messages.control_parse import parse
from tradewire.runtime.clock import Clock
from tradewire.runtime.logs import Log
from tradewire_router.brokers.errors import BrokerError
from tradewire_router.brokers.port import Broker
from tradewire_router.cancel import cancel_all
from tradewire_router.domain.state import RouterState

_AGAIN_SECONDS = 2.0


class Latch(Struct, frozen=True):
    """A halt that was heard directly. `at` in microseconds."""

    scope: str
    level: str
    by: str
    request: str
    at: int


class Entry(Struct, frozen=True):
    """One pass of canceling, in the journal: for whose requests, and the outcome by client order id."""

    at: int
    requests: tuple[str, ...]
    outcomes: dict[str, str]


_decode = msgspec.json.Decoder(list[Latch]).decode


class Panic:
    """Hears `control.halt.*` and `control.kill.*`, latches, and cancels on KILL."""

    def __init__(
        self,
        folder: Path,
        account: str,
        broker: str,
        clock: Clock,
        lease: Lease,
        open_broker: Callable[[], Broker],
        log: Log,
    ) -> None:
        """Takes up the latches of the process before.

        Raises:
            ConfigError: their file cannot be read, so that it is not known whether anything may be sent.
        """
        self._path = folder / f"router-{account}-latch.json"
        self._journal = folder / f"router-{account}-panic.jsonl"
        self._scopes = frozenset(account_scopes(account, broker))
        self._clock, self._lease, self._log = clock, lease, log
        self._open_broker = open_broker
        self._latches: dict[str, Latch] = {}
        self._changed = asyncio.Event()
        self.session: Broker | None = None
        """The broker's session of the router at work; without one, a KILL opens its own."""
        try:
            held = _decode(self._path.read_bytes()) if self._path.exists() else []
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            fix = "Remove it if no halt is meant to be in force."
            raise ConfigError(str(self._path), f"cannot be read: {error}", fix) from None
        self._latches.update((latch.scope, latch) for latch in held)

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
        if scope not in self._scopes or level == "REDUCE_ONLY":
            return  # narrower scopes are held by the guards on the log alone
        held = self._latches.get(scope)
        if held and LEVELS.index(held.level) > LEVELS.index(level):
            return
        self._latches[scope] = Latch(scope, level, person, command.request, self._clock.now())
        self._changed.set()
        self._log.warning("halted directly", scope=scope, switch=level, by=person)
        self._write()

    def _write(self) -> None:
        temporary = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as out:
                out.write(msgspec.json.encode(list(self._latches.values())))
                out.flush()
                os.fsync(out.fileno())
            temporary.replace(self._path)
        except OSError as error:
            self._log.error("a latched halt cannot be written down; it holds until this process ends", error=str(error))

    def settle(self, state: RouterState) -> None:
        """Lets go of what the log has taken over, or has lifted since."""
        for scope, latch in tuple(self._latches.items()):
            switch = state.controls.switches.get(scope)
            in_force = switch is not None and LEVELS.index(switch.level) >= LEVELS.index(latch.level)
            if in_force or latch.request in state.requests or state.resumed_at.get(scope, 0) > latch.at:
                del self._latches[scope]
                self._write()

    def latched(self) -> str:
        """Why nothing may be submitted, or nothing."""
        return "; ".join(
            f"{latch.level} of {scope} by {latch.by}, {NOT_IN_LOG}" for scope, latch in self._latches.items()
        )

    @property
    def _kills(self) -> tuple[str, ...]:
        return tuple(latch.request for latch in self._latches.values() if latch.level == "KILL")

    async def run(self) -> None:
        """Cancels while a KILL is latched: what the broker shows, again and again until it shows nothing."""
        own: Broker | None = None
        try:
            while True:
                self._changed.clear()
                if own is not None and (self.session is not None or not self._kills):
                    await own.close()
                    own = None
                if not self._kills:
                    await self._changed.wait()
                    continue
                if self.session is None and own is None and self._lease.holder == self._lease.instance:
                    # The lease ran out because nobody answers: nobody else has it, as far as anyone can know.
                    own = self._open_broker()
                if broker := self.session or own:
                    await self._cancel(broker)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_AGAIN_SECONDS):
                        await self._changed.wait()
        finally:
            if own is not None:
                await own.close()

    async def _cancel(self, broker: Broker) -> None:
        requests = self._kills
        try:
            if broker is not self.session:
                await broker.connect()
            working = await broker.open_orders()
        except BrokerError as error:
            self._log.error("KILL cannot see what works", error=str(error))
            return
        outcomes = await cancel_all(broker, working, self._log, "KILL cancels")
        if outcomes:
            self._note(Entry(self._clock.now(), requests, outcomes))

    def _note(self, entry: Entry) -> None:
        try:
            with self._journal.open("ab") as out:
                out.write(msgspec.json.encode(entry) + b"\n")
                out.flush()
                os.fsync(out.fileno())
        except OSError as error:
            self._log.error("the journal of a KILL cannot be written", error=str(error), entry=_plain(entry))


def _plain(entry: Entry) -> Any:
    return msgspec.to_builtins(entry)
