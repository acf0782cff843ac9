"""Rows and seeds, one after another on systems that are used again until something is found."""

import asyncio
import json
import shutil
import traceback
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from tests.chaos.judging import Judgement, judge
from tests.chaos.row import Row
from tests.chaos.run import Run
from tests.chaos.small_disk import NotPermitted
from tests.chaos.system import System, running_system
from tradewire.errors import TradewireError
from tradewire_cli.engines.testing import reachable_folder

SEED_SECONDS = 300.0
_UNRELEASED_EVERY = 5


class Outcome(Struct):
    """One run: how often the fault struck, what was found, and where the evidence is when something was."""

    row: str
    seed: int
    hits: int = 0
    seconds: float = 0.0
    judgement: Judgement | None = None
    problems: list[str] = field(default_factory=list)
    evidence: str = ""

    @property
    def green(self) -> bool:
        """True when the fault struck and nothing was found."""
        return self.hits > 0 and not self.problems and self.judgement is not None and self.judgement.clean

    def findings(self) -> list[str]:
        """Everything that was found, worst first."""
        found = self.judgement or Judgement()
        unhit = [] if self.hits else ["the fault never struck"]
        return [*found.doubled, *found.lost, *found.findings, *self.problems, *unhit]


class RowResult(Struct):
    """A row after all its seeds. `not_applicable` says why it could not run here."""

    row: str
    title: str
    outcomes: list[Outcome] = field(default_factory=list)
    not_applicable: str = ""

    @property
    def hits(self) -> int:
        return sum(outcome.hits for outcome in self.outcomes)

    @property
    def lost(self) -> int:
        return sum(len(outcome.judgement.lost) for outcome in self.outcomes if outcome.judgement)

    @property
    def told(self) -> int:
        """Signals that a lost stream took along, as the log says; each run counts those of its system so far."""
        return max((len(outcome.judgement.told) for outcome in self.outcomes if outcome.judgement), default=0)

    @property
    def doubled(self) -> int:
        return sum(len(outcome.judgement.doubled) for outcome in self.outcomes if outcome.judgement)

    @property
    def failed(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if not outcome.green]

    @property
    def verdict(self) -> str:
        if self.not_applicable:
            return "not applicable"
        return "FAILED" if self.failed or not self.outcomes else "passed"


Tell = Callable[[Outcome], None]


class Bench:
    """A running system with the acknowledged signals of all runs so far."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.acked: dict[str, str] = {}

    async def run(self, row: Row, seed: int) -> Outcome:
        """One seed of a row: the fault under load, then the verdict."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        outcome = Outcome(row.name, seed)
        run = Run(self.system, row.name, seed)
        # A supervisor gives the leases of the dead back; where there is none they run out, and that must do as well.
        self.system.releasing = seed % _UNRELEASED_EVERY != _UNRELEASED_EVERY - 1
        try:
            async with asyncio.timeout(SEED_SECONDS):
                await row.inject(run)
        except Exception as error:  # noqa: BLE001 - whatever broke off is what was found
            outcome.problems += [f"the run broke off: {error!r}", *_innermost(error)]
        self.acked |= run.publisher.acked
        outcome.hits, outcome.problems = run.hits, outcome.problems + run.notes
        try:
            outcome.judgement = await judge(self.system, self.acked)
        except (OSError, ValueError, asyncpg.PostgresError, TradewireError) as error:
            outcome.problems.append(f"there is nothing to judge: {error!r}")
        outcome.seconds = loop.time() - began
        return outcome


def _innermost(error: BaseException) -> list[str]:
    if isinstance(error, BaseExceptionGroup):
        return [line for inner in error.exceptions for line in _innermost(inner)]
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{error!r} in {frames[-1].name}, {Path(frames[-1].filename).name}:{frames[-1].lineno}"] if frames else []


@asynccontextmanager
async def bench(row: Row, *, planted: str = "") -> AsyncIterator[Bench]:
    """A fresh system in the row's shape."""
    with reachable_folder() as folder:
        async with running_system(folder, replace(row.shape, planted=planted)) as system:
            yield Bench(system)


async def run_row(row: Row, seeds: Sequence[int], out: Path, tell: Tell) -> RowResult:
    """Runs a row with every seed; what was found on a system is kept under `out`, and the next seed gets a new one."""
    result = RowResult(row.name, row.title)
    left = list(seeds)
    while left:
        try:
            async with bench(row) as here:
                while left:
                    outcome = await here.run(row, left.pop(0))
                    result.outcomes.append(outcome)
                    if not outcome.green:
                        outcome.evidence = str(await keep(here.system, outcome, out))
                    tell(outcome)
                    if not outcome.green:
                        break
        except NotPermitted as reason:
            result.not_applicable = str(reason)
            return result
        except (AssertionError, OSError, TradewireError) as error:
            if not left:
                break
            outcome = Outcome(row.name, left.pop(0), problems=[f"the system did not start: {error}"])
            result.outcomes.append(outcome)
            tell(outcome)
    return result


async def keep(system: System, outcome: Outcome, out: Path) -> Path:
    """Keeps the logs, the broker's records, the events and the findings of a red run."""
    folder = out / f"row-{outcome.row}-seed-{outcome.seed}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in {"logs", "paper", system.account}:
        if (system.folder / name).exists():
            shutil.copytree(system.folder / name, folder / name)
    (folder / "findings.txt").write_text("\n".join(outcome.findings()) + "\n")
    try:
        connection = await system.database()
    except (OSError, asyncpg.PostgresError, TimeoutError):
        return folder
    rows = await connection.fetch(
        "select pos, stream, version, type, at, time, writer, data from ledger.event order by pos"
    )
    await connection.close()
    with (folder / "events.jsonl").open("w") as file:
        for row in rows:
            shown = {**{key: row[key] for key in row.keys() if key != "data"}, "data": msgspec.json.decode(row["data"])}  # noqa: SIM118 - a record
            file.write(json.dumps(shown) + "\n")
    return folder
