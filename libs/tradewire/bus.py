"""One thin module over nats-py, with its known faults handled.

- nothing is buffered while disconnected (`pending_size=0`): a publish then fails at once and is not stored later;
- the client never gives up reconnecting, and notices a dead link within ten seconds;
- messages go to a plain function straight from the socket: no queue and no task per subscription, so a batch of
  messages is one turn of the loop, and nothing is dropped as a "slow consumer";
- every failure of a request is one error, `Unavailable`: what was asked may or may not have happened;
- pull requests (`tradewire.pull`) survive a reconnect, and a lost consumer is an error instead of silence.

The private names of nats-py that `tradewire.nats_client` relies on are pinned by tests/contract/bus.
"""

import asyncio
import contextlib
import itertools
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import msgspec
import nats.errors
from nats.aio.client import Client
from nats.aio.subscription import Subscription

from tradewire.delivery import Handler, Message
from tradewire.errors import Unavailable
from tradewire.nats_client import NatsClient
from tradewire.nats_credentials import Credentials
from tradewire.runtime.tasks import end_tasks
from tradewire.settings import Nats

_NO_RESPONDERS = 503
_MOST_REFUSALS = 100


__all__ = ["Bus", "Handler", "JetStreamError", "KeyRefused", "Message", "NobodyListens", "Stoppable", "address", "wire"]


class KeyRefused(Unavailable):
    """The server does not know the key; it may be told of it, or the key's file be mended."""


class NobodyListens(Unavailable):
    """What was asked reached nobody, so that nothing was done."""


_FIXES = {10074: "set nats.replicas to 1, or name a cluster in nats.url"}
"""What to do about refusals that come of a setting."""


class JetStreamError(Unavailable):
    """JetStream refused a request: its own code and description."""

    def __init__(self, code: int, description: str) -> None:
        fix = f": {_FIXES[code]}" if code in _FIXES else ""
        super().__init__(f"JetStream {code}: {description}{fix}")
        self.code, self.description = code, description


WAITING_SECONDS = 3.0
"""How long a server may take before whoever waits for it is told, and again and again from then on."""


def address(settings: Nats) -> str:
    """Where NATS is, for people: with the setting's name, and without the password or token that a URL may hold."""
    servers = (url.strip() for url in settings.url.split(","))
    bare = ",".join(re.sub(r"(?<=://)[^/]*@|^[^/]*@", "", url) for url in servers)
    return f"{bare} (nats.url, TRADEWIRE_NATS_URL)"


def _silent(_: str) -> None:
    """For whoever does not want to be told."""


class Stoppable(Protocol):
    """A subscription that can be ended."""

    async def stop(self) -> None: ...


def wire(subject: str, payload: bytes, *, reply: str = "", headers: Mapping[str, str] | None = None) -> bytes:
    """A publish as the NATS client protocol has it (PUB, HPUB). Header names and values must hold no line break."""
    to = f"{subject} {reply}" if reply else subject
    if headers is None:
        return b"PUB %b %d\r\n%b\r\n" % (to.encode(), len(payload), payload)
    head = "NATS/1.0\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
    raw = head.encode()
    return b"HPUB %b %d %d\r\n%b%b\r\n" % (to.encode(), len(raw), len(raw) + len(payload), raw, payload)


class _Direct:
    def __init__(self, client: NatsClient, subscription: Subscription) -> None:
        self._client, self._subscription = client, subscription

    async def stop(self) -> None:
        self._client.direct.pop(self._subscription._id, None)  # noqa: SLF001
        with contextlib.suppress(nats.errors.Error, OSError):
            await self._subscription.unsubscribe()


class Bus:
    """A connection to NATS."""

    def __init__(self, client: NatsClient) -> None:
        self._client = client
        self._reconnected: list[Callable[[], Awaitable[None]]] = []
        self.reconnects = 0
        """How often the link came back; whatever the server held only in memory may be gone since."""
        self.errors: int = 0
        self.last_error: str = ""
        self.refusals: set[str] = set()
        """What the server has said of subjects that it refuses, in lower case, since this connection was made."""
        self.closed = asyncio.Event()
        self.denied = asyncio.Event()
        """Set when the server refuses a subject; whoever looks into it clears it."""
        self._asked: dict[str, asyncio.Future[Message]] = {}
        self._answers = ""
        self._tokens = itertools.count()

    @classmethod
    async def connect(cls, settings: Nats, name: str, tell: Callable[[str], None] = _silent) -> "Bus":
        """Connects, waiting for the server as long as it takes; `tell` is told every 3 seconds what it waits for.

        Key and certificates are read from their files, now and at each reconnect.

        Raises:
            ConfigError: a file of the key or of TLS is missing, or is not what it should be.
            KeyRefused: the server does not know the key.
            Unavailable: the address is none.
        """
        credentials = Credentials(settings)
        credentials.verify()
        client = NatsClient(credentials)
        bus = cls(client)

        refused = asyncio.Event()

        async def on_error(error: Exception) -> None:
            bus.errors += 1
            bus.last_error = str(error) or type(error).__name__
            if "authorization" in bus.last_error.lower():
                refused.set()
            elif "permissions violation" in bus.last_error.lower():
                bus.denied.set()
                if len(bus.refusals) < _MOST_REFUSALS:
                    bus.refusals.add(bus.last_error.lower())

        async def on_reconnected() -> None:
            bus.reconnects += 1
            for callback in bus._reconnected:
                await callback()

        async def on_disconnected() -> None:
            bus.refusals.clear()  # what the next connection is refused is said before it counts as made

        async def on_closed() -> None:
            bus.closed.set()

        user = settings.user or name
        connecting = asyncio.ensure_future(
            client.connect(
                settings.url.split(","),
                name=name,
                inbox_prefix=f"_INBOX.{user}",
                pending_size=0,
                ping_interval=5,
                max_outstanding_pings=2,
                connect_timeout=2,
                allow_reconnect=True,
                max_reconnect_attempts=-1,
                reconnect_time_wait=0.2,  # type: ignore[arg-type]
                error_cb=on_error,
                disconnected_cb=on_disconnected,
                reconnected_cb=on_reconnected,
                closed_cb=on_closed,
            )
        )
        # nats-py tries for ever, also with a key that the server refuses.
        refusal = asyncio.ensure_future(refused.wait())
        try:
            ends = {connecting, refusal}
            while not (await asyncio.wait(ends, timeout=WAITING_SECONDS, return_when=asyncio.FIRST_COMPLETED))[0]:
                tell(f"no NATS server answers at {address(settings)}: {bus.last_error or 'nothing is heard'}")
            if not connecting.done():
                raise KeyRefused(f"NATS at {address(settings)} refuses the key of {user}: {bus.last_error}")
            connecting.result()
        except (OSError, ValueError, nats.errors.Error) as error:
            raise Unavailable(f"cannot connect to NATS at {address(settings)} as {user}: {error}") from error
        finally:
            await end_tasks(connecting, refusal)
            if not client.is_connected:
                client.abandon()
        return bus

    @property
    def connected(self) -> bool:
        """True while the link is up."""
        return bool(self._client.is_connected)

    @property
    def server_certificate_ends(self) -> str:
        """When the certificate of the server ends, as OpenSSL writes it; empty without TLS."""
        return self._client.peer_certificate_ends

    async def reconnect(self) -> None:
        """Connects anew, so that the server considers every subscription once more."""
        await self._client.force_reconnect()

    @property
    def client(self) -> Client:
        """The nats-py client, for nats.micro alone."""
        return self._client

    def on_reconnected(self, callback: Callable[[], Awaitable[None]]) -> None:
        """Calls back after each reconnect."""
        self._reconnected.append(callback)

    def inbox(self) -> str:
        """A new subject that only this connection hears."""
        return str(self._client.new_inbox())

    async def publish(
        self, subject: str, payload: bytes, *, reply: str = "", headers: dict[str, str] | None = None
    ) -> None:
        """Publishes; when it returns the bytes are on their way, no more.

        Raises:
            Unavailable: when the link is down; nothing is sent later.
        """
        self._fits(subject, payload)
        await self.send([wire(subject, payload, reply=reply, headers=headers)])

    def _fits(self, subject: str, payload: bytes) -> None:
        if len(payload) > self._client.max_payload:
            raise Unavailable(
                f"{subject}: {len(payload)} bytes are more than NATS carries ({self._client.max_payload})"
            )

    async def publish_many(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Publishes many messages without headers in one write.

        Raises:
            Unavailable: when the link is down.
        """
        await self.send([wire(subject, payload) for subject, payload in messages])

    async def send(self, wired: Sequence[bytes]) -> None:
        """Writes messages made by `wire`, all in one write.

        Raises:
            Unavailable: when the link is down; nothing is sent later.
        """
        if not wired:
            return
        try:
            await self._client.send_raw(b"".join(wired))
        except (nats.errors.Error, OSError) as error:
            raise Unavailable(f"not sent: {type(error).__name__} {error}") from error

    async def request(
        self, subject: str, payload: bytes, *, timeout: float = 1.0, headers: Mapping[str, str] | None = None
    ) -> Message:
        """Asks and waits for one answer, `timeout` seconds.

        Raises:
            NobodyListens: the request reached nobody.
            Unavailable: the link is down, or no answer came; the request may have been carried out.
        """
        self._fits(subject, payload)
        if not self._answers:
            answers = self.inbox()
            await self.subscribe(f"{answers}.*", self._answered)
            self._answers = answers  # only now: whoever is cancelled before leaves nothing behind that hears nothing
        token = str(next(self._tokens))
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._asked[token] = answer
        try:
            await self.send([wire(subject, payload, reply=f"{self._answers}.{token}", headers=headers)])
            async with asyncio.timeout(timeout):
                message = await answer
        except TimeoutError:
            raise Unavailable(f"request on {subject}: no answer in {timeout:g} s") from None
        finally:
            del self._asked[token]
        if message.status == _NO_RESPONDERS:
            raise NobodyListens(f"request on {subject}: nobody listens")
        return message

    def _answered(self, message: Message) -> None:
        waiting = self._asked.get(message.subject.rsplit(".", 1)[1])
        if waiting is not None and not waiting.done():
            waiting.set_result(message)

    async def subscribe(self, subject: str, handler: Handler, *, queue: str = "") -> Stoppable:
        """Hands every message on a subject to `handler`, at once and in order; it must neither block nor raise."""
        subscription = await self._client.subscribe(subject, queue=queue)
        self._client.direct[subscription._id] = handler  # noqa: SLF001
        return _Direct(self._client, subscription)

    async def api(self, verb: str, request: Any = None, *, timeout: float = 5.0) -> dict[str, Any]:
        """Calls `$JS.API.<verb>`.

        Raises:
            JetStreamError: the server refused.
            Unavailable: no answer.
        """
        payload = msgspec.json.encode(request) if request is not None else b""
        reply = await self.request(f"$JS.API.{verb}", payload, timeout=timeout)
        answer: dict[str, Any] = msgspec.json.decode(reply.data)
        if error := answer.get("error"):
            raise JetStreamError(error.get("err_code", error.get("code", 0)), error.get("description", ""))
        return answer

    async def direct_get(
        self, stream: str, sequence: int, *, batch: int, max_bytes: int = 4 << 20, timeout: float = 5.0
    ) -> list[Message]:
        """Reads up to `batch` stored messages from `sequence` on, without a consumer.

        The server gives the next stored one when `sequence` is gone, so the caller checks what it got.

        Raises:
            Unavailable: the stream does not answer or the read broke off.
        """
        got: list[Message] = []
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def take(message: Message) -> None:
            if message.status:
                if not done.done():
                    done.set_result(message.status)
            else:
                got.append(message)

        inbox = self.inbox()
        subscription = await self.subscribe(inbox, take)
        try:
            request = msgspec.json.encode({"seq": sequence, "batch": batch, "max_bytes": max_bytes})
            await self.publish(f"$JS.API.DIRECT.GET.{stream}", request, reply=inbox)
            async with asyncio.timeout(timeout):
                status = await done
        except TimeoutError:
            raise Unavailable(f"reading {stream} from {sequence}: no answer") from None
        finally:
            await subscription.stop()
        if status == 503:
            raise Unavailable(f"reading {stream}: nobody answers")
        return got

    async def flush(self, *, timeout: int = 2) -> None:
        """Waits until the server has everything that was published.

        Raises:
            Unavailable: the link is down or slow.
        """
        try:
            # nats-py pings past what is still pending, so that goes first.
            await self._client.send_raw()
            await self._client.flush(timeout)
        except (nats.errors.Error, OSError, TimeoutError) as error:
            raise Unavailable(f"flush: {error}") from error

    async def close(self) -> None:
        """Closes at once, after what is written has been flushed where the link is up."""
        with contextlib.suppress(Unavailable):
            if self.connected:
                await self.flush(timeout=1)
        await self._client.close()
