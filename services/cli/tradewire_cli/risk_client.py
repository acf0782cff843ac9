"""Questions to risk, whose leader alone answers."""

import asyncio
import contextlib
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from tradewire import subjects
from tradewire.errors import Unavailable
from tradewire.messages import risk_queries
from tradewire.messages.risk_queries import Question, RiskRefused
from tradewire_cli.client import ASK_SECONDS, Client
from tradewire_cli.exits import Exit, Failed
from tradewire_cli.views.events import refusal

_TRY_SECONDS: Final = 3.0
_PAUSE_SECONDS: Final = 0.2
_WHAT: Final = {kind: what for what, kind in risk_queries.QUESTIONS.items()}

Answer = TypeVar("Answer", bound=Struct)


class RiskSaysNo(Failed):
    """Risk refuses a question; `refused` is its answer."""

    def __init__(self, refused: RiskRefused) -> None:
        super().__init__(Exit.REFUSED, refusal(refused))
        self.refused = refused


async def ask_risk(client: Client, question: Question, kind: type[Answer]) -> Answer:
    """Asks until there is an answer; `kind` is the one that belongs to the question.

    Raises:
        RiskSaysNo: the question is refused.
        Unavailable: no answer in time, with what risk said last if it said that it could not tell.
    """
    subject, payload = subjects.risk_query(client.shard, _WHAT[type(question)]), risk_queries.encode(question)
    said = ""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(ASK_SECONDS):
            while True:
                with contextlib.suppress(Unavailable, msgspec.DecodeError):
                    message = await client.bus.request(subject, payload, timeout=_TRY_SECONDS)
                    reply = risk_queries.decode_reply(message.data)
                    if isinstance(reply, kind):
                        return reply
                    if not isinstance(reply, RiskRefused):
                        raise TypeError(f"{type(reply).__name__} instead of {kind.__name__}")
                    if reply.code != "UNAVAILABLE":
                        raise RiskSaysNo(reply)
                    said = reply.message
                await asyncio.sleep(_PAUSE_SECONDS)
    why = f": {said}" if said else ""
    raise Unavailable(f"risk does not answer{why}; `tradewire status` says what runs")
