"""Asks every process of a running system how it is."""

import asyncio
import contextlib
import re
from typing import Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from tradewire import subjects
from tradewire.bus import Message
from tradewire.domain.times import SECOND
from tradewire.messages.beats import HEARTBEAT_SECONDS, decode_service_beat
from tradewire.runtime.health import words
from tradewire_cli.client import Client
from tradewire_cli.engines import probe
from tradewire_cli.heard import Heard, heard_in
from tradewire_cli.up.runfile import Run, alive
from tradewire_cli.views.status import Budget, ProcessState

_LISTEN_SECONDS: Final = 2.5 * HEARTBEAT_SECONDS
_BEATING: Final = frozenset({"sequencer", "reader", "ingest", "risk", "router"})
"""Without one of these nothing is traded."""
_BUDGET: Final = re.compile(rb"^tradewire_router_broker_requests_(left|per_minute)\{[^}]*\} (\S+)", re.MULTILINE)


async def heard_by_routers(run: Run | None) -> tuple[Heard, ...]:
    """The halts that routers keep to, although the log does not hold them."""
    return heard_in(state.problem for state in await processes(run))


async def processes(run: Run | None) -> tuple[ProcessState, ...]:
    """How each process that ought to run is, asked all at once."""
    looking = [] if run is None else [_process(run, name) for name in expected(run)]
    return tuple(await asyncio.gather(*looking))


async def beating(client: Client) -> tuple[ProcessState, ...]:
    """How each process is that says so over NATS, such as those of a cluster, and which ought to and do not."""
    heard: dict[str, ProcessState] = {}

    def take(message: Message) -> None:
        with contextlib.suppress(msgspec.DecodeError):  # the ledger's own beat is another one
            beat = decode_service_beat(message.data)
            name = f"{beat.service}-{beat.account}" if beat.account else beat.service
            problem = beat.problem or ("" if beat.ready else "is not ready")
            heard[beat.instance] = ProcessState(name, 0, beat.since, beat.instance, problem, beat.note)

    subscription = await client.bus.subscribe(subjects.heartbeat("*", client.shard), take)
    await asyncio.sleep(_LISTEN_SECONDS)
    await subscription.stop()
    silent = _BEATING - {state.name.partition("-")[0] for state in heard.values()}
    away = [ProcessState(name, 0, 0, "", "is not heard of") for name in silent]
    return tuple(sorted([*heard.values(), *away], key=lambda state: (state.name, state.http)))


def expected(run: Run) -> list[str]:
    """The processes that ought to run: one that is being started again is in no list of those that do."""
    engines = [
        name for name, there in (("nats", "nats_monitor" in run.urls), ("postgres", "postgres" in run.ports)) if there
    ]
    return [*engines, *(name for name in run.urls if name not in {"nats", "nats_monitor"})]


async def _process(run: Run, name: str) -> ProcessState:
    process = run.processes.get(name)
    if process is None:
        return ProcessState(name, 0, 0, "", "does not run; `tradewire logs up` says why")
    problem, note, requests = "has ended", "", None
    if alive(process) is not None:
        (problem, note), requests = await asyncio.gather(_how(name, process.http), _requests(name, process.http))
    return ProcessState(name, process.pid, int(process.started * SECOND), process.http, problem, note, requests)


async def _how(name: str, http: str) -> tuple[str, str]:
    """Why a process is not ready, and what it wants known. Postgres is asked nothing: those who need it say so."""
    if not http:
        return "", ""
    address = urlsplit(http)
    answer = await probe.get(address.hostname or "", address.port or 0, "/healthz" if name == "nats" else "/readyz")
    if answer is None:
        return "does not answer", ""
    code, body = answer
    try:
        told = msgspec.json.decode(body, type=_Readiness)
    except msgspec.DecodeError:
        return ("" if code == 200 else "is not ready"), ""
    note = words(told.notes)
    if code == 200:
        return "", note
    return words(told.problems) or "is not live", note


async def _requests(name: str, http: str) -> Budget | None:
    """What a router's broker still takes of requests."""
    if not http or name.partition("-")[0] != "router":
        return None
    address = urlsplit(http)
    answer = await probe.get(address.hostname or "", address.port or 0, "/metrics")
    return None if answer is None else budget(answer[1])


def budget(metrics: bytes) -> Budget | None:
    """The requests that a router's metrics tell of; None where nobody counts them."""
    told = {name: int(float(count)) for name, count in _BUDGET.findall(metrics)}
    left, of = told.get(b"left", -1), told.get(b"per_minute", -1)
    return None if left < 0 or of < 0 else Budget(left, of)


class _Readiness(Struct):
    """What /readyz answers; what nats-server answers at /healthz has none of these."""

    problems: dict[str, str] = {}
    notes: dict[str, str] = {}
