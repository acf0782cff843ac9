"""Asks every process of a running system how it is."""

import asyncio
from urllib.parse import urlsplit

import msgspec

from tradewire.domain.times import SECOND
from tradewire_cli.engines import probe
from tradewire_cli.heard import Heard, heard_in
from tradewire_cli.up.runfile import Run, alive
from tradewire_cli.views.status import ProcessState


async def heard_by_routers(run: Run | None) -> tuple[Heard, ...]:
    """The halts that routers keep to, although the log does not hold them."""
    return heard_in(state.problem for state in await processes(run))


async def processes(run: Run | None) -> tuple[ProcessState, ...]:
    """How each process that ought to run is, asked all at once."""
    looking = [] if run is None else [_process(run, name) for name in expected(run)]
    return tuple(await asyncio.gather(*looking))


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
    problem = "has ended" if alive(process) is None else await _problem(name, process.http)
    return ProcessState(name, process.pid, int(process.started * SECOND), process.http, problem)


async def _problem(name: str, http: str) -> str:
    """Why a process is not ready. Postgres is asked nothing: those who need it say so."""
    if not http:
        return ""
    address = urlsplit(http)
    answer = await probe.get(address.hostname or "", address.port or 0, "/healthz" if name == "nats" else "/readyz")
    if answer is None:
        return "does not answer"
    code, body = answer
    if code == 200:
        return ""
    try:
        problems = msgspec.json.decode(body, type=dict[str, object]).get("problems")
    except msgspec.DecodeError:
        problems = None
    if not isinstance(problems, dict):
        return "is not ready"
    return "; ".join(f"{part} {problem}" for part, problem in problems.items()) or "is not live"
