"""`tradewire demo`: the whole system at work on real prices, and what became of every signal."""

import asyncio
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.status import Status

from tradewire.errors import ConfigError, TradewireError
from tradewire.runtime.tasks import end_tasks
from tradewire.settings import Nats
from tradewire_cli.commands.options import console
from tradewire_cli.commands.reaping import releaser
from tradewire_cli.demo.play import Stage, play, tell_the_time
from tradewire_cli.demo.session import STARTING_CASH, Session, clean_environment, session
from tradewire_cli.demo.strategy import example
from tradewire_cli.exits import INTERRUPTED, Exit, Failed
from tradewire_cli.replay.bar import progress_bar
from tradewire_cli.replay.feed import OnProgress, Progress
from tradewire_cli.replay.prices import Day, load_days
from tradewire_cli.up.options import UpOptions
from tradewire_cli.up.plan import Plan
from tradewire_cli.up.run import run_up
from tradewire_cli.views import blotter as view

_STEPS = 10
"""Where there is no terminal, the replay says so many times how far it is."""

_DayOption = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DAY", show_default=False)]


def demo(
    start: _DayOption = None,
    end: _DayOption = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the session's data folder.")] = False,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="FOLDER", help="Use this empty folder, and keep it.")
    ] = None,
) -> int:
    """Replay real prices, 2000 to 2013, through a strategy and the whole system, and show what became of its signals.

    It starts everything in a folder of its own and ends by itself. --start and --end choose the days.
    """
    with clean_environment(), session(data, keep=keep) as made:
        program, days = example(), _chosen(start, end)
        return _Demo(made, program, days).run()


def _chosen(start: datetime | None, end: datetime | None) -> list[Day]:
    days = [
        day
        for day in load_days()
        if (start is None or day.date >= start.date()) and (end is None or day.date <= end.date())
    ]
    if not days:
        raise ConfigError("--start, --end", "there is no trading day between them", "Choose from 2000 to 2013.")
    return days


class _Demo:
    """One demo on a terminal."""

    def __init__(self, made: Session, program: Path, days: Sequence[Day]) -> None:
        self._session, self._program, self._days = made, program, days
        self._out = console()
        self._started = io.StringIO()
        self._spinner: Status | None = None
        self._up = False
        self._failure: TradewireError | None = None

    def run(self) -> int:
        """Starts everything, plays, stops everything, and says where to look next."""
        folder = self._session.folder
        options = UpOptions(config=self._session.config, data=folder.path)
        quiet = Console(file=self._started, width=200)
        self._say("starting NATS, Postgres, the services and the paper broker")
        try:
            code = asyncio.run(self._run_up(options, quiet))
        finally:
            self._hush()
        if self._failure is not None:
            raise self._failure
        if not self._up:
            if code == 0:
                raise KeyboardInterrupt
            said = self._started.getvalue().splitlines()
            why = [line.removeprefix("tradewire up: ") for line in said if line.startswith("tradewire up: ")]
            raise Failed(Exit.REFUSED, f"the system did not start: {'; '.join(why or said[-1:])}")
        if code == INTERRUPTED:
            return code
        self._out.print()
        self._out.print(view.next_steps(str(folder.path), kept=self._session.kept))
        return code

    async def _run_up(self, options: UpOptions, quiet: Console) -> int:
        telling = asyncio.create_task(tell_the_time(self._session.folder, self._days[0]))

        async def work(plan: Plan) -> int:
            await end_tasks(telling)
            return await self._work(plan)

        try:
            return await run_up(options, releaser(self._session.folder, Nats()), console=quiet, work=work)
        finally:
            telling.cancel()

    async def _work(self, plan: Plan) -> int:
        self._up = True
        if plan.nats is None or plan.postgres is None:
            raise AssertionError("the demo's settings name no other NATS or Postgres")
        dsn = plan.postgres.dsn("tradewire_reader")
        stage = Stage(self._session.folder, plan.settings.shard, plan.nats.url, dsn)
        try:
            played = await play(stage, self._days, self._program, self._say, self._bar)
        except TradewireError as error:
            self._failure = error
            return Exit.UNKNOWN
        self._hush()
        self._out.print(view.page(played, STARTING_CASH, self._out.width))
        self._say("stopping")
        return Exit.DONE if played.blotter.verdict.clean else Exit.REFUSED

    def _say(self, what: str) -> None:
        """Says what is going on: beside a spinner, or as a line where there is no terminal."""
        if not self._out.is_terminal:
            self._out.print(what)
        elif self._spinner is None:
            self._spinner = self._out.status(what)
            self._spinner.start()
        else:
            self._spinner.update(what)

    def _hush(self) -> None:
        if self._spinner is not None:
            self._spinner.stop()
            self._spinner = None

    @contextmanager
    def _bar(self) -> Iterator[OnProgress]:
        self._hush()
        if self._out.is_terminal:
            with progress_bar(self._out) as move:
                yield move
        else:
            yield self._line

    def _line(self, progress: Progress) -> None:
        if progress.number * _STEPS // progress.days > (progress.number - 1) * _STEPS // progress.days:
            work = progress.work
            self._out.print(
                f"{progress.day}  {progress.number:,} of {progress.days:,} days, {progress.quotes:,} quotes, "
                f"{work.signals:,} signals, {work.orders:,} orders"
            )
