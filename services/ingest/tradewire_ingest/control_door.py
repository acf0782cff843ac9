"""The command door: `control.<verb>.<person>`, answered after the commit by whichever replica hears it.

Who asks is proved by the subject. A command that throws a switch is carried out whatever else is wrong, as long as the
ledger answers; the others need a state that is in step with the log.
"""

import asyncio
import contextlib
import time
from typing import Any

from tradewire.append import Appender
from tradewire.bus import Bus, Message, Stoppable
from tradewire.domain import names
from tradewire.domain.quoting import quoted
from tradewire.errors import Unavailable
from tradewire.messages import control
from tradewire.messages.control import (
    ControlCommand,
    ControlRefused,
    ControlReply,
    HaltCommand,
    KillCommand,
    PauseCommand,
)
from tradewire.messages.control_parse import parse
from tradewire.messages.log import Command, Result
from tradewire.runtime.clock import Clock
from tradewire.runtime.service import Service
from tradewire.settings import Risk, Settings
from tradewire.traces.steps import command_context
from tradewire_ingest.command_spans import spans_of
from tradewire_ingest.domain.attempts import attempt
from tradewire_ingest.domain.commands import Plan, Sender, refuse, reused
from tradewire_ingest.domain.objects import named_in
from tradewire_ingest.domain.repeats import repeated
from tradewire_ingest.follower import Follower, until
from tradewire_ingest.handlers import on_command
from tradewire_ingest.lookups import Found, Lookups, NotOne
from tradewire_ingest.metrics import Metrics
from tradewire_ingest.people import count_people, known_strategies

QUEUE_GROUP = "ingest"
MOST_AT_ONCE = 200
ANSWER_SECONDS = 5.0
BEHIND_SECONDS = 1.0
STEP_SECONDS = 0.02
_SAME_AGAIN = "the same request again"


class ControlDoor:
    """Carries out people's commands; each is a task of its own, so that a kill waits for nobody."""

    def __init__(self, service: Service, follower: Follower, lookups: Lookups, clock: Clock, metrics: Metrics) -> None:
        self.settings = service.settings
        self._bus: Bus = service.bus
        self._log = service.log
        self._follower, self._lookups, self._clock, self._metrics = follower, lookups, clock, metrics
        self._traces = service.traces
        self._appender = Appender(service.bus, service.settings.shard, "ingest", traced=self._traces is not None)
        self._tasks: set[asyncio.Task[None]] = set()
        self._subscription: Stoppable | None = None

    def configure(self, settings: Settings) -> None:
        """Takes accounts, people and the configuration's limits from reloaded settings."""
        self.settings = settings

    async def open(self) -> None:
        """Begins to listen."""
        self._subscription = await self._bus.subscribe("control.*.*", self._hear, queue=QUEUE_GROUP)

    async def close(self) -> None:
        """Stops listening, and lets what was begun come to its answer."""
        if self._subscription is not None:
            await self._subscription.stop()
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=ANSWER_SECONDS)

    def _hear(self, message: Message) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(message, busy=len(self._tasks) >= MOST_AT_ONCE))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, message: Message, *, busy: bool) -> None:
        _, verb, person = message.subject.split(".")
        began = time.time_ns()
        if busy:
            reply = refuse("BUSY", "", f"{MOST_AT_ONCE} commands are being carried out", _SAME_AGAIN)
        else:
            reply = await self._answer(verb, person, message.data)
        self._metrics.commands.labels(verb if verb in control.VERBS else "unknown", reply.code).inc()
        say = self._log.info if reply.ok else self._log.warning
        told: dict[str, Any] = named_in(message.data) | ({"order": reply.orders[0]} if len(reply.orders) == 1 else {})
        if reply.positions:
            told["pos"] = reply.positions[-1]
        say("command", verb=verb, person=person, code=reply.code, answer=reply.message, **told)
        if self._traces is not None:
            self._traces.offer(spans_of(message, reply, began, time.time_ns()))
        if message.reply:
            with contextlib.suppress(Unavailable):
                await self._bus.publish(message.reply, control.encode(reply))
        if (tried := attempt(verb, f"person:{person}", message.data, reply, self._clock.now())) is not None:
            await self._record(tried)

    async def _record(self, tried: Command) -> None:
        """Puts a refused command on record; it has its answer already, and while there is no ledger only a log line."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._appender.append((tried,))
        except (TimeoutError, Unavailable) as error:
            self._log.warning("a refused command is not on record", error=str(error))

    async def _answer(self, verb: str, person: str, payload: bytes) -> ControlReply:
        if not names.is_name(person):
            return refuse("INVALID_MESSAGE", "person", f"{quoted(person)} is no name", "control.<verb>.<your name>")
        try:
            command = parse(verb, payload)
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._carry_out(command, f"person:{person}")
        except ControlRefused as refused:
            return refused.reply()
        except TimeoutError:
            return refuse("UNAVAILABLE", "", "the ledger does not answer; the command may be recorded", _SAME_AGAIN)
        except Unavailable as error:
            return refuse("UNAVAILABLE", "", str(error), _SAME_AGAIN)

    async def _carry_out(self, command: ControlCommand, identity: str) -> ControlReply:
        await self._know_enough(command)
        while True:
            sender = self._sender(identity)
            outcome = await on_command(command, sender, self._follower.state, self._find_order)
            if isinstance(outcome, ControlReply):
                return outcome
            context = command_context(command.request) if self._traces is not None else None
            results = await self._appender.append(outcome.commands, context=context)
            if (reply := await self._reply(command, sender, outcome, results)) is not None:
                return reply

    def _sender(self, identity: str) -> Sender:
        settings = self.settings
        limits = frozenset(name for name in Risk.__struct_fields__ if getattr(settings.risk, name))
        return Sender(
            identity,
            self._clock.now(),
            settings.accounts,
            limits,
            count_people(settings),
            known_strategies(settings),
        )

    async def _know_enough(self, command: ControlCommand) -> None:
        """Waits for the state that a command is decided on: a kill needs none, other halts any, the rest the newest."""
        if isinstance(command, KillCommand) or (isinstance(command, HaltCommand) and command.level == "KILL"):
            return
        follower = self._follower
        halts = isinstance(command, HaltCommand | PauseCommand)
        await until((lambda: follower.started) if halts else (lambda: follower.live))

    async def _reply(
        self, command: ControlCommand, sender: Sender, plan: Plan, results: list[Result]
    ) -> ControlReply | None:
        """What to answer after an append; None is to decide once more, on a newer state."""
        failed = next((result for result in results if not result.stored), None)
        if failed is None:
            positions = tuple(position for result in results for position in result.positions)
            return ControlReply(
                ok=True,
                code=plan.code,
                message=plan.message,
                positions=positions,
                orders=plan.orders,
                warning=plan.warning,
            )
        if failed.code == "version_conflict":
            await asyncio.sleep(STEP_SECONDS)
            return None
        if failed.code == "id_reused":
            return await self._recorded_otherwise(command, sender)
        return refuse("LEDGER_REFUSED", "", f"the ledger answers {failed.code}: {failed.message}", _SAME_AGAIN)

    async def _recorded_otherwise(self, command: ControlCommand, sender: Sender) -> ControlReply:
        """The log holds the request with other events: as a cancel of other orders, or as another request."""
        state = self._follower.state
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(BEHIND_SECONDS):
                await until(lambda: state.requests.get(command.request) is not None)
        return repeated(command, sender, state) or reused(command)

    async def _find_order(self, beginning: str) -> Found | NotOne:
        return await self._lookups.order(beginning, self._follower.replica.pos)
