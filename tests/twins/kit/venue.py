"""What a broker's model offers to the server: it takes calls and verbs, and says what to answer and to push."""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from tests.twins.kit.clock import Clock


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it came over HTTP; header names are in lower case."""

    method: str
    path: str
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    body: str = ""

    @property
    def name(self) -> str:
        """What faults are armed on."""
        return f"{self.method} {self.path}"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What goes back: `body` is sent as JSON, None as no body at all."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = {}


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """A message for everybody who listens to `channel`; `kind` is what faults are armed on."""

    channel: str
    kind: str
    message: dict[str, Any]

    @property
    def name(self) -> str:
        return f"push {self.channel} {self.kind}"


class Session(Protocol):
    """One stream's protocol, without the socket: frames in, frames out. `ready` says that the client has subscribed."""

    channel: str
    ready: bool
    closing: bool

    def opened(self) -> list[str | bytes]:
        """What the server says first."""

    def received(self, frame: str | bytes) -> list[str | bytes]:
        """What a frame is answered with; `closing` is set when the server hangs up after it."""

    def framed(self, push: Push) -> str | bytes | None:
        """A message as this client wants it; None when it does not listen to it."""

    def readable(self, frame: str | bytes) -> object:
        """A frame as the journal shows it."""


class Venue(Protocol):
    """A broker's model. All that it does follows from its calls and verbs and from the clock's time at each."""

    name: str
    clock: Clock
    secret_names: frozenset[str]

    def refused(self, call: Call) -> Answer | None:
        """The answer to a call without good keys or above the rate; None when it may go on."""

    def changes(self, call: Call) -> bool:
        """Whether a call may change the state, so that it has to be kept."""

    def handle(self, call: Call) -> Answer:
        """Handles a call."""

    def do(self, verb: str, args: dict[str, Any]) -> Any:
        """What only the venue's own people can do. Raises ValueError for what it does not know."""

    def taken(self) -> list[Push]:
        """The messages made since it was last asked."""

    def ledger(self) -> dict[str, Any]:
        """Orders, executions, positions and cash as the venue has them."""

    def verbs(self) -> Mapping[str, str]:
        """Its verbs, with a line on each."""

    def session(self, path: str, headers: Mapping[str, str], others: int) -> Session | Answer | None:
        """The protocol of a stream at this path, where `others` are open already; an answer refuses the handshake,
        None says that there is no stream here."""
