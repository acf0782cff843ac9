"""A person's connection to the running system: questions to the reader, commands to ingest, signals, and events.

Everything that may be asked again is asked again with the same id until there is an answer or the time is over; after
that the outcome is unknown, and the error says so.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import uuid4

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tradewire import subjects
from tradewire.bus import Bus, Message
from tradewire.errors import Unavailable
from tradewire.messages import answers, control, queries
from tradewire.messages.answers import QueryError
from tradewire.permissions import user_of
from tradewire.settings import Nats
from tradewire.traces.context import HEADER, parse
from tradewire_cli.exits import Exit, Failed
from tradewire_cli.finding import folder_of, settings_if_right
from tradewire_cli.up.runfile import running

CONNECT_SECONDS: Final = 5.0
ASK_SECONDS: Final = 10.0
COMMAND_SECONDS: Final = 15.0
SEND_SECONDS: Final = 15.0
_TRY_SECONDS: Final = 3.0
_CONTROL_TRY_SECONDS: Final = 7.0
_PAUSE_SECONDS: Final = 0.2
_AGAIN: Final = frozenset({"BUSY", "UNAVAILABLE"})
_WHAT: Final = {kind: what for what, kind in queries.QUERIES.items()}

MOST_ROWS: Final = 1_000_000

Page = TypeVar("Page", bound=Struct)
Paged = queries.OrdersQuery | queries.FillsQuery | queries.PositionsQuery | queries.InstrumentsQuery


class Place(Struct, frozen=True):
    """Where a system is, and as whom it is spoken to."""

    nats: Nats
    shard: str
    person: str


class Published(Struct, frozen=True):
    """A signal is on disk. `duplicate` when one with the same id was there already."""

    sequence: int
    duplicate: bool


class QueryFailed(Failed):
    """The reader refuses a question; `error` is its answer."""

    def __init__(self, error: QueryError) -> None:
        code = Exit.REFUSED if error.code in {"UNKNOWN_ORDER", "AMBIGUOUS_ORDER"} else Exit.WRONG_USE
        super().__init__(code, _told(error.message, error.expected))
        self.error = error


class CommandFailed(Failed):
    """Ingest refuses a command; `reply` is its answer."""

    def __init__(self, reply: control.ControlReply) -> None:
        super().__init__(Exit.REFUSED, f"{reply.code}: {_told(reply.message, reply.expected)}")
        self.reply = reply


class _Ack(Struct, frozen=True):
    seq: int = 0
    duplicate: bool = False
    error: dict[str, str | int] = {}


_STREAM_IS_FULL = 10077


def _why(error: Mapping[str, str | int]) -> str:
    if error.get("err_code") == _STREAM_IS_FULL:
        return "it is full, and nothing in it is dropped for new signals; raise ingest.stream_max_bytes and reload"
    return str(error.get("description"))


def place_of(data: Path | None, person: str) -> Place:
    """Finds the running system by its data folder; without one there, by the settings, if they name a key for NATS.

    Raises:
        Failed: nothing runs, or the person has no key.
    """
    user = user_of("person", person)
    settings, folder = settings_if_right(), folder_of(data)
    run = running(folder.run_file)
    if run is None:
        if data is None and settings is not None and settings.nats.nkey_file:
            return Place(replace(settings.nats, user=user), settings.shard, person)
        raise Failed(
            Exit.NOT_RUNNING,
            f"nothing runs in {folder.path}; start it with `tradewire up`, or name its folder with --data",
        )
    seed = folder.seed_of(user)
    if not seed.exists():
        raise Failed(
            Exit.WRONG_USE, f"{person} has no key in {folder.keys}; make one with `tradewire keys add person {person}`"
        )
    if not os.access(seed, os.R_OK):
        raise Failed(Exit.WRONG_USE, f"the key {seed} is not yours to read; use --as, or the account that runs it")
    return Place(Nats(url=run.urls["nats"], nkey_file=str(seed), user=user), run.shard, person)


@asynccontextmanager
async def connected(place: Place) -> AsyncIterator["Client"]:
    """Connects, and closes at the end.

    Raises:
        Failed: nobody answers, or the key is refused.
    """
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            bus = await Bus.connect(place.nats, place.nats.user)
    except TimeoutError:
        raise Failed(
            Exit.NOT_RUNNING, f"NATS does not answer at {place.nats.url}; `tradewire status` says what runs"
        ) from None
    except Unavailable as error:
        raise Failed(Exit.REFUSED, f"{error}; was it revoked? `tradewire keys list` says which are valid") from None
    try:
        yield Client(bus, place)
    finally:
        await bus.close()


class Client:
    """What a person can ask, do and hear."""

    def __init__(self, bus: Bus, place: Place) -> None:
        self.bus, self.shard, self.person = bus, place.shard, place.person

    async def ask(self, query: queries.Query, kind: type[Page]) -> Page:
        """Asks the reader; `kind` is the answer that belongs to the question.

        Raises:
            QueryFailed: the question is refused, with the reader's reason.
            Unavailable: no answer.
        """
        subject = subjects.query(self.shard, _WHAT[type(query)])
        payload = msgspec.json.encode(query)

        async def once() -> answers.Reply | None:
            reply = answers.decode_reply((await self.bus.request(subject, payload, timeout=_TRY_SECONDS)).data)
            return None if isinstance(reply, QueryError) and reply.code in _AGAIN else reply

        reply = await _until_answered(once, ASK_SECONDS, "the reader does not answer; `tradewire status` says why")
        if isinstance(reply, QueryError):
            raise QueryFailed(reply)
        if not isinstance(reply, kind):
            raise TypeError(f"{type(reply).__name__} instead of {kind.__name__}")
        return reply

    async def ask_all(self, query: Paged, kind: type[Page], rows: str, limit: int = MOST_ROWS) -> Page:
        """Asks page after page for `limit` rows at most. `rows` is the field of the answer that holds them.

        Raises as `ask` does.
        """
        found: list[Any] = []
        while True:
            if not isinstance(query, queries.PositionsQuery):
                query = replace(query, limit=min(limit - len(found), queries.MAX_ROWS))
            page = await self.ask(query, kind)
            found.extend(getattr(page, rows))
            cursor: str = getattr(page, "cursor")  # noqa: B009 - every page has one, but no base names it
            if not cursor or len(found) >= limit:
                return replace(page, **{rows: tuple(found[:limit])})
            query = replace(query, cursor=cursor)

    async def order_id(self, text: str) -> str:
        """The whole id of the one order that a text names: its id, the beginning of it, or its signal's id.

        Raises as `ask` does.
        """
        return (await self.ask(queries.OrderQuery(id=text), answers.OrderStory)).order.order

    async def find_order(self, text: str, after: int = 0) -> answers.OrderStory | None:
        """The order that a text names, with its events after a position; None when there is no such order yet.

        Raises as `ask` does.
        """
        try:
            return await self.ask(queries.OrderQuery(id=text, after=after), answers.OrderStory)
        except QueryFailed as error:
            if error.error.code == "UNKNOWN_ORDER":
                return None
            raise

    async def command(self, verb: str, command: control.ControlCommand) -> control.ControlReply:
        """Gives a command, with the same request id until it is answered.

        Raises:
            CommandFailed: it is refused.
            Unavailable: no answer; the command may have been carried out.
        """
        subject = subjects.control(verb, self.person)
        payload = control.encode(command)

        async def once() -> control.ControlReply | None:
            message = await self.bus.request(subject, payload, timeout=_CONTROL_TRY_SECONDS, headers=_caller() or None)
            reply = control.decode_reply(message.data)
            return None if reply.code in _AGAIN else reply

        unknown = f"{verb} was not answered, so whether it is in the log is unknown; `tradewire status` says what runs"
        reply = await _until_answered(once, COMMAND_SECONDS, unknown)
        if not reply.ok:
            raise CommandFailed(reply)
        return reply

    async def publish(self, signal_id: str, body: bytes) -> Published:
        """Publishes a signal by hand until JetStream has it on disk. The same id is the same signal, however often.

        Raises:
            Failed: JetStream refuses it, such as when SIGNALS is full.
            Unavailable: no answer; the signal may be on disk.
        """
        subject = subjects.manual_signals(self.person)
        headers = {"Nats-Msg-Id": f"{subjects.MANUAL_STRATEGY}:{signal_id}", **_caller()}
        tried = False

        async def once() -> Published | None:
            nonlocal tried
            again, tried = tried, True
            ack = msgspec.json.decode(await self._acknowledged(subject, body, headers), type=_Ack)
            if ack.error:
                raise Failed(Exit.REFUSED, f"SIGNALS does not take it: {_why(ack.error)}")
            return Published(ack.seq, ack.duplicate and not again)

        unknown = (
            f"signal {signal_id} was not acknowledged; send it again with --id {signal_id}, it trades once at most"
        )
        return await _until_answered(once, SEND_SECONDS, unknown)

    async def _acknowledged(self, subject: str, body: bytes, headers: dict[str, str]) -> bytes:
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()

        def take(message: Message) -> None:
            if not answer.done():
                answer.set_result(message)

        inbox = self.bus.inbox()
        subscription = await self.bus.subscribe(inbox, take)
        try:
            await self.bus.publish(subject, body, reply=inbox, headers=headers)
            async with asyncio.timeout(_TRY_SECONDS):
                message = await answer
        except TimeoutError:
            raise Unavailable(f"{subject}: not acknowledged") from None
        finally:
            await subscription.stop()
        if message.status:
            raise Unavailable(f"{subject}: nobody keeps it")
        return message.data

    @asynccontextmanager
    async def news(self) -> AsyncIterator[asyncio.Event]:
        """Gives something that is set whenever an event is announced. What was announced is then asked for."""
        heard = asyncio.Event()
        subscription = await self.bus.subscribe(f"events.{self.shard}.>", lambda _: heard.set())
        await self.bus.flush()
        try:
            yield heard
        finally:
            await subscription.stop()


def _caller() -> dict[str, str]:
    """The trace that this command is part of, where its caller says so in TRACEPARENT, as headers."""
    context = parse(os.environ.get("TRACEPARENT", ""))
    return {HEADER: context.header} if context else {}


def new_request() -> str:
    """An id for a command, made once and sent again with every try."""
    return f"cli-{uuid4()}"


Answer = TypeVar("Answer")


async def _until_answered(once: Callable[[], Awaitable[Answer | None]], limit: float, unknown: str) -> Answer:
    try:
        async with asyncio.timeout(limit):
            while True:
                with contextlib.suppress(Unavailable, msgspec.DecodeError):
                    if (answer := await once()) is not None:
                        return answer
                await asyncio.sleep(_PAUSE_SECONDS)
    except TimeoutError:
        raise Unavailable(unknown) from None


def _told(message: str, expected: str) -> str:
    return f"{message}; expected {expected}" if expected else message
