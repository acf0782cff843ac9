"""What runs and how it fares, on a terminal."""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from rich.console import Group, RenderableType
from rich.text import Text

from tradewire.domain.switches import Switch
from tradewire.domain.times import SECOND
from tradewire_cli.heard import Heard
from tradewire_cli.views import text
from tradewire_cli.views.columns import Column, table


class Budget(Struct, frozen=True):
    """How many requests a router may still send its broker this minute, of how many."""

    left: int
    of: int

    @property
    def scarce(self) -> bool:
        """Whether questions wait already, because the last fifth is for what acts."""
        return self.left * 5 <= self.of


class ProcessState(Struct, frozen=True):
    """A process: since when it runs (µs; 0 when it does not), where it answers, and why it is not ready, if so.

    `note` is what people should know of it although it is ready. `requests` is None where nobody counts them.
    """

    name: str
    pid: int
    since: int
    http: str
    problem: str = ""
    note: str = ""
    requests: Budget | None = None


class LeaseState(Struct, frozen=True):
    """Who may act under a name, since when (µs); `holder` is empty when it was given back."""

    name: str
    holder: str
    epoch: int
    since: int


class LogState(Struct, frozen=True):
    """How far log and read model are, which switches are thrown, and how many orders are open, by status."""

    log_id: str
    head: int
    frame: int
    lag: int
    open_orders: dict[str, int]
    switches: dict[str, Switch]
    leases: tuple[LeaseState, ...]


class System(Struct, frozen=True):
    """Everything that `tradewire status` knows. `log` is None, with `problem`, while nobody tells.

    `heard` are the halts that routers keep to, although the log does not hold them.
    """

    processes: tuple[ProcessState, ...]
    log: LogState | None = None
    problem: str = ""
    heard: tuple[Heard, ...] = ()

    @property
    def ready(self) -> bool:
        """Whether every process is ready and the log can be read."""
        return self.log is not None and not any(process.problem for process in self.processes)


def system(state: System, width: int, now: int) -> RenderableType:
    """Processes, then the log with its leases, switches and open orders."""
    parts: list[RenderableType] = [_processes(state.processes, width, now)] if state.processes else []
    if state.log is not None:
        parts += [Text(), *_log(state.log, state.heard, width, now)]
    if state.problem:
        parts += [Text(), Text(state.problem, "red"), *_heard(state.heard)]
    return Group(*parts)


def _processes(rows: Sequence[ProcessState], width: int, now: int) -> RenderableType:
    columns: list[Column[ProcessState]] = [
        Column("process", lambda p: Text(p.name, "bold")),
        Column("pid", lambda p: str(p.pid or text.NOTHING), right=True, rank=2),
        Column(
            "up", lambda p: text.span(max(now - p.since, 0) / SECOND) if p.since else text.NOTHING, right=True, rank=1
        ),
        Column("where", lambda p: p.http, rank=3),
        Column("", _how, fold=True),
    ]
    return table(rows, columns, width)


def _how(process: ProcessState) -> Text:
    state = Text(process.problem, "red") if process.problem else Text("ready", "green")
    if process.note:
        state.append("; " + process.note, "yellow")
    if (budget := process.requests) is not None:
        words = f"; {budget.left} of {budget.of} requests left this minute"
        state.append(words, "yellow" if budget.scarce else "dim")
    return state


def _heard(heard: Sequence[Heard]) -> Iterator[Text]:
    for each in heard:
        yield Text(each.words, "red")


def _log(log: LogState, heard: Sequence[Heard], width: int, now: int) -> Iterator[RenderableType]:
    behind = Text(f"{log.lag} positions behind", "yellow") if log.lag else Text("up to date", "green")
    yield Text.assemble(f"log {log.log_id}, position {log.head:,}, frame {log.frame:,}; the read model is ", behind)
    counts = ", ".join(f"{count} {text.words(status)}" for status, count in log.open_orders.items())
    unknown = log.open_orders.get("unknown", 0)
    yield Text(f"open orders: {counts or 'none'}", "bold magenta" if unknown else "")
    if not log.switches:
        yield Text("switches: none is thrown in the log" if heard else "switches: none is thrown")
    for scope, switch in log.switches.items():
        since = text.short_time(switch.at, now)
        yield Text(f"{scope} is at {switch.level} since {since} by {switch.by}: {switch.reason or 'no reason'}", "red")
    yield from _heard(heard)
    yield Text()
    columns: list[Column[LeaseState]] = [
        Column("lease", lambda lease: Text(lease.name, "bold")),
        Column("holder", lambda lease: lease.holder or Text("nobody", "yellow")),
        Column("epoch", lambda lease: str(lease.epoch), right=True, rank=2),
        Column("since", lambda lease: text.short_time(lease.since, now), rank=1),
    ]
    yield table(log.leases, columns, width)
